"""Dumbbells on the Axes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.colors import to_hex

from charts import drawn, inside, names_on
from weighin._display import charts as _plots
from weighin._display.charts import BAR, BAR_NEGATIVE, PALE


def dumbbell(first, second, unsure=None, names=None, ax=None, legend=("2020", "2021")):
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return drawn(
        _plots.draw(
            _plots.Dumbbell(
                names=names or [f"feature_{i}" for i in range(len(first))],
                first=first,
                second=second,
                unsure=np.zeros(len(first), bool) if unsure is None else np.asarray(unsure),
                labels=[f"{value:+.2f}" for value in second - first],
                legend=legend,
                title="Title",
                subtitle="Subtitle",
                xlabel="mae",
            ),
            ax,
        )
    )


def ways_on(ax):
    (ways,) = [lines for lines in ax.collections if lines.get_gid() == "ways"]
    return ways


def dots_on(ax) -> list[list[list[float]]]:
    """Hollow and full ones."""
    return [
        np.ma.filled(dots.get_offsets(), np.nan).tolist()
        for dots in ax.collections
        if dots.get_gid() != "ways"
    ]


def test_two_dots_and_the_way_between_them(axes):
    ax = dumbbell([1.0, 5.0], [2.0, 3.0], names=["elo", "spread"], ax=axes)
    assert names_on(ax) == ["elo", "spread"]
    assert dots_on(ax) == [[[1.0, 0.0], [5.0, 1.0]], [[2.0, 0.0], [3.0, 1.0]]]
    assert [line.tolist() for line in ways_on(ax).get_segments()] == [[[1, 0], [2, 0]], [[5, 1], [3, 1]]]
    assert [to_hex(colour) for colour in ways_on(ax).get_color()] == [BAR, BAR_NEGATIVE]
    assert [text.get_text() for text in ax.texts if not text.get_gid()] == ["+1.00", "-2.00"]


def test_what_cannot_be_told_apart_is_pale(axes):
    ax = dumbbell([1.0, 5.0], [2.0, 3.0], unsure=[True, False], ax=axes)
    assert ways_on(ax).get_alpha().tolist() == [PALE, 1.0]


def test_a_feature_of_one_alone_is_one_dot(axes):
    ax = dumbbell([1.0, math.nan], [math.nan, 2.0], ax=axes)
    assert not [lines for lines in ax.collections if lines.get_gid() == "ways"]
    assert [np.isfinite(np.asarray(dots)[:, 0]).tolist() for dots in dots_on(ax)] == [
        [True, False],
        [False, True],
    ]


def test_the_legend_says_which_dot_is_which(axes):
    ax = dumbbell([1.0], [2.0], legend=("$model$ A", "B" * 200), ax=axes)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[0] == r"\$model\$ A"
    assert len(texts[1]) == 60
    hollow, full = ax.get_legend().legend_handles
    assert to_hex(hollow.get_color()) != to_hex(full.get_color())


@pytest.mark.parametrize("n", [1, 6, 60])
def test_every_text_is_inside(pyplot, n):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, n))
    ax = dumbbell(first, second, names=[f"{i} {'long name ' * 9}" for i in range(n)])
    inside(ax)
    legend, label = ax.get_legend().get_window_extent(), ax.xaxis.label.get_window_extent()
    assert not legend.overlaps(label)
    assert legend.y0 >= 0


def test_a_long_legend_stands_over_the_label_of_the_axis(pyplot):
    ax = dumbbell([1.0, 2.0], [2.0, 1.0], names=["a " * 30, "b"], legend=("the first of two" * 5, "B" * 60))
    ax.figure.canvas.draw()
    legend, label = ax.get_legend().get_window_extent(), ax.xaxis.label.get_window_extent()
    assert not legend.overlaps(label)
    assert label.y0 >= 0
