"""``weighin doctor``: what it finds is what is there."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

import pytest

import weighin

pytestmark = pytest.mark.slow


def sections(out: str) -> dict[str, list[str]]:
    """The lines under each title."""
    blocks = [block.splitlines() for block in out.strip().split("\n\n")]
    return {lines[0]: [line.strip() for line in lines[1:]] for lines in blocks}


def test_a_healthy_environment(cli):
    ran = cli("doctor")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"weighin {weighin.__version__}, Python {platform.python_version()}, ")
    found = sections(ran.out)
    assert f"numpy {metadata.version('numpy')}" in found["Needed"]
    assert f"pandas {metadata.version('pandas')}" in found["Also installed"]
    # those of users, with what others bring along, and none that only developers need
    complete = {f"{extra}: complete" for extra in ("cfbd", "fastai", "files", "onnx", "report", "torch")}
    assert complete <= set(found["Extras"])
    assert [line for line in found["Extras"] if line not in complete] in (
        [],
        ["ray: complete"],
        ["ray: lacks ray: pip install 'weighin[ray]'"],
    )
    assert "network of torch: fast (sum)" in found["A small model of each kind, weighed"]
    assert found["To mend"] == ["none"]


def test_what_is_missing_too_old_or_broken_is_named_with_what_mends_it(cli, monkeypatch, tmp_path):
    version = metadata.version

    def another(package: str) -> str:
        if package in ("rich", "tenacity", "httpx2"):
            raise metadata.PackageNotFoundError(package)
        return "1.25.3" if package == "numpy" else version(package)

    monkeypatch.setattr(metadata, "version", another)
    (tmp_path / "duckdb.py").write_text("raise OSError('libduckdb.so: cannot open')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "duckdb", raising=False)
    ran = cli("doctor")
    assert ran.code == 1
    found = sections(ran.out)
    assert found["To mend"] == [
        "numpy 1.25.3 is too old: pip install 'numpy>=1.26'",
        "rich is missing: pip install 'rich>=13.7'",
    ]
    assert "rich (missing)" in found["Needed"]
    assert "cfbd: lacks httpx2, tenacity: pip install 'weighin[cfbd]'" in found["Extras"]
    broken = "duckdb {} cannot be imported (OSError: libduckdb.so: cannot open): install it again"
    assert f"files: {broken.format(version('duckdb'))}" in found["Extras"]


def test_a_model_that_fails_is_one_line_of_the_report(cli, monkeypatch):
    import sklearn.linear_model

    class Broken:
        def fit(self, X, y):
            raise RuntimeError("no such kernel")

    monkeypatch.setattr(sklearn.linear_model, "LinearRegression", Broken)
    ran = cli("doctor")
    assert ran.code == 0
    assert "linear model of scikit-learn: RuntimeError: no such kernel" in ran.out
