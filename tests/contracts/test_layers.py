"""Modules import from the floors below them only, rooms of one floor not each other, nobody in a circle."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter

from source_files import SOURCES, SRC

# a module imports from floors below its own; rooms of one floor do not import each other
FLOORS = [
    ("_samplers", "_base"),
    ("_inference", "_display", "_tables"),
    ("_metrics", "_results", "_football"),
    ("_models", "_associations"),
    ("_engine",),
    ("_weigh", "_effects", "_interactions", "_compare", "_compat"),
    ("_refit", "_shares", "_callbacks"),
    ("__init__", "adapters", "callbacks", "results"),
    ("_cli",),
    # python -m weighin
    ("__main__",),
]
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def room_of(module: str) -> str:
    return module.partition(".")[2].partition(".")[0] or "__init__"


def test_every_room_has_its_floor():
    assert {source.room for source in SOURCES} == set(FLOOR_OF)


def test_folders_have_an_underscore_and_the_files_in_them_none():
    parts = [source.path.relative_to(SRC).parts for source in SOURCES]
    wrong = [
        "/".join(names)
        for names in parts
        if (len(names) > 1 and not names[0].startswith("_"))
        or any(name.startswith("_") and name != "__init__.py" for name in names[1:])
        or (len(names) == 1 and names[0].removesuffix(".py") not in {*FLOORS[-3], "__main__"})
    ]
    assert wrong == []


def test_imports_go_down_only():
    wrong = []
    for source in SOURCES:
        for imported in source.imports:
            room = room_of(imported.target)
            # the command line uses the public names
            allowed = room == source.room or (source.room == "_cli" and room == "__init__")
            if not allowed and FLOOR_OF[room] >= FLOOR_OF[source.room]:
                wrong.append(f"{source}:{imported.line} imports {imported.target}")
    assert wrong == []


def test_no_circle():
    graph = {
        source.module: {
            imported.target
            for imported in source.imports
            # the front doors name the types of everything; a module may name itself
            if (imported.when != "types" or source.room not in ("__init__", "adapters", "callbacks"))
            and imported.target != source.module
        }
        for source in SOURCES
    }
    circle: list[str] = []
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert circle == []


def test_the_public_module_imports_nothing_of_its_own_when_imported():
    """But where a condition asks for it, as in a notebook."""
    for public in [source for source in SOURCES if source.room in ("__init__", "adapters", "callbacks")]:
        lines = {node.lineno for node in public.tree.body}
        assert [imported.target for imported in public.imports if imported.line in lines] == []


def test_nothing_but_the_command_line_prints():
    wrong = [
        f"{source}:{node.lineno}"
        for source in SOURCES
        if source.room != "_cli"
        for node in set(ast.walk(source.tree)) - source.nodes_under("__name__ == '__main__'")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert wrong == []
