"""A package that brings an adapter along, as if it were installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """``installed(entry_points, name)`` installs a distribution without modules."""

    def install(entry_points: str, name: str = "weighin_toy") -> None:
        folder = tmp_path / f"{name}-1.2.dist-info"
        folder.mkdir()
        folder.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        folder.joinpath("entry_points.txt").write_text(entry_points)
        monkeypatch.syspath_prepend(tmp_path)

    return install


@pytest.fixture
def toy_installed(installed: Callable[[str, str], None]) -> None:
    """The adapter of `toy_models`, found by its entry point."""
    installed("[weighin.models]\ntoy_models = toy_models:adapter\n", "weighin_toy")
