"""The cases of docs/works-with.md whose frameworks are installed here: right beside a ten-line loop, with one line."""

from __future__ import annotations

import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest
from ecosystem.one import judge, load_cases
from ecosystem.trial import Case

# tables of other libraries have tests of their own
CASES = [case for case in load_cases() if not case.make.__name__.startswith("table_")]


def installed(case: Case) -> bool:
    try:
        return all(version(package) for package in case.packages)
    except PackageNotFoundError:
        return False


HERE = [case for case in CASES if installed(case)]


@pytest.mark.slow
@pytest.mark.parametrize("case", HERE, ids=lambda case: case.name)
def test_one_line_gives_what_ten_lines_give(case: Case) -> None:
    with warnings.catch_warnings():
        # those of frameworks that train
        warnings.simplefilter("ignore")
        found: dict[str, Any] = judge(case.make())
    assert found["right"] in ("exact", "single precision"), found


def test_the_light_ones_are_installed_here() -> None:
    names = {case.name for case in HERE}
    assert names >= {"statsmodels_formula", "onnx_session", "imbalanced_pipeline", "xgboost_native"}


def test_every_case_has_a_line_on_the_page() -> None:
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "works-with.md").read_text(encoding="utf-8")
    assert all(f"| {case.framework} |" in page for case in load_cases())
