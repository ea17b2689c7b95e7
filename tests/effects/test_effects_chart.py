"""Curves on the Axes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import weighin


def test_the_chart_shows_curves_local_effects_and_single_rows(pyplot, games, regression):
    found = weighin.effects(regression, games, random_state=0, n_curves=9)
    axes = found.plot()
    assert isinstance(axes, np.ndarray)
    assert len(axes) == 6
    titles = [ax.get_title(loc="left") for ax in axes]
    assert titles[0] == "spread  ↗"
    by_name = {title.split()[0]: ax for title, ax in zip(titles, axes, strict=True)}
    lines = {line.get_gid(): line for line in by_name["elo"].lines}
    curve = found.to_frame().query("feature == 'elo'")
    for gid, kind in (("mean", "pd"), ("ale", "ale")):
        part = curve[curve["kind"] == kind]
        np.testing.assert_allclose(lines[gid].get_ydata(), part["effect"])
        np.testing.assert_allclose(lines[gid].get_xdata(), part["value"])
    assert sum(line.get_gid() == "curve" for line in by_name["elo"].lines) == 9
    assert {ax.get_ylim() for name, ax in by_name.items() if name != "home_name"} == {
        by_name["home_name"].get_xlim()
    }
    names = [label.get_text() for label in by_name["home_name"].get_yticklabels()]
    assert tuple(names) == found.level_order("home_name")
    assert "missing" in [text.get_text() for text in by_name["rest"].texts]
    (legend,) = axes[0].figure.legends
    assert [text.get_text().split(" (")[0] for text in legend.get_texts()] == [
        "all rows moved there",
        "rows that are near",
        "single rows",
    ]


def test_the_chart_draws_what_is_asked_where_it_is_asked(pyplot, axes):
    found = weighin.effects(
        lambda X: X[:, 0] + X[:, 1], np.random.default_rng(0).uniform(-1, 1, (400, 2)), random_state=0
    )
    assert list(found.plot(["x1"], ax=axes, curves=False, centered=True)) == [axes]
    assert "curve" not in {line.get_gid() for line in axes.lines}
    mean = next(line for line in axes.lines if line.get_gid() == "mean").get_ydata()
    assert abs(mean.mean()) < 0.05
    assert axes.get_ylabel() == "Change of the prediction"
    assert len(found.plot(limit=2)) == 2


def test_the_legend_covers_no_curve(pyplot, games, regression):
    for n in (1, 2, 6):
        axes = weighin.effects(regression, games, random_state=0).plot(limit=n)
        figure = axes[0].figure
        figure.canvas.draw()
        (legend,) = figure.legends
        box = legend.get_window_extent()
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert all(not box.overlaps(ax.get_tightbbox()) for ax in axes)


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")  # an emoji is drawn as a box
def test_hostile_names_are_only_text(pyplot):
    frame = pd.DataFrame({"$x^{2$": ["$a$", "b\x1b[31m", "🏈"] * 20, "n" * 200: np.arange(60.0)})
    found = weighin.effects(lambda rows: (rows["$x^{2$"] == "$a$").to_numpy() * 1.0, frame, random_state=0)
    found.plot()[0].figure.canvas.draw()
    assert "\x1b" not in str(found)
