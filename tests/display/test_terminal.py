"""What a terminal and a pipe show: as wide as there is room, with every number whole."""

from __future__ import annotations

import builtins
import io
import re
import sys
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import weighin
from importances import result, table
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._display.terminal import as_text

WIDTHS = range(40, 161, 5)


def widest(text: str) -> int:
    return max(map(len, text.splitlines()))


@pytest.fixture(scope="module")
def imp() -> weighin.Importance:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    y = x @ [2.0, 0.5, 0.0, 0.0] + rng.normal(size=300)
    model = lambda x: x @ np.array([2.0, 0.5, 0.05, 0.0])  # noqa: E731
    return weighin.weigh(model, x, y, metric="mae", n_repeats=5, random_state=0)


def test_text_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    imp = result(rows="rows " * 40, groups={})
    assert 90 < widest(str(imp)) <= 110  # a pipe or a notebook
    monkeypatch.setattr(sys, "stdout", type("Terminal", (io.StringIO,), {"isatty": lambda self: True})())
    monkeypatch.setenv("COLUMNS", "60")
    assert widest(str(imp)) <= 60
    assert widest(repr(imp)) <= 60
    monkeypatch.setenv("COLUMNS", "200")
    assert 110 < widest(str(imp)) <= 200


@pytest.mark.parametrize("width", WIDTHS)
def test_a_narrow_terminal_keeps_every_number(imp: weighin.Importance, width: int) -> None:
    text = table(imp, width)
    assert widest(text) <= width
    cells = imp.tell().tables[0].rows
    for row in cells:
        (line,) = [line for line in text.splitlines() if line.split()[:1] == [row.name]]
        assert all(f" {part} " in line for part in row.cells[:2])
        if width >= 80:
            assert all(f" {part} " in line for part in row.cells)
    assert "…" not in text


NAMES = ("x" * 200, "a name of many words " * 5, "short", "主队" * 20)
CELLS = ("12,345.678", "−0.000123 to 0.000456", "<0.001", "1,234%")


@pytest.mark.parametrize("width", WIDTHS)
def test_no_cell_is_cut_at_any_width_whatever_the_names(width: int) -> None:
    columns = [
        Column("root_mean_squared_error worse by"),
        Column("95% interval", "right"),
        Column("p (Holm)", gives_way=2),
        Column("of baseline", "right", gives_way=1),
    ]
    rows = [Row(name, CELLS, Bar(place - 1.0), claimed=place > 1) for place, name in enumerate(NAMES)]
    text = as_text(
        Telling("Title", [Table("Heading", "feature", columns, rows)], remarks=["A remark."]), width
    )
    for line in text.splitlines():
        assert len(line) + sum(ord(letter) > 0x3000 for letter in line) <= width
    for cell in CELLS[:2]:
        for part in [cell] if width >= 60 else cell.split():
            assert text.count(part) >= len(NAMES)
    assert text.count("x") >= 200
    assert "A remark." in text


def test_what_gives_way_goes_first_and_comes_back_with_room(imp: weighin.Importance) -> None:
    assert "p (Holm)" not in table(imp, 55)
    assert "of baseline" not in table(imp, 50)
    assert "of baseline" in table(imp, 70)
    assert "p (Holm)" in table(imp, 80)
    assert "█" not in table(imp, 60)
    assert "█" in table(imp, 110)


def test_points_stand_under_each_other() -> None:
    rows = [Row(text, [text]) for text in ("9.3", "0.103", "−12", "1,234.5", "<0.001", "∞", "-")]
    text = as_text(Telling("Title", [Table("Heading", "row", [Column("value")], rows)]))
    lines = [
        line for line in text.splitlines() if line.split()[-1:] != line.split()[:1] or "value" not in line
    ]
    ends = set()
    for row in rows:
        (line,) = [line for line in lines if line.split() == [row.name, row.name]]
        start = line.rindex(row.name)
        ends.add(start + len(row.name.split(".")[0]))
    assert len(ends) == 1


def test_pipes_get_plain_text(imp: weighin.Importance) -> None:
    page = io.StringIO()
    Console(file=page).print(imp)
    assert "\x1b" not in page.getvalue() + str(imp)


def test_colours_come_only_with_a_terminal_that_has_them(monkeypatch: pytest.MonkeyPatch, imp: Any) -> None:
    monkeypatch.delenv("NO_COLOR")
    page = io.StringIO()
    Console(file=page, force_terminal=True, color_system="standard", width=120).print(imp)
    bold = re.findall(r"\x1b\[1m *(x\d) *\x1b", page.getvalue())
    assert bold == ["x0", "x1"]
    assert re.search(r"^ *x2 ", page.getvalue(), re.MULTILINE)


def test_text_is_the_whole_table_in_a_notebook_too_and_nothing_is_displayed(
    monkeypatch: pytest.MonkeyPatch, imp: weighin.Importance, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a notebook rich would display what it is asked to write into a text."""
    outside = str(imp)
    shown: list[Any] = []
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("rich.jupyter.display", lambda *parts: shown.append(parts))
    monkeypatch.setattr(builtins, "get_ipython", lambda: None, raising=False)
    assert Console().is_jupyter
    assert str(imp) == f"{imp}" == repr(imp) == outside
    assert "x0" in outside
    assert "95% interval" in outside
    assert repr(imp.difference("x0", "x1")).startswith("x0 weighs")
    assert not shown
    assert capsys.readouterr().out == ""


def test_a_bar_below_zero_has_a_sign_without_colours() -> None:
    rows = [Row(name, [name], Bar(value)) for name, value in (("up", 2.0), ("down", -1.0), ("none", 0.0))]
    told = Telling("", [Table("heading", "feature", [Column("number")], rows)])
    lines = {line.split()[0]: line.split()[2:] for line in as_text(told).splitlines() if line.split()[1:2]}
    (up,), (down,) = lines["up"], lines["down"]
    assert set(up) == {"█"}
    assert down.startswith("\N{MINUS SIGN}█")
    assert len(up) in (2 * len(down[1:]), 2 * len(down[1:]) - 1)  # half a block is a letter, too
    assert lines["none"] == []
