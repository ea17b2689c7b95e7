"""The chart of features shuffled freely and given others."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from charts import drawn, names_on, result
from importances import weighed_both
from weighin import Importance, InputError


@pytest.fixture(scope="module")
def weighed() -> Importance:
    return weighed_both()


def lines_on(ax, name):
    return [lines for lines in ax.collections if lines.get_gid() == name]


def test_hollow_and_full_dots_lie_at_the_two_numbers_with_whiskers_of_their_own(weighed, axes):
    ax = drawn(weighed.plot(ax=axes))
    left = weighed.of(given="rest")
    assert names_on(ax) == ["spread", "elo", "week", "twin"]
    free, given = (
        np.ma.filled(dots.get_offsets(), np.nan)[:, 0]
        for dots in ax.collections
        if dots.get_gid() not in ("ways", "whiskers")
    )
    order = weighed.order
    np.testing.assert_allclose(free, weighed.importances_mean[order])
    np.testing.assert_allclose(given, left.importances_mean[order])
    ends = [sorted(segment[:, 0]) for lines in lines_on(ax, "whiskers") for segment in lines.get_segments()]
    for part in (weighed, left):
        low, high = part.interval()
        place = part.features.index("spread")
        assert any(np.allclose(end, [low[place], high[place]]) for end in ends)
    texts = [text.get_text() for text in ax.texts if not text.get_gid()]
    assert texts == [
        "85% explained by elo", "80% explained by spread", "1% explained", "not separable from week",
    ]  # fmt: skip
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["shuffled freely", "shuffled given the other columns"]
    assert ax.get_title(loc="left") == "What features weigh, and what is left given the others"


def test_bars_of_either_are_still_there(weighed, axes):
    ax = drawn(weighed.plot("bars", ax=axes))
    assert len(ax.patches) == 4


def test_a_metric_of_several_is_drawn_with_both(axes):
    part = result([[1.0], [0.5]], metric="mse", given="rest")
    imp = result([[3.0], [1.0]], parts=(result([[9.0], [2.0]], metric="mse"), part))
    ax = drawn(imp.plot(metric="mse", ax=axes))
    assert [dots.get_offsets()[:, 0].tolist() for dots in ax.collections if not dots.get_gid()] == [
        [9.0, 2.0],
        [1.0, 0.5],
    ]


def test_parts_of_the_baseline_are_counted_in_percent(weighed, axes):
    ax = drawn(weighed.plot(relative=True, ax=axes))
    assert "in parts of the baseline" in ax.get_xlabel()
    assert all(label.get_text().endswith("%") for label in ax.get_xticklabels())


def test_what_was_shuffled_in_one_way_only_has_no_such_chart(weighed):
    with pytest.raises(InputError, match="shuffled in two ways"):
        dataclasses.replace(weighed, parts=()).plot("given")
