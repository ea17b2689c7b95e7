"""Clusters, sentences, groups, frames and the chart of columns that go together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

import weighin
from weighin import InputError
from weighin._associations.associations import auto_groups


def league(n=600, seed=0):
    """`spread` follows from two elos; `rest` from nothing; `home_team` has its conference."""
    rng = np.random.default_rng(seed)
    team = rng.integers(0, 8, n)
    home, away = rng.normal(size=n), rng.normal(size=n)
    return pd.DataFrame(
        {
            "home_elo": home,
            "home_rank": -home + 0.1 * rng.normal(size=n),
            "away_elo": away,
            "spread": home - 0.9 * away + 0.3 * rng.normal(size=n),
            "rest": rng.normal(size=n),
            "home_team": [f"team {t}" for t in team],
            "home_conference": [f"conf {t // 4}" for t in team],
        }
    )


@pytest.fixture(scope="module")
def found():
    return weighin.associations(league(), random_state=0)


def test_clusters_hold_features_any_two_of_which_go_together(found):
    assert found.clusters == (("home_elo", "home_rank"), ("home_team", "home_conference"))


def test_a_chain_is_no_cluster():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 1)) + np.zeros((1, 3))
    X[:, 0] += 0.7 * rng.normal(size=2000)
    X[:, 2] += 0.8 * rng.normal(size=2000)  # 0.82 and 0.78 to the middle one, 0.64 to each other
    assert weighin.associations(X, random_state=0).clusters == (("x0", "x1"),)
    assert weighin.associations(X, random_state=0, threshold=0.5).clusters == (("x0", "x1", "x2"),)


def test_the_closest_come_first_with_their_sign(found):
    closest = found.closest("home_elo")
    assert [column.name for column in closest] == ["home_rank", "spread"]
    assert closest[0].association < -0.98
    assert closest[1].association == pytest.approx(0.69, abs=0.05)
    assert found.closest("rest") == ()
    assert len(found.closest("rest", at_least=0.0)) <= 3


def test_sentences_say_who_stays_in_place(found):
    assert found.sentence("away_elo") == (
        f"away_elo moves against spread (\N{MINUS SIGN}{-found.association[2, 3]:.2f}): "
        "shuffling one leaves the other in place."
    )
    told = found.sentence("home_elo")
    assert told.startswith("home_elo moves against home_rank (\N{MINUS SIGN}0.9")
    assert ", and moves with spread (0." in told
    assert told.endswith("shuffling one leaves the others in place.")
    assert "goes with home_conference (0.99)" in found.sentence("home_team")
    assert "no closely associated column" in found.sentence("rest")


def test_the_summary_says_clusters_close_columns_and_distance(found):
    text = found.summary()
    assert "home_elo and home_rank carry much the same information" in text
    assert "times as far from any real row" in text
    assert "rest goes" not in text
    assert repr(found) == str(found)


def test_the_table_has_the_closest_column_of_each(found):
    rows = {line.split()[0]: line.split() for line in str(found).splitlines()[4:11]}
    assert set(rows) == set(found.features)
    assert rows["away_elo"][1:3] == ["spread", f"\N{MINUS SIGN}{-found.association[2, 3]:.2f}"]
    table = found.tell().tables[0]
    assert {row.name for row in table.rows if not row.claimed} == {"rest"}
    assert [table.heading.partition(":")[0] for table in found.tell().tables[1:]] == [
        "Clusters",
        "Pairs associated by 0.5 or more",
    ]


def test_one_feature_says_what_it_goes_with(found):
    one = found["home_elo"]
    assert [column.name for column in one.close] == ["home_rank", "spread"]
    assert one.cluster == ("home_elo", "home_rank")
    assert one.distance_ratio == found.off_data["home_elo"]
    assert repr(one).startswith("home_elo moves against home_rank (\N{MINUS SIGN}0.9")
    assert "real row" in repr(one)
    assert found["rest"].cluster == found["rest"].close == ()


def test_few_rows_leave_fewer_digits():
    X = np.random.default_rng(0).normal(size=(500, 2))
    few, many = (
        weighin.associations(X[:n], random_state=0).tell().tables[0].rows[0].cells[1] for n in (12, 500)
    )
    assert (len(few.strip("\N{MINUS SIGN}")), len(many.strip("\N{MINUS SIGN}"))) == (3, 4)


def test_a_matrix_comes_in_every_library(found):
    matrix = found.to_matrix()
    for backend in ("polars", "pyarrow"):
        other = found.to_matrix(backend=backend).to_pandas()
        assert list(other["feature"]) == list(matrix.index)
        np.testing.assert_array_equal(other[list(matrix.columns)].to_numpy(), matrix.to_numpy())


def test_nothing_in_common_is_said():
    lonely = weighin.associations(np.random.default_rng(0).normal(size=(400, 4)), random_state=0)
    assert lonely.clusters == ()
    assert "each can be shuffled alone" in lonely.summary()


def test_groups_are_what_weigh_takes(found):
    assert found.groups == {
        "home_elo + home_rank": ("home_elo", "home_rank"),
        "home_team + home_conference": ("home_team", "home_conference"),
    }
    frame = league()
    assert auto_groups(frame, random_state=0) == found.groups
    assert auto_groups(frame, ["rest", "spread"], random_state=0) == {}
    numbers = frame[["home_elo", "home_rank", "rest"]]
    groups = auto_groups(numbers, random_state=0)
    imp = weighin.weigh(
        lambda rows: rows["home_elo"] - rows["home_rank"],
        numbers,
        metric="prediction_change",
        groups=groups,
        random_state=0,
        progress=False,
    )
    assert imp.features[-1] == "home_elo + home_rank"


def test_names_of_groups_are_unlike_those_of_features():
    x = np.random.default_rng(0).normal(size=200)
    frame = pd.DataFrame({"a": x, "b": x, "a + b": np.random.default_rng(1).normal(size=200)})
    assert list(auto_groups(frame, random_state=0)) == ["a + b (together)"]
    many = pd.DataFrame({f"c{i}": x for i in range(5)})
    assert list(auto_groups(many, random_state=0)) == ["c0 + c1 + c2 + 2 more"]


def test_few_rows_make_no_close_columns_by_chance():
    lonely = 0
    for seed in range(20):
        X = np.random.default_rng(seed).normal(size=(12, 10))
        found = weighin.associations(X, random_state=0, threshold=0.5)
        lonely += not found.clusters and not any(found.closest(name) for name in found.features)
    assert lonely == 20
    assert "chance alone" in " ".join(found.notes)


def test_frames(found):
    tidy = found.to_frame()
    assert list(tidy.columns) == ["feature", "other", "association", "strength", "measure", "same_cluster"]
    assert len(tidy) == 21
    assert tidy["strength"].is_monotonic_decreasing
    assert set(tidy.loc[tidy["same_cluster"], "feature"]) == {"home_elo", "home_team"}
    matrix = found.to_matrix()
    assert list(matrix.columns) == list(matrix.index) == list(found.order)
    assert matrix.loc["spread", "home_elo"] == found.association[0, 3]


def test_the_chart_shows_each_pair_and_frames_clusters(found, axes):
    assert found.plot(ax=axes) is axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert sorted(names) == sorted(found.features)
    frames = [patch for patch in axes.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    assert [frame.get_width() for frame in frames] == [2, 2]
    for frame in frames:
        start = round(frame.get_x() + 0.5)
        assert set(names[start : start + 2]) in ({"home_elo", "home_rank"}, {"home_team", "home_conference"})


def test_the_chart_leaves_out_the_loneliest(found, axes):
    found.plot(ax=axes, limit=4)
    names = {label.get_text() for label in axes.get_yticklabels()}
    assert names == {"home_elo", "home_rank", "home_team", "home_conference"}
    assert "3 more features not shown" in "".join(text.get_text() for text in axes.texts)


def test_a_result_cannot_be_changed(found):
    with pytest.raises(ValueError, match="read-only"):
        found.association[0, 1] = 0
    with pytest.raises(AttributeError):
        found.n_rows = 3


def test_the_table_is_left_alone():
    frame = league(50)
    before = frame.copy(deep=True)
    weighin.associations(frame, random_state=0)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"features": "rest"}, r"write \['rest'\]"),
        ({"features": ["home_ello"]}, "Did you mean 'home_elo'"),
        ({"features": ["rest", "rest"]}, "more than once"),
        ({"features": []}, "no columns to compare"),
        ({"threshold": 0}, "above 0 and at most 1, got 0"),
        ({"threshold": 1.2}, "above 0 and at most 1"),
        ({"n_rows": 1}, "n_rows must be an integer >= 2 or None, got 1"),
        ({"random_state": -1}, "random_state must be an integer >= 0"),
        ({"X": None}, "X is needed"),
        ({"X": iter([1])}, "X must be a table"),
        ({"X": pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"])}, "unique"),
        ({"X": pd.DataFrame()}, "no columns to compare"),
        ({"X": 3}, "data frame"),
        ({"X": np.arange(5)}, r"of shape \(5,\)"),
        ({"X": np.ones((1, 2))}, "at least 2 rows"),
    ],
)
def test_what_cannot_be_used_is_said(arguments, told):
    with pytest.raises(weighin.InputError, match=told):
        weighin.associations(**{"X": league(40), **arguments})


def test_an_unknown_feature_is_said(found):
    for ask in (found.sentence, found.closest):
        with pytest.raises(weighin.InputError, match="Did you mean 'home_elo'"):
            ask("home_ello")
    with pytest.raises(weighin.InputError, match="limit"):
        found.plot(limit=0)


def test_more_columns_than_can_be_compared_are_refused_before_they_are_read():
    with pytest.raises(InputError, match="X has 300,000 columns to compare, and at most 5,000 are"):
        weighin.associations(np.broadcast_to(0.0, (3, 300_000)))
    with pytest.raises(InputError, match="at most 5,000"):
        weighin.associations(np.zeros((3, 3)), [f"x{i}" for i in range(5001)])


def test_progress_comes_to_its_end(monkeypatch):
    from contextlib import contextmanager

    asked, steps = [], []

    @contextmanager
    def tracking(what, total, show):
        asked.append((what, total, show))
        yield steps.append

    monkeypatch.setattr("weighin._associations.associations.tracking", tracking)
    frame = pd.DataFrame({"a": np.arange(60.0), "b": list("xyz") * 20, "c": list("uv") * 30})
    weighin.associations(frame, random_state=0, progress=True)
    assert asked == [("Comparing columns", 6, True)]
    assert sum(steps) == 6


def test_columns_that_are_alike_share_a_note():
    frame = pd.DataFrame({f"one{i}": np.zeros(60) for i in range(30)} | {"x": np.arange(60.0)})
    notes = weighin.associations(frame, random_state=0).notes
    assert notes == ("one0, one1, one2, one3 and 26 more have one value: nothing goes with them.",)
