"""Importances made by hand, and what a terminal shows of them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from rich.console import Console

from weighin import Importance

HOSTILE = [
    "[bold]spread[/bold]",
    "[/]",
    "[link=file:///x]y[/link]",
    ":smiley: and 🏈",
    "two\nlines\tand a tab",
    "x" * 200,
    "\\",
    "a\\[b]",
    "esc\x1b[31mred",
    "",
    " ",
    "$x^2$ and $",
    "été ünïcode Ω",
]


def result(**changes) -> Importance:
    fields = {
        "features": ("week", "spread", "elo"),
        "importances": np.array([[0.0, 0.1], [7.0, 8.0], [-0.5, -0.25]]),
        "baseline": 12.5,
        "metric": "mae",
        "greater_is_better": False,
        "n_rows": 730,
        "rows": "730 held-out rows",
        "on_training_rows": False,
        "model": "fastai TabularLearner",
        "random_state": 3,
        "groups": {"elo": ("home_elo", "away_elo")},
        "notes": ("2 rows left out.",),
        "versions": {"weighin": "0.1.0"},
        "date": "2025-11-22T18:00:00+00:00",
    }
    return Importance(**{**fields, **changes})


def same(one: Importance, other: Importance) -> bool:
    for field in dataclasses.fields(Importance):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name == "importances":
            if a.dtype != b.dtype or a.shape != b.shape or not np.array_equal(a, b, equal_nan=True):
                return False
        elif isinstance(a, float) and math.isnan(a):
            if not math.isnan(b):
                return False
        elif a != b or type(a) is not type(b):
            return False
    return True


def table(imp: Importance, width: int = 100) -> str:
    """What a terminal of that width shows."""
    console = Console(width=width, color_system=None, force_terminal=True, legacy_windows=False)
    with console.capture() as captured:
        console.print(imp)
    return captured.get()


def lines_of(imp: Importance, width: int = 100) -> dict[str, list[str]]:
    """Cells of each row of the table, by the first word of its name."""
    lines = [line.split() for line in table(imp, width).splitlines()]
    return {words[0]: words[1:] for words in lines if words}
