"""Segments and clusters: coloured cells on the Axes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

import weighin
from charts import boxes, drawn, inside, names_on, subtitle_on
from weighin._display import charts as _plots

TEXTS = {"title": "Title", "subtitle": "Sub $title", "xlabel": "what it means"}


def heatmap(values, names=None, segments=None, unsure=None, ax=None, **options):
    values = np.asarray(values, dtype=float)
    return drawn(
        _plots.draw(
            _plots.Cells(
                names=names or [f"feature_{i}" for i in range(len(values))],
                segments=segments or [str(2015 + i) for i in range(values.shape[1])],
                values=values,
                labels=[[f"{value:+.1f}" for value in row] for row in values],
                unsure=np.zeros(values.shape, bool) if unsure is None else np.asarray(unsure),
                **{**TEXTS, **options},
            ),
            ax,
        )
    )


def cells_on(ax) -> np.ndarray:
    (mesh,) = [c for c in ax.collections if hasattr(c, "get_coordinates")]
    return mesh.get_array()


def texts_at(ax) -> dict:
    return {text.get_position(): text for text in ax.texts if not text.get_gid()}


def test_cells_hold_values_and_numbers(axes):
    ax = heatmap([[1.0, 2.0], [0.5, -0.5]], ["spread", "elo"], ["2020", "2021"], ax=axes)
    assert names_on(ax) == ["spread", "elo"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2020", "2021"]
    np.testing.assert_array_equal(cells_on(ax), [[1.0, 2.0], [0.5, -0.5]])
    shown = {place: text.get_text() for place, text in texts_at(ax).items()}
    assert shown == {(0, 0): "+1.0", (1, 0): "+2.0", (0, 1): "+0.5", (1, 1): "-0.5"}


def test_colours_are_even_about_zero_and_the_ground_at_it(axes):
    ax = heatmap([[4.0, -1.0]], ax=axes)
    (mesh,) = [c for c in ax.collections if hasattr(c, "get_coordinates")]
    assert mesh.get_clim() == (-4.0, 4.0)
    assert to_hex(mesh.cmap(mesh.norm(0.0))) in ("#ffffff", "#feffff")
    assert to_hex(mesh.cmap(mesh.norm(4.0))) == _plots.BAR


def test_unsure_numbers_are_slanted_and_paler(axes):
    ax = heatmap([[1.0, 2.0]], unsure=[[True, False]], ax=axes)
    unsure, sure = (texts_at(ax)[place, 0] for place in (0, 1))
    assert (unsure.get_fontstyle(), sure.get_fontstyle()) == ("italic", "normal")
    assert unsure.get_alpha() < sure.get_alpha()


def test_what_is_no_number_is_an_empty_cell(axes):
    ax = heatmap([[1.0, math.nan], [math.inf, 2.0]], ax=axes)
    assert np.ma.getmaskarray(cells_on(ax)).tolist() == [[False, True], [True, False]]
    assert set(texts_at(ax)) == {(0, 0), (1, 1)}
    assert len([line for line in ax.lines if line.get_gid() == "none"]) == 2


@pytest.mark.slow
@pytest.mark.parametrize(("n", "segments"), [(2, 2), (2, 14), (60, 14)])
def test_names_and_numbers_fit_however_many(pyplot, n, segments):
    ax = heatmap(
        np.random.default_rng(0).normal(size=(n, segments)),
        [f"{i} a rather long name of a feature" for i in range(n)],
        [f"Conference number {i} of the west" for i in range(segments)],
    )
    inside(ax)
    assert ax.figure.get_size_inches()[1] < 210
    shown = texts_at(ax).values()
    assert len(shown) == n * segments
    assert min(text.get_fontsize() for text in shown) >= 4
    some = list(shown)[:40]
    width = ax.get_window_extent().width / segments
    assert all(box.width <= width for box in boxes(ax, some))


@pytest.mark.slow
def test_crowded_cells_go_without_numbers(pyplot):
    ax = heatmap(np.zeros((4, 200)), segments=[str(i) for i in range(200)])
    assert not texts_at(ax)
    ax = heatmap(np.zeros((16, 100)))
    assert not texts_at(ax)
    assert [child for child in ax.child_axes if child.get_gid() == "scale"]


def test_the_title_stands_over_the_names_of_the_columns(pyplot):
    ax = heatmap([[1.0, 2.0]], segments=["a", "quite a long name of a segment"])
    tops = max(box.y1 for box in boxes(ax, ax.get_xticklabels()))
    (small,) = [text for text in ax.texts if text.get_gid() == "subtitle"]
    assert boxes(ax, [small])[0].y0 >= tops
    assert subtitle_on(ax) == r"Sub \$title"


def clusters(values, labels, names=None):
    values = np.asarray(values, dtype=float)
    names = names or [f"f{i}" for i in range(len(values))]
    return drawn(_plots.draw(_plots.Clusters(associations=values, names=names, labels=labels, **TEXTS)))


def frames_on(ax) -> list[tuple[float, float]]:
    return [(patch.get_x(), patch.get_width()) for patch in ax.patches if isinstance(patch, Rectangle)]


def test_members_of_a_cluster_stand_side_by_side_in_a_frame(pyplot):
    values = np.array([[1, 0.1, 0.9, 0.2], [0.1, 1, 0, 0.8], [0.9, 0, 1, 0.3], [0.2, 0.8, 0.3, 1]])
    ax = clusters(values, ["a", "b", "a", "b"])
    assert names_on(ax) == ["f0", "f2", "f1", "f3"]
    assert cells_on(ax)[0].tolist() == [1, 0.9, 0.1, 0.2]
    assert frames_on(ax) == [(-0.5, 2), (1.5, 2)]


def test_features_alone_have_no_frame_and_signs_both_colours(pyplot):
    ax = clusters([[1, -0.5, math.nan], [-0.5, 1, 0], [math.nan, 0, 1]], [0, 1, 2])
    assert frames_on(ax) == []
    (mesh,) = [c for c in ax.collections if hasattr(c, "get_coordinates")]
    assert mesh.get_clim() == (-1.0, 1.0)
    assert texts_at(ax)[1, 0].get_text() == "\N{MINUS SIGN}0.50"


@pytest.mark.slow
def test_sixty_features_are_about_a_square(pyplot):
    ax = clusters(np.eye(60), list(range(60)), [f"feature_number_{i}_of_many" for i in range(60)])
    inside(ax)
    box = ax.get_window_extent()
    assert 0.7 < box.height / box.width < 1.5
    for one, other in zip(ax.get_yticklabels(), ax.get_yticklabels()[1:], strict=False):
        assert not boxes(ax, [one])[0].overlaps(boxes(ax, [other])[0])


def test_a_result_draws_its_segments_metric_by_metric(axes):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    y = x @ [2.0, 0.2] + rng.normal(size=300)
    years = np.repeat([2020, 2021, 2022], 100)
    imp = weighin.weigh(
        lambda x: x @ [2.0, 0.0], x, y, metric=["mae", "rmse"], by=years, n_repeats=3, random_state=0
    )
    ax = drawn(imp.plot("segments", ax=axes))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2020", "2021", "2022"]
    expected = np.stack([imp.of("mae", year).importances_mean for year in imp.segments], axis=1)
    np.testing.assert_allclose(cells_on(ax), expected)
    assert ax.get_title(loc="left") == "What the model weighs, by segment"
    assert texts_at(ax)[0, 0].get_fontstyle() == "normal"
    assert texts_at(ax)[0, 1].get_fontstyle() == "italic"
    other = imp.plot("segments", metric="rmse", relative=True)
    expected = np.stack([imp.of("rmse", year).relative for year in imp.segments], axis=1)
    np.testing.assert_allclose(cells_on(other), expected)
    assert imp.plot(metric="rmse").get_xlabel().startswith("how much worse rmse gets")
    with pytest.raises(weighin.InputError, match=r"No metric 'rsme'. Did you mean 'rmse'"):
        imp.plot(metric="rsme")


def test_intervals_of_segments_keep_the_exponents_of_small_numbers():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    y = 1e-9 * (x @ [2.0, 0.2] + rng.normal(size=300))
    halves = np.repeat(["a", "b"], 150)
    imp = weighin.weigh(lambda x: 1e-9 * (x @ [2.0, 0.0]), x, y, by=halves, n_repeats=3, random_state=0)
    intervals = imp.tell().sections[0].charts[0].intervals[0]
    for segment, text in zip(imp.segments, intervals, strict=True):
        part = imp.of(segment=segment)["x0"]
        low, high = map(float, text.split(" to "))
        assert (low, high) == (pytest.approx(part.ci_lower, rel=0.01), pytest.approx(part.ci_upper, rel=0.01))


def test_of_many_features_numbers_near_zero_and_the_diagonal_are_left_out(pyplot):
    values = np.full((20, 20), 0.05)
    values[:2, :2] = 0.9
    np.fill_diagonal(values, 1.0)
    ax = clusters(values, list(range(20)))
    assert [text.get_text() for text in ax.texts if text.get_gid() is None] == ["0.90", "0.90"]
    assert "numbers from 0.2" in ax.get_xlabel()
    assert "numbers" not in clusters(values[:6, :6], list(range(6))).get_xlabel()
