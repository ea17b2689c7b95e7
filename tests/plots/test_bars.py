"""The bars of a result: what is on the Axes."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest
from matplotlib.colors import to_hex

from charts import bars_on, boxes, drawn, inside, labels_on, names_on, numbers_on, result, subtitle_on
from weighin import InputError
from weighin._display.charts import BAR, BAR_NEGATIVE, PALE, Bars, draw, save, wrap

pytestmark = pytest.mark.slow


def test_bars_are_in_order_with_their_names_lengths_and_numbers(axes):
    ax = drawn(result([0.5, 7.5, -2.0], ["week", "spread", "elo"]).plot(ax=axes))
    assert ax is axes
    assert names_on(ax) == ["spread", "week", "elo"]
    np.testing.assert_allclose([bar.get_width() for bar in bars_on(ax)], [7.5, 0.5, -2.0])
    assert [bar.get_x() for bar in bars_on(ax)] == [0, 0, 0]
    assert labels_on(ax) == ["7.5", "0.5", "−2"]


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


@pytest.mark.slow
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
    assert ax.get_title(loc="left") == "SIMULATED DATA - PARTIAL, 1 feature finished - Mine"


def test_prediction_change_is_worded_as_a_movement(axes):
    ax = result([1.0], metric="prediction_change", baseline=0.0).plot(ax=axes)
    assert ax.get_xlabel() == "how far the prediction moves when the column is shuffled"
    assert subtitle_on(ax).startswith("How far predictions move, on 100 rows")


def test_relative_bars_are_parts_of_the_baseline(axes):
    ax = drawn(result([[1.0, 3.0], [-1.0, -1.0]]).plot(ax=axes, relative=True))
    np.testing.assert_allclose([bar.get_width() for bar in bars_on(ax)], [0.2, -0.1])
    assert labels_on(ax) == ["20.0%", "−10.0%"]
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


LONG = {
    "1 letter": "x",
    "40": "W" * 40,
    "200": "W" * 200,
    "words": "long name " * 20,
    "Chinese": "主队会议" * 20,
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
@pytest.mark.parametrize(("name", "n"), [*((name, n) for name in LONG for n in (2, 6)), ("words", 60)])
def test_every_text_is_inside_the_figure(pyplot, tmp_path, name, n):
    imp = result(
        np.random.default_rng(0).normal(3, 4, (n, 10)),
        [f"{i} {LONG[name]}" for i in range(n)],
        simulated=True,
        on_training_rows=True,
        rows="100 rows where home_conference=='Conference USA',week<10",
    )
    ax = drawn(imp.plot(limit=100))
    inside(ax)
    assert "THE MODEL WAS TRAINED ON SOME OF THESE ROWS." in subtitle_on(ax)
    axes_drawn = []
    save(
        lambda figure: axes_drawn.append(imp.plot(ax=figure.add_subplot(), limit=100)), tmp_path / "chart.png"
    )
    inside(drawn(axes_drawn[0]))
    small, large = (box.y0 for box in boxes(ax, [ax._left_title, *[t for t in ax.texts if t.get_gid()]]))
    assert small > large  # the title stands over the subtitle


@pytest.mark.slow
@pytest.mark.parametrize("text", ["word " * 80, "x" * 400, "主队" * 100, ""])
@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
def test_texts_of_any_length_are_inside_the_figure(pyplot, text):
    ax = drawn(result([1.0, 2.0], metric=f"m{text}", rows=f"r{text}").plot(title=text or None))
    inside(ax)
    assert "".join(f"r{text}".split()) in "".join(subtitle_on(ax).split())


def test_a_number_keeps_its_percent_sign(axes):
    imp = result([1.0], rows="95 % of the rows " * 40)
    imp.plot(ax=axes)
    (text,) = [text.get_text() for text in axes.texts if text.get_gid()]
    assert text.count("\n") > 3
    assert not any(line.startswith("%") for line in text.splitlines())


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


def test_a_plain_figure_of_one_axes_makes_room_for_long_names(pyplot):
    _, ax = pyplot.subplots(figsize=(6, 4))
    inside(drawn(result([1.0, 2.0], ["a name that is rather long " * 3, "x"]).plot(ax=ax)))


def test_axes_placed_by_hand_stay_where_they_are(pyplot):
    figure = pyplot.figure()
    ax = figure.add_axes((0.5, 0.2, 0.4, 0.5))
    drawn(result([1.0, 2.0]).plot(ax=ax))
    assert ax.get_position().bounds == pytest.approx((0.5, 0.2, 0.4, 0.5))


def test_labels_stay_inside_when_a_neighbour_takes_room(pyplot):
    figure, axes = pyplot.subplots(2, 2, figsize=(12, 9), layout="constrained")
    imp = result([1.0, 2.0], ["spread", "elo"])
    for ax in axes.flat:
        imp.plot(ax=ax, relative=True)
        ax.text(1.0, 0.5, "much text to the right of it", transform=ax.transAxes)
    drawn(axes[0, 0])
    for ax in axes.flat:
        (label,) = boxes(ax, [ax.xaxis.label])
        assert label.x0 >= (0 if ax in axes[:, 0] else 0.3 * figure.bbox.width)


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


@pytest.mark.parametrize(("value", "told"), [(math.nan, "-"), (math.inf, "∞"), (-math.inf, "−∞")])
def test_numbers_that_are_none_leave_an_empty_place(axes, value, told):
    ax = drawn(result([[value, 1.0], [2.0, 3.0]], ["odd", "plain"]).plot(ax=axes))
    assert dict(zip(names_on(ax), labels_on(ax), strict=True)) == {"plain": "2.5", "odd": told}
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
    save(imp.draw_on, path)
    assert pyplot.get_fignums() == []
    pixels = pyplot.imread(path)
    assert pixels.shape[1] == 9 * 160
    assert pixels.shape[0] > 600
    assert pixels[..., :3].std() > 0.01


def test_whiskers_end_where_the_interval_does_and_pale_bars_hold_zero(axes):
    ax = drawn(
        draw(
            Bars(
                names=["sure", "unsure"],
                values=np.array([3.0, 0.2]),
                unsure=np.array([False, True]),
                interval=(np.array([2.0, -0.1]), np.array([4.5, 0.5])),
                labels=["+3.0", "+0.2"],
                title="Title",
                subtitle="Subtitle",
                xlabel="x",
            ),
            axes,
        )
    )
    (lines,) = [lines for lines in ax.collections if lines.get_gid() == "whiskers"]
    assert [line.tolist() for line in lines.get_segments()] == [[[2, 0], [4.5, 0]], [[-0.1, 1], [0.5, 1]]]
    (caps,) = [line for line in ax.lines if line.get_gid() == "caps"]
    assert sorted(caps.get_xdata()) == [-0.1, 0.5, 2.0, 4.5]
    assert [bar.get_alpha() for bar in bars_on(ax)] == [1.0, PALE]
    assert ax.get_xlim()[1] > 4.5


def test_arrows_stand_behind_the_names(axes):
    words = {"spread": "falls", "elo": "rises", "week": "peaks"}
    imp = result([3.0, 2.0, 1.0, 0.5], ["spread", "elo", "week", "site"]).with_effects(words)
    ax = drawn(imp.plot(ax=axes))
    assert names_on(ax) == ["spread ↘", "elo ↗", "week ∩", "site"]
    assert "Arrows: which way predictions go as the feature grows." in subtitle_on(ax)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "bar"}, "kind must be one of 'bars', 'given', 'shuffles', 'segments', got 'bar'"),
        ({"style": "ggplot"}, "style must be None or 'article', got 'ggplot'"),
        ({"style": "article", "kind": "shuffles"}, "style='article' is for kind='bars'"),
        ({"kind": "segments"}, r"needs a result with segments: weigh\(..., by='year'\)"),
        ({"limit": 0, "kind": "shuffles"}, "limit must be an integer >= 1, got 0"),
    ],
)
def test_a_chart_that_is_not_there_is_refused(axes, options, message):
    with pytest.raises(InputError, match=message):
        result([1.0]).plot(ax=axes, **options)


@pytest.mark.slow
def test_six_hundred_bars_keep_apart_in_a_figure_that_can_be_saved(pyplot):
    names = [f"{'average_over_all_games_' * 3}{i}" for i in range(600)]
    ax = result(np.arange(600.0), names).plot(limit=600)
    width, height = ax.figure.get_size_inches()
    assert 300 * max(width, height) < 2**16  # what a picture can hold at 300 dots per inch
    labels = ax.get_yticklabels()[:50]
    for upper, lower in itertools.pairwise(boxes(ax, labels)):
        assert not upper.overlaps(lower)
    assert all(f"{599 - i}" in label.get_text() for i, label in enumerate(labels))  # what tells them apart


@pytest.mark.parametrize("n", [2, 6, 20])
def test_names_keep_apart_on_small_axes_of_somebody_else(pyplot, n):
    _, (ax, _) = pyplot.subplots(1, 2, figsize=(6, 3), layout="constrained")
    imp = result(np.random.default_rng(0).normal(size=(n, 3)), [f"{i} {'long name ' * 9}" for i in range(n)])
    drawn(imp.plot(ax=ax))
    for upper, lower in itertools.pairwise(boxes(ax, ax.get_yticklabels())):
        assert not upper.overlaps(lower)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_chart_is_written_in_any_format(tmp_path, suffix):
    path = tmp_path / f"chart.{suffix}"
    save(result([1.0, -2.0], ["spread", "$elo$ & <b>"]).draw_on, path)
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(start)


def test_what_few_rows_tell_of_is_pale_wherever_it_stands(pyplot):
    import weighin

    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=200), (np.arange(200) < 3).astype(float)])
    y = X[:, 0] + 40 * X[:, 1] + 0.1 * rng.normal(size=200)
    imp = weighin.weigh(lambda rows: rows @ [1.0, 40.0], X, y, metric="mae", n_repeats=5, random_state=0)
    pale = dict(
        zip(names_on(ax := drawn(imp.plot())), (bar.get_alpha() < 1 for bar in bars_on(ax)), strict=True)
    )
    assert pale == {"x0": False, "x1": True}
    lines = re.split(r'<tr(?: class="claimed")?><th scope="row">', imp._repr_html_())
    assert ['class="bar pale"' in line for line in lines[1:]] == [pale[name] for name in names_on(ax)]
