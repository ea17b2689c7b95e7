"""The article's own chart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from charts import bars_on, boxes, drawn, names_on, result
from weighin import InputError, PermutationImportance


def frame(values, names=None) -> pd.DataFrame:
    names = names or [f"feature_{i}" for i in range(len(values))]
    return pd.DataFrame({"feature": names, "importance": np.asarray(values, dtype=float)})


def article(data, **options):
    bare = object.__new__(PermutationImportance)  # the chart needs nothing the constructor computes
    return drawn(bare.plot_importance(data, **options))


def widths(ax) -> list[float]:
    return [bar.get_width() for bar in bars_on(ax)]


def test_the_articles_bars_are_sorted_with_four_decimals(pyplot):
    data = frame([0.1, -3.0, -0.5], ["week", "spread", "elo"])
    ax = article(data)
    # matplotlib counts upwards: descending values, the greatest on top
    assert names_on(ax) == ["week", "elo", "spread"]
    assert widths(ax) == [0.1, -0.5, -3.0]
    assert sorted(text.get_text() for text in ax.texts) == ["-0.5000", "-3.0000", "0.1000"]


def test_the_numbers_stand_at_the_ends_of_the_articles_bars(pyplot):
    ax = article(frame([2.0, -3.0]))
    for text, bar in zip(ax.texts, ax.patches, strict=True):
        assert text.get_text() == f"{bar.get_width():.4f}"
        assert text.xy[0] == pytest.approx(bar.get_width() * 1.005)


def test_long_names_and_negative_numbers_of_the_articles_chart_are_readable(pyplot):
    ax = article(frame([0.0004, -3.0, -0.004, 2.0], [f"{i}{'W' * 40}" for i in range(4)]), figsize=(8, 4))
    extent = ax.figure.bbox
    for text in [*ax.get_yticklabels(), *ax.texts]:
        assert extent.x0 <= boxes(ax, [text])[0].x0
        assert boxes(ax, [text])[0].x1 <= extent.x1
    for text, bar in zip(ax.texts, ax.patches, strict=True):
        (box,), own = boxes(ax, [text]), bar.get_window_extent()
        assert box.x1 <= own.x0 + 1 or own.x1 - 1 <= box.x0  # beside the bar


def test_ascending_turns_the_articles_bars_round(pyplot):
    assert widths(article(frame([1.0, 3.0, 2.0]), asc=True)) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("asc", "absolute", "kept"),
    [
        (False, False, {2.0, 1.0}),
        (True, False, {-5.0, -3.0}),
        (False, True, {-5.0, -3.0}),
        (True, True, {1.0, 2.0}),
    ],
)
def test_the_limit_cuts_by_the_order_asked_for(pyplot, asc, absolute, kept):
    assert set(widths(article(frame([1.0, -5.0, 2.0, -3.0]), limit=2, asc=asc, absolute=absolute))) == kept


def test_absolute_order_puts_the_farthest_from_zero_on_top(pyplot):
    assert widths(article(frame([1.0, -5.0, 2.0, -3.0]), absolute=True)) == [-5.0, -3.0, 2.0, 1.0]


def test_twenty_bars_by_default_and_names_of_25_characters(pyplot):
    ax = article(frame(np.arange(30), [f"a_very_long_feature_name_{i:02d}" for i in range(30)]))
    assert len(ax.patches) == 20
    assert names_on(ax) == ["a_very_long_feature_name_"] * 20


def test_options_go_to_pandas(pyplot):
    ax = article(frame([1.0, 2.0]), color="red", figsize=(4, 3))
    assert ax.figure.get_size_inches().tolist() == [4, 3]
    assert to_hex(ax.patches[0].get_facecolor()) == "#ff0000"


def test_the_articles_chart_changes_neither_frame_nor_style(pyplot):
    before = dict(pyplot.rcParams)
    data = frame([1.0, 2.0])
    kept = data.copy()
    article(data)
    pd.testing.assert_frame_equal(data, kept)
    assert dict(pyplot.rcParams) == before


def test_the_articles_chart_takes_odd_names(pyplot):
    ax = article(frame([1.0, 2.0, 3.0], ["$x$", "a_b$c_$", "two\nlines"]))
    assert [name.replace(r"\$", "$") for name in names_on(ax)] == [r"two\nlines", "a_b$c_$", "$x$"]


@pytest.mark.parametrize("limit", [0, -3])
def test_the_articles_limit_must_leave_a_bar(pyplot, limit):
    with pytest.raises(InputError, match=f"limit must be an integer >= 1, got {limit}"):
        article(frame([1.0]), limit=limit)


def test_a_result_draws_the_articles_chart(pyplot):
    ax = drawn(result([3.0, -1.0, 2.0], ["spread", "elo" * 20, "week"]).plot(style="article"))
    assert names_on(ax) == ["spread", "week", ("elo" * 20)[:25]]
    assert widths(ax) == [3.0, 2.0, -1.0]
    assert ax.figure.get_size_inches().tolist() == [20, 10]
    assert to_hex(ax.figure.get_facecolor()) == "#f0f0f0"
    assert sorted(text.get_text() for text in ax.texts) == ["-1.0000", "2.0000", "3.0000"]


def test_the_articles_chart_of_a_result_takes_limits_parts_and_axes(pyplot):
    imp = result([3.0, -1.0, 2.0], ["spread", "elo", "week"], simulated=True)
    figure, ax = pyplot.subplots(figsize=(6, 4))
    assert imp.plot(style="article", relative=True, limit=2, ax=ax) is ax
    np.testing.assert_allclose(widths(ax), [0.3, 0.2])
    assert figure.get_size_inches().tolist() == [6, 4]
    assert ax.get_title().startswith("SIMULATED DATA")
