"""Importances made by hand, and what a terminal shows of them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from rich.console import Console

import weighin
from weighin import GivenFeature, Importance

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


# what the other columns explain of each column of `weighed_both`
REPORTS = {
    "spread": GivenFeature(
        0.15, 0.02, 0.01, 300, 0.99, 2.33, ("elo", "week", "twin"), (("elo", 0.84), ("week", 0.01))
    ),
    "elo": GivenFeature(0.2, 0.02, 0.01, 300, 1.0, 1.6, ("spread", "week", "twin"), (("spread", 0.8),)),
    "week": GivenFeature(0.994, 0.01, 0.01, 300, 1.0, 1.0, ("spread", "elo", "twin")),
    "twin": GivenFeature(0.0, inseparable_from=("week",)),
}


def weighed_both(metric="mse", **changes) -> Importance:
    """Shuffled freely, with half of every number as what is left given the rest; `twin` has no number there."""
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(300, 4))
    y = 2 * columns[:, 0] + columns[:, 1] + 0.3 * rng.normal(size=300)

    def weighed(size: float) -> Importance:
        def predict(rows):
            return size * (2 * rows[:, 0] + rows[:, 1] + 0.02 * rows[:, 3])

        return weighin.weigh(
            predict,
            columns,
            size * y,
            feature_names=list(REPORTS),
            metric=metric,
            n_repeats=5,
            random_state=0,
        )

    free, half = weighed(1.0), weighed(0.5**0.5)
    lost = np.array(half.importances)
    lost[3] = np.nan
    left = dataclasses.replace(half, importances=lost, given="rest", given_reports=REPORTS, parts=())
    changes = {"rows": "300 held-out rows", "model": "a network", "on_training_rows": False, **changes}
    return dataclasses.replace(free, parts=(*free.parts, left), **changes)
