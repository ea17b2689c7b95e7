"""Modules import from the floors below them only, stay small, and do not print."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import weighin

SRC = Path(weighin.__file__).parent

# a module imports from floors below its own; rooms of one floor do not import each other
FLOORS = [
    ("_samplers", "_base"),
    ("_inference", "_display", "_tables"),
    ("_metrics", "_results", "_football"),
    ("_models", "_associations"),
    ("_engine",),
    ("_weigh", "_effects", "_compare", "_compat"),
    ("_refit",),
    ("__init__",),
    ("_cli",),
]
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
SOURCES = sorted(SRC.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return parts[0]


def imported_rooms(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Line, room and whether it is a type name, of each import of this package, those inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            base = node.module or ""
            targets = [f"weighin.{alias.name}" for alias in node.names] if base == "weighin" else [base]
        for target in targets:
            package, _, rest = target.partition(".")
            if package == "weighin":
                yield node.lineno, rest.partition(".")[0] or "__init__", node in for_types


def test_every_room_has_its_floor():
    assert {room_of(path) for path in SOURCES} <= {*FLOOR_OF, "__main__"}


def test_imports_go_down_only():
    wrong = []
    for path in SOURCES:
        own = room_of(path)
        for line, room, _ in imported_rooms(path):
            known_to_all = own == "__main__" or room == own or (own == "_cli" and room == "__init__")
            if not known_to_all and FLOOR_OF[room] >= FLOOR_OF[own]:
                wrong.append(f"{path.relative_to(SRC)}:{line} imports {room}")
    assert wrong == []


def test_the_face_imports_nothing_of_its_own_when_imported():
    tree = ast.parse((SRC / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("weighin")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(SRC)))
def test_source_files_stay_small_and_private(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    folders = path.relative_to(SRC).parts[:1]
    assert all(part.startswith("_") for part in folders)


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if room_of(path) != "_cli"],
    ids=lambda path: str(path.relative_to(SRC)),
)
def test_nothing_but_the_command_line_prints(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    as_script = {
        node
        for branch in tree.body
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "__name__ == '__main__'"
        for node in ast.walk(branch)
    }
    calls = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        if node not in as_script
    ]
    assert calls == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(SRC)))
def test_no_source_line_is_unfinished(path):
    with path.open("rb") as file:
        comments = [
            token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT
        ]
    assert not [text for text in comments if "TODO" in text or "FIXME" in text or "XXX" in text]
