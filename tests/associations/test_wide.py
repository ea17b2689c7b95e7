"""Thousands of columns: the same numbers as a few of them alone, by blocks that fit the memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import weighin

N_COLUMNS = 2100
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Numbers, of which some go together and some have gaps, and two columns of names."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, N_COLUMNS))
    values[:, 1] = -values[:, 0] + 0.1 * rng.normal(size=300)
    values[:, 2] = values[:, 0] + 0.1 * rng.normal(size=300)
    values[:, 700] = values[:, 900] + 0.1 * rng.normal(size=300)
    values[:, 5] = 1.0
    frame = pd.DataFrame(values, columns=[f"c{i}" for i in range(N_COLUMNS)])
    frame["kind"] = np.where(frame.c0 > 0, "up", "down")
    frame["other"] = rng.choice(["x", "y", "z"], 300)
    return frame


NAMES = ["c0", "c1", "c2", "c5", "c6", "c700", "c900", "c2099", "kind", "other"]


@pytest.mark.parametrize("gaps", [False, True])
def test_a_pair_of_many_columns_is_associated_as_alone(table, gaps):
    table = table.copy()
    if gaps:
        # in all rows of a pair alike: ranks are then the same
        table.loc[:40, NAMES[:-2]] = np.nan
    wide = weighin.associations(table, random_state=0)
    alone = weighin.associations(table[NAMES], random_state=0)
    places = [wide.features.index(name) for name in NAMES]
    np.testing.assert_allclose(wide.association[np.ix_(places, places)], alone.association, 0, 2e-6)
    assert [[wide.measures[i][j] for j in places] for i in places] == [list(row) for row in alone.measures]
    assert wide.clusters == (("c0", "c1", "c2", "kind"), ("c700", "c900")) == alone.clusters
    assert sorted(wide.order) == sorted(wide.features)
    assert wide["c700"].close[0].name == "c900"
    first, second = wide.pairs(0.9)
    assert {(wide.features[i], wide.features[j]) for i, j in zip(first, second, strict=True)} == {
        ("c0", "c1"), ("c0", "c2"), ("c1", "c2"), ("c700", "c900"),
    }  # fmt: skip


def test_shuffles_are_looked_at_for_the_closest_columns(table):
    wide = weighin.associations(table, random_state=0)
    looked_at = {name for name, ratio in wide.off_data.items() if np.isfinite(ratio)}
    assert {"c0", "c1", "c2", "c700", "c900", "kind"} < looked_at
    assert len(looked_at) == 400
    assert wide.off_data["c700"] > 2
    assert any("400 that go closest" in note for note in wide.notes)


def test_a_page_of_thousands_of_features_stays_small_and_says_what_it_leaves_out(table):
    names = tuple(table.columns)
    imp = weighin.Importance(names, np.linspace(1, 0, len(names))[:, None], 1.0, "mae", False, 300)
    for result in (imp, weighin.associations(table, random_state=0)):
        page = result.to_html()
        assert len(page) < 2_000_000
        assert f"{len(names) - 1000:,} more rows: to_frame()" in page
