"""What is on the Axes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from weighin import Importance, InputError, PermutationImportance
from weighin._plots import BAR, BAR_NEGATIVE, save, wrap


def result(values, names=None, **changes) -> Importance:
    values = np.atleast_2d(np.asarray(values, dtype=float).T).T
    names = names or [f"feature_{i}" for i in range(len(values))]
    fields = {
        "baseline": 10.0,
        "metric": "mae",
        "greater_is_better": False,
        "n_rows": 100,
        "rows": "100 rows",
    }
    return Importance(tuple(names), values, **{**fields, **changes})


def drawn(ax):
    """Draw everything now: a text matplotlib cannot set raises here."""
    ax.figure.canvas.draw()
    return ax


def names_on(ax) -> list[str]:
    """Names from top to bottom."""
    labels = {label.get_position()[1]: label.get_text() for label in ax.get_yticklabels()}
    low, high = ax.get_ylim()
    return [labels[y] for y in sorted(labels, reverse=bool(low < high))]


def bars_on(ax) -> list:
    """Bars from top to bottom."""
    low, high = ax.get_ylim()
    return sorted(ax.patches, key=lambda bar: bar.get_y(), reverse=bool(low < high))


def numbers_on(ax) -> list:
    return [text for text in ax.texts if text.get_gid() != "subtitle"]


def labels_on(ax) -> list[str]:
    """Numbers beside the bars, from top to bottom."""
    return [text.get_text() for text in sorted(numbers_on(ax), key=lambda text: text.xy[1])]


def subtitle_on(ax) -> str:
    (text,) = [text for text in ax.texts if text.get_gid() == "subtitle"]
    return " ".join(text.get_text().split())


def boxes(ax, texts):
    renderer = ax.figure.canvas.get_renderer()
    return [text.get_window_extent(renderer) for text in texts]


def test_bars_are_in_order_with_their_names_lengths_and_numbers(axes):
    ax = drawn(result([0.5, 7.5, -2.0], ["week", "spread", "elo"]).plot(ax=axes))
    assert ax is axes
    assert names_on(ax) == ["spread", "week", "elo"]
    np.testing.assert_allclose([bar.get_width() for bar in bars_on(ax)], [7.5, 0.5, -2.0])
    assert [bar.get_x() for bar in bars_on(ax)] == [0, 0, 0]
    assert labels_on(ax) == ["+7.5000", "+0.5000", "-2.0000"]


def test_each_name_stands_at_its_bar(axes):
    ax = drawn(result([1.0, 3.0, 2.0]).plot(ax=axes))
    for label, bar in zip(ax.get_yticklabels(), ax.patches, strict=True):
        assert label.get_position()[1] == pytest.approx(bar.get_y() + bar.get_height() / 2)


def test_negative_bars_point_left_in_another_colour(axes):
    ax = drawn(result([1.0, -1.0, 0.0]).plot(ax=axes))
    assert [to_hex(bar.get_facecolor()) for bar in bars_on(ax)] == [BAR, BAR, BAR_NEGATIVE]
    left, right = ax.get_xlim()
    assert left < -1.0
    assert right > 1.0


def test_a_line_marks_zero(axes):
    ax = drawn(result([1.0, 2.0]).plot(ax=axes))
    assert any(list(line.get_xdata()) == [0, 0] for line in ax.lines)


def test_single_shuffles_are_marks_at_their_bars(axes):
    ax = drawn(result([[1.0, 3.0], [5.0, 7.0]]).plot(ax=axes))
    (marks,) = [line for line in ax.lines if line.get_marker() == "|"]
    assert sorted(zip(marks.get_xdata(), marks.get_ydata(), strict=True)) == [(1, 1), (3, 1), (5, 0), (7, 0)]
    assert ax.get_xlim()[1] > 7


def test_one_shuffle_has_no_marks(axes):
    assert not [line for line in result([1.0, 2.0]).plot(ax=axes).lines if line.get_marker() == "|"]


def test_the_texts_say_what_it_is(axes):
    ax = drawn(result([1.0], on_training_rows=True, random_state=7).plot(ax=axes))
    assert ax.get_title(loc="left") == "What the model weighs"
    assert subtitle_on(ax) == (
        "Baseline mae 10 (lower is better) on 100 rows; 1 shuffle per feature, seed 7. "
        "THE MODEL WAS TRAINED ON SOME OF THESE ROWS."
    )
    assert ax.get_xlabel() == "how much worse mae gets when the column is shuffled"


def test_simulated_and_partial_charts_say_so(axes):
    ax = result([1.0], simulated=True, complete=False).plot(ax=axes, title="Mine")
    assert ax.get_title(loc="left") == "SIMULATED DATA - PARTIAL - Mine"


def test_prediction_change_is_worded_as_a_movement(axes):
    ax = result([1.0], metric="prediction_change", baseline=0.0).plot(ax=axes)
    assert ax.get_xlabel() == "how far the prediction moves when the column is shuffled"
    assert subtitle_on(ax).startswith("How far predictions move, on 100 rows")


def test_relative_bars_are_parts_of_the_baseline(axes):
    ax = drawn(result([[1.0, 3.0], [-1.0, -1.0]]).plot(ax=axes, relative=True))
    np.testing.assert_allclose([bar.get_width() for bar in bars_on(ax)], [0.2, -0.1])
    assert labels_on(ax) == ["+20.0%", "-10.0%"]
    assert ax.get_xlabel().endswith(", in parts of the baseline")


def test_what_is_left_out_is_counted(axes):
    ax = drawn(result(np.arange(60)).plot(ax=axes, limit=6))
    assert names_on(ax) == [f"feature_{i}" for i in range(59, 53, -1)]
    assert subtitle_on(ax).endswith("54 more features not shown.")


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(axes, limit):
    with pytest.raises(InputError, match=f"limit must be an integer >= 1, got {limit}"):
        result([1.0]).plot(ax=axes, limit=limit)


@pytest.mark.parametrize("n", [1, 2, 6, 60])
@pytest.mark.parametrize("kind", ["positive", "negative", "mixed", "zero"])
def test_any_number_of_bars_is_readable(pyplot, n, kind):
    rng = np.random.default_rng(n)
    values = {
        "positive": rng.random((n, 3)) * 8,
        "negative": -rng.random((n, 3)) * 8,
        "mixed": rng.normal(size=(n, 3)),
        "zero": np.zeros((n, 3)),
    }[kind]
    ax = drawn(result(values).plot(limit=100))
    assert len(ax.patches) == n
    assert len(names_on(ax)) == n
    numbers = numbers_on(ax)
    assert len(numbers) == n
    figure = ax.figure.bbox
    names = boxes(ax, ax.get_yticklabels())
    for box in [*boxes(ax, numbers), *names, ax.title.get_window_extent()]:
        assert figure.x0 - 1 <= box.x0
        assert box.x1 <= figure.x1 + 1
    for upper, lower in itertools.pairwise(names):
        assert not upper.overlaps(lower)
    # a number stands beside its bar and marks, not on them
    for text, box in zip(numbers, boxes(ax, numbers), strict=True):
        i = round(text.xy[1])
        order = np.argsort(-values.mean(1), kind="stable")
        ends = ax.transData.transform([[v, 0] for v in (*values[order[i]], 0.0)])[:, 0]
        assert box.x0 >= ends.max() - 1 or box.x1 <= ends.min() + 1


NAMES = [
    "x",
    "x" * 200,
    "word " * 40,
    "snake_case_" * 20,
    "$a$",
    "a_$b_",
    r"\frac{$}{",
    "<b>&",
    "two\nlines",
    " ",
]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_drawn_as_they_are(axes, name):
    ax = drawn(result([1.0, 2.0], ["plain", name]).plot(ax=axes))
    shown = names_on(ax)[0].replace(r"\$", "$")
    assert max(map(len, shown.split("\n"))) <= 28
    assert len(shown.split("\n")) <= 3
    letters = "".join(shown.split())
    expected = "".join(name.replace("\n", r"\n").split())
    assert letters == expected if len(expected) < 40 else expected.startswith(letters.removesuffix("…"))
    for label in ax.get_yticklabels():
        text, math_mode = label._preprocess_math(label.get_text())
        assert not math_mode
        assert r"\$" not in text or r"\$" in name


def texts_on(ax) -> list:
    around = [ax._left_title, ax.xaxis.label]
    return [text for text in [*ax.texts, *ax.get_yticklabels(), *around] if text.get_text()]


def inside(ax, extent=None) -> None:
    extent = extent or ax.figure.bbox
    for text, box in zip(texts_on(ax), boxes(ax, texts_on(ax)), strict=True):
        assert extent.x0 <= box.x0, text
        assert box.x1 <= extent.x1, text
        assert extent.y0 <= box.y0, text
        assert box.y1 <= extent.y1, text


LONG = {
    "1 letter": "x",
    "40": "W" * 40,
    "200": "W" * 200,
    "words": "long name " * 20,
    "Chinese": "主队会议" * 20,
}


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
@pytest.mark.parametrize("n", [2, 6, 60])
@pytest.mark.parametrize("name", LONG.values(), ids=LONG)
def test_every_text_is_inside_the_figure(pyplot, tmp_path, name, n):
    imp = result(
        np.random.default_rng(0).normal(3, 4, (n, 10)),
        [f"{i} {name}" for i in range(n)],
        simulated=True,
        on_training_rows=True,
        rows="100 rows where home_conference=='Conference USA',week<10",
    )
    ax = drawn(imp.plot(limit=100))
    inside(ax)
    assert "THE MODEL WAS TRAINED ON SOME OF THESE ROWS." in subtitle_on(ax)
    axes_drawn = []
    save(lambda ax: axes_drawn.append(imp.plot(ax=ax, limit=100)) or axes_drawn[0], tmp_path / "chart.png")
    inside(drawn(axes_drawn[0]))
    small, large = (box.y0 for box in boxes(ax, [ax._left_title, *[t for t in ax.texts if t.get_gid()]]))
    assert small > large  # the title stands over the subtitle


@pytest.mark.parametrize("text", ["word " * 80, "x" * 400, "主队" * 100, ""])
@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
def test_texts_of_any_length_are_inside_the_figure(pyplot, text):
    ax = drawn(result([1.0, 2.0], metric=f"m{text}", rows=f"r{text}").plot(title=text or None))
    inside(ax)
    assert "".join(f"r{text}".split()) in "".join(subtitle_on(ax).split())


def test_texts_beside_another_chart_stay_in_their_own_part(pyplot):
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    result([1.0, 2.0]).plot(ax=left)
    result([1.0, 2.0]).plot(ax=right)
    drawn(left)
    first, second = (
        boxes(ax, [ax._left_title, *[t for t in ax.texts if t.get_gid()]]) for ax in (left, right)
    )
    middle = figure.bbox.width / 2
    assert all(box.x0 >= 0 and box.x1 <= middle for box in first)
    assert all(middle <= box.x0 and box.x1 <= figure.bbox.width for box in second)


def test_wide_letters_count_twice():
    assert wrap("主" * 20) == "主" * 14 + "\n" + "主" * 6
    assert wrap("主" * 50).split("\n")[2].endswith("…")


def test_names_break_after_underscores_and_spaces():
    assert (
        wrap("average_points_of_the_home_team_this_season") == "average_points_of_the_home_\nteam_this_season"
    )
    assert wrap("a name of several words that goes on") == "a name of several words that\ngoes on"
    assert wrap("short") == "short"
    assert wrap("") == ""
    assert wrap("x" * 200).endswith("…")


def test_dollars_in_any_text_are_no_formulas(axes):
    ax = drawn(
        result([1.0], metric="$m^2$", rows="rows where a==$x$ and b==$").plot(
            ax=axes, title="money $1 $\\frac"
        )
    )
    for text in [*ax.texts, ax.xaxis.label, ax._left_title]:
        assert not text._preprocess_math(text.get_text())[1]
    assert "rows where a==$x$ and b==$" in subtitle_on(ax).replace(r"\$", "$")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_leave_an_empty_place(axes, value):
    ax = drawn(result([[value, 1.0], [2.0, 3.0]], ["odd", "plain"]).plot(ax=axes))
    assert dict(zip(names_on(ax), labels_on(ax), strict=True)) == {"plain": "+2.5000", "odd": "-"}
    assert all(math.isfinite(limit) for limit in ax.get_xlim())


def test_a_new_figure_grows_with_the_bars_and_is_not_shown(pyplot):
    small, large = result([1.0]).plot(), result(np.arange(20)).plot()
    assert small.figure is not large.figure
    assert large.figure.get_figheight() > small.figure.get_figheight()


def test_the_axes_of_the_caller_stay_the_callers(pyplot):
    figure, (left, right) = pyplot.subplots(1, 2)
    size = figure.get_size_inches().tolist()
    result([1.0]).plot(ax=right)
    assert not left.patches
    assert figure.get_size_inches().tolist() == size
    assert pyplot.get_fignums() == [figure.number]


def test_saving_opens_no_window_and_writes_a_whole_picture(tmp_path, pyplot):
    path = tmp_path / "chart.png"
    imp = result(np.arange(12), ["🏈 emoji", *(f"n{i}" for i in range(11))])
    save(lambda ax: imp.plot(ax=ax), path)
    assert pyplot.get_fignums() == []
    pixels = pyplot.imread(path)
    assert pixels.shape[1] == 9 * 160
    assert pixels.shape[0] > 600
    assert pixels[..., :3].std() > 0.01


# the article's chart


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
