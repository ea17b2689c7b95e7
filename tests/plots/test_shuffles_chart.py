"""Single shuffles on the Axes."""

from __future__ import annotations

import numpy as np
import pytest

from charts import drawn, inside, names_on, result, subtitle_on


def marks(ax, gid):
    (found,) = [line for line in ax.lines if line.get_gid() == gid]
    return found


def test_every_shuffle_is_a_dot_in_its_row(axes):
    ax = drawn(result([[1.0, 3.0], [5.0, 7.0]]).plot("shuffles", ax=axes))
    assert ax is axes
    assert names_on(ax) == ["feature_1", "feature_0"]
    dots = marks(ax, "shuffles")
    assert sorted(zip(*dots.get_data(), strict=True)) == [(1, 1), (3, 1), (5, 0), (7, 0)]
    assert not ax.patches  # two shuffles have no quartiles


def test_boxes_hold_the_middle_half(axes):
    values = np.array([[0.0, 1.0, 2.0, 3.0, 10.0]])
    ax = drawn(result(values).plot("shuffles", ax=axes))
    (box,) = ax.patches
    assert (box.get_x(), box.get_x() + box.get_width()) == (1.0, 3.0)
    (medians,) = [c for c in ax.collections if c.get_gid() == "medians"]
    assert medians.get_segments()[0][:, 0].tolist() == [2.0, 2.0]


def test_relative_shuffles_are_parts_of_the_baseline(axes):
    ax = result([[1.0, 3.0]]).plot("shuffles", ax=axes, relative=True)
    np.testing.assert_allclose(marks(ax, "shuffles").get_xdata(), [0.1, 0.3])
    assert ax.get_xlabel().endswith("in parts of the baseline")


def test_it_says_that_this_is_no_interval(axes):
    ax = result([[1.0, 3.0]], simulated=True).plot("shuffles", ax=axes)
    assert subtitle_on(ax).endswith("the noise of shuffling alone.")
    assert ax.get_title(loc="left").startswith("SIMULATED DATA")


@pytest.mark.parametrize("n", [1, 2, 60])
def test_nan_and_zero_shuffles_are_drawn_around(pyplot, n):
    values = np.zeros((n, 6))
    values[0] = np.nan
    values[-1, 0] = np.inf if n > 1 else np.nan
    ax = drawn(result(values).plot("shuffles", limit=100))
    assert np.isfinite(ax.get_xlim()).all()
    inside(ax)
