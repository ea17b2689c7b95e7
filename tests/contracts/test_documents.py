"""What the project's papers say of its files is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import weighin

ROOT = Path(__file__).resolve().parents[2]
SRC = Path(weighin.__file__).parent


def test_contributing_names_every_room():
    rows = re.findall(r"^\| \d (`.*?) \|", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M)
    named = {name.rstrip("/") for row in rows for name in re.findall(r"`(\w+/?)`", row)}
    layers = {path.stem for path in SRC.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert named == layers - {"__main__"}


def test_what_is_packed_is_there():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert [name for name in build["targets"]["sdist"]["include"] if not (ROOT / name).exists()] == []
