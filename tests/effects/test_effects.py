"""Directions, sentences, frames, dicts and charts of effects; what cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

import weighin
from kernels import runnable

pytestmark = pytest.mark.slow

torch.set_num_threads(1)


def uniform(n=400, p=3, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, p))


WAYS = {
    "rises": lambda x: 2 * x,
    "falls": lambda x: -np.exp(x),
    "peaks": lambda x: -(x**2),
    "dips": np.abs,
    "mixed": lambda x: np.sin(5 * x),
    "none": lambda x: 0 * x,
}


@pytest.mark.parametrize("way", WAYS)
def test_the_direction_of_a_curve(way):
    found = weighin.effects(lambda X: WAYS[way](X[:, 0]) + X[:, 1], uniform(), random_state=0)
    assert found.direction["x0"] == way
    assert found.direction["x1"] == "rises"
    assert found.direction["x2"] == "none"
    assert found.arrows["x1"] == "↗"
    assert len(set(found.arrows.values())) == len(set(found.direction.values()))


def test_a_kink_at_the_end_does_not_spoil_a_direction():
    found = weighin.effects(lambda X: X[:, 0] + 0.6 * X[:, 0] ** 2, uniform(), ["x0"], random_state=0)
    assert found.direction["x0"] == "rises"  # it falls by 0.01 at first


def test_a_small_effect_beside_a_large_spread_is_none():
    def at(size):
        return weighin.effects(lambda X: size * X[:, 0] + X[:, 1], uniform(), random_state=0).direction["x0"]

    assert (at(0.2), at(0.02)) == ("rises", "none")


def test_an_unused_feature_is_flat_and_certain():
    found = weighin.effects(lambda X: X[:, 0] * X[:, 1], uniform(), ["x2"], random_state=0)
    frame = found.to_frame(centered=True)
    assert (frame[["effect", "ci_lower", "ci_upper"]] == 0).all(axis=None)  # whatever processor it is
    assert (found.curves("x2", centered=True) == 0).all()
    assert found.sentence("x2") == "The prediction does not move with x2."


@pytest.mark.parametrize("kernel", runnable())
def test_an_unused_feature_is_certain_whichever_way_a_processor_adds(kernel):
    program = """
import numpy as np, weighin
X = np.random.default_rng(0).uniform(-1, 1, (400, 3))
found = weighin.effects(lambda X: X[:, 0] * X[:, 1], X, ["x2"], random_state=0).to_frame(centered=True)
print(found[["effect", "ci_lower", "ci_upper"]].abs().to_numpy().max())
"""
    environ = {**os.environ, "OPENBLAS_CORETYPE": kernel}
    told = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True)
    assert told.stdout.strip() == "0.0", told.stderr


def test_a_column_a_network_has_no_weights_for_is_flat_to_the_bit():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    with torch.no_grad():
        net[0].weight[:, 2] = 0
    found = weighin.effects(net, uniform().astype(np.float32), random_state=0)
    assert np.ptp(found.curves("x2"), axis=1).max() == 0
    assert found.direction["x2"] == "none"


def test_chance_makes_no_direction():
    rng = np.random.default_rng(0)
    directions = []
    for seed in range(30):
        X = rng.normal(size=(60, 2))
        # on average over all rows nothing moves with x0; on these it does, a little
        found = weighin.effects(lambda X: X[:, 0] * X[:, 1], X, ["x0"], random_state=seed)
        directions.append(found.direction["x0"])
        if directions[-1] == "none" and "barely" not in found.sentence("x0"):
            assert "may be chance" in found.sentence("x0")
    assert directions.count("none") >= 28


def test_names_differ_and_have_an_order_by_effect():
    frame = pd.DataFrame({"name": ["a", "b", "c"] * 50, "x": np.arange(150.0)})
    worth = {"a": 1.0, "b": 9.0, "c": 4.0}
    found = weighin.effects(
        lambda rows: rows["name"].map(worth).to_numpy() + 0.01 * rows["x"], frame, random_state=0
    )
    assert found.direction["name"] == "differs"
    assert found.level_order("name") == ("b", "c", "a")
    assert found.sentence("name") == "The prediction is highest for name = b and lowest for a, by 8."


def test_truth_values_and_ordered_categories_rise_and_fall():
    size = pd.Categorical(["s", "m", "l"] * 50, categories=["s", "m", "l"], ordered=True)
    frame = pd.DataFrame({"flag": [True, False, False] * 50, "size": size})
    found = weighin.effects(
        lambda rows: 3.0 * rows["flag"].to_numpy() - rows["size"].cat.codes.to_numpy(), frame, random_state=0
    )
    assert dict(found.direction) == {"flag": "rises", "size": "falls"}
    assert found.sentence("flag") == "The prediction rises with flag: by 3 from False to True."


def test_sentences_name_the_turn():
    X = np.round(uniform(400, 2) * 5)
    found = weighin.effects(lambda X: -((X[:, 0] - 1) ** 2) + X[:, 1], X, random_state=0)
    assert (
        found.sentence("x0")
        == "The prediction peaks at x0 = 1: 36 higher than at \N{MINUS SIGN}5, 16 higher than at 5."
    )
    assert found.sentence("x1") == "The prediction rises with x1: by 10 from \N{MINUS SIGN}5 to 5."


def test_the_text_tells_the_largest_first_and_what_rows_that_occur_say():
    X = np.random.default_rng(0).normal(size=(1000, 3))
    X[:, 1] = 0.95 * X[:, 0] + 0.31 * X[:, 1]
    found = weighin.effects(lambda X: X[:, 0] * X[:, 1] + 0.3 * X[:, 0] + X[:, 2] * 0.1, X, random_state=0)
    lines = str(found).splitlines()
    assert lines[0] == "Effects on the prediction"
    starts = [line.split()[:2] for line in lines[4:7]]
    assert [name for name, _ in starts] == found_by_range(found)
    assert starts == [["x0", "↗"], ["x1", "may"], ["x2", "↗"]]
    assert "Predictions are 0.9" in str(found)
    told = next(line for line in found.summary().splitlines() if "with x0" in line)
    assert told.endswith("Among rows as they occur (accumulated local effects): dips.")
    assert repr(found) == str(found)


def found_by_range(found):
    """Names, that which moves predictions most first."""
    frame = found.to_frame().query("kind == 'pd'").groupby("feature")["effect"].agg(np.ptp)
    return list(frame.sort_values(ascending=False).index)


def test_the_interval_of_a_range_holds_for_the_two_points_that_were_looked_for():
    missed = 0
    for seed in range(60):
        X = np.random.default_rng(seed).normal(size=(80, 2))
        # nothing moves with x0 on average over all rows
        low, _ = weighin.effects(lambda X: X[:, 0] * X[:, 1], X, ["x0"], random_state=0)[
            "x0"
        ].reach_interval()
        missed += low > 0
    assert missed <= 6


def test_few_rows_claim_nothing():
    X = uniform(12)
    found = weighin.effects(lambda X: X[:, 0] + X[:, 1] ** 2, X, random_state=0)
    assert set(found.direction.values()) == {"none"}
    assert found.sentence("x0").startswith("Too few rows to say how the prediction moves with x0")
    assert "barely" not in found.summary()
    assert "no interval holds" in str(found)
    assert np.isnan(found["x0"].reach_interval()).all()
    assert "too few rows for an interval" in repr(found["x0"])


def test_frames_are_tidy(games, regression):
    found = weighin.effects(regression, games, random_state=0, n_curves=7)
    frame = found.to_frame()
    assert list(frame.columns) == [
        "feature",
        "kind",
        "value",
        "level",
        "effect",
        "ci_lower",
        "ci_upper",
        "share",
    ]
    assert (frame["ci_lower"] <= frame["effect"]).all()
    assert (frame["effect"] <= frame["ci_upper"]).all()
    assert not frame.duplicated(["feature", "kind", "level"]).any()
    wide = found.to_frame(0.999)
    assert (wide["ci_upper"] >= frame["ci_upper"]).all()
    centered = found.to_frame(centered=True)
    known = centered["level"] != "missing"
    for (name, _), part in centered[known].groupby(["feature", "kind"]):
        assert np.average(part["effect"], weights=part["share"]) == pytest.approx(0, abs=1e-6), name
    assert found.curves("elo").shape == (7, 20)
    middle = found.curves("elo", centered=True) @ np.array(found.to_dict()["features"][3]["shares"])
    assert np.abs(middle).max() < 1e-6


def test_of_a_large_table_some_rows_are_looked_at_and_all_are_named():
    X = np.random.default_rng(0).normal(size=(12_000, 2))

    def model(rows):
        return 2 * np.asarray(rows)[:, 0]

    found = weighin.effects(model, X, random_state=0)
    assert found.notes == ("Averages over 1,000 of 12,000 rows, drawn at random.",)
    assert found.rows == "the 12,000 rows given"
    middle = found.to_frame().query("feature == 'x0' and kind == 'pd'")["value"].median()
    assert abs(middle) < 0.1
    for frame in (pd.DataFrame(X, columns=["a", "b"]), pl.DataFrame(X, schema=["a", "b"])):
        same = weighin.effects(lambda rows: 2 * np.asarray(rows["a"]), frame, random_state=0)
        np.testing.assert_array_equal(same.to_frame()["value"], found.to_frame()["value"])
    every = weighin.effects(model, X, n_rows=None, grid=2, random_state=0)
    assert (every.n_rows, every.notes) == (12_000, ())


def test_the_same_seed_gives_the_same_numbers_and_rows_drawn_are_said():
    X = uniform(2000)
    first, again, other = (
        weighin.effects(lambda X: X[:, 0] ** 2, X, random_state=seed) for seed in (3, 3, 4)
    )
    pd.testing.assert_frame_equal(first.to_frame(), again.to_frame())
    assert not first.to_frame()["effect"].equals(other.to_frame()["effect"])
    assert first.n_rows == 1000
    assert "1,000 of 2,000 rows" in first.notes[0]
    assert first.random_state == 3
    drawn = weighin.effects(lambda X: X[:, 0] ** 2, X)
    repeated = weighin.effects(lambda X: X[:, 0] ** 2, X, random_state=drawn.random_state)
    pd.testing.assert_frame_equal(drawn.to_frame(), repeated.to_frame())


def test_frames_of_every_library_tell_the_same():
    X = pd.DataFrame(uniform(100), columns=["a", "b", "c"])

    def model(rows):
        return np.asarray(rows["a"]) ** 2 + np.asarray(rows["b"])

    first = weighin.effects(model, X, random_state=0).to_frame()
    for other in (pl.from_pandas(X), pl.from_pandas(X).to_arrow(), X.set_index(X.index[::-1])):
        pd.testing.assert_frame_equal(weighin.effects(model, other, random_state=0).to_frame(), first)


def test_a_class_is_chosen_and_named(classifier, games):
    default = weighin.effects(classifier, games, ["spread"], random_state=0)
    assert default.output in ("bad", "fair", "good")
    assert "output= chooses" in " ".join(default.notes)
    curves = {
        name: weighin.effects(classifier, games, ["spread"], output=name, random_state=0)
        for name in ("bad", "fair", "good")
    }
    total = sum(found.to_frame().query("kind == 'pd'")["effect"] for found in curves.values())
    np.testing.assert_allclose(total, 1, atol=1e-5)  # probabilities, not logits
    assert curves["good"].sentence("spread").startswith("The probability of good rises with spread")
    assert weighin.effects(classifier, games, ["spread"], output=2, random_state=0).output == "good"
    mean = {name: found.mean_prediction for name, found in curves.items()}
    assert default.output == max(mean, key=mean.get)


def test_of_two_classes_the_second_is_meant_and_without_probabilities_votes_count():
    X = uniform(200)
    y = np.where(X[:, 0] > 0, "up", "down")
    found = weighin.effects(LogisticRegression().fit(X, y), X, ["x0"], random_state=0)
    assert (found.output, found.direction["x0"], found.notes) == ("up", "rises", ())
    votes = weighin.effects(LinearSVC().fit(X, y), X, ["x0"], random_state=0)
    assert set(np.unique(votes.curves("x0"))) == {0.0, 1.0}
    assert votes.sentence("x0").startswith("How often up is predicted rises with x0: by ")
    down = weighin.effects(LinearSVC().fit(X, y), X, ["x0"], output="down", random_state=0)
    assert down.direction["x0"] == "falls"


def test_of_two_targets_the_first_is_meant(two_targets, games):
    found = weighin.effects(two_targets, games, ["spread"], random_state=0)
    assert found.output == "margin"
    other = weighin.effects(two_targets, games, ["spread"], output="total", random_state=0)
    assert not np.allclose(found.curves("spread"), other.curves("spread"))


def test_codes_of_embeddings_are_names_and_dates_are_written_as_such():
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(4, 3)
            self.last = torch.nn.Linear(4, 1)

        def forward(self, cat, cont):
            return self.last(torch.cat([self.table(cat[:, 0]), cont], 1))

    torch.manual_seed(0)
    codes = np.random.default_rng(0).integers(0, 4, (100, 1))
    found = weighin.effects(Net(), (codes, uniform(100, 1).astype(np.float32)), random_state=0)
    assert found.to_dict()["features"][0]["grid"] == ["0", "1", "2", "3"]
    assert found.direction["input0_0"] == "differs"
    days = pd.DataFrame({"day": pd.date_range("2021-01-01", periods=100)})
    found = weighin.effects(
        lambda rows: (rows["day"] - days["day"][0]).dt.days.to_numpy() * 1.0, days, random_state=0
    )
    assert found.sentence("day") == "The prediction rises with day: by 95 from 2021-01-03 to 2021-04-08."
    assert found.to_dict()["features"][0]["kind"] == "levels"


def test_a_dict_is_plain(games, regression):
    page = weighin.effects(regression, games, random_state=0, n_curves=5).to_dict()
    assert json.loads(json.dumps(page, allow_nan=False)) == page
    assert page.keys() >= {
        "output",
        "mean_prediction",
        "spread",
        "n_rows",
        "confidence_level",
        "notes",
        "features",
    }
    for effect in page["features"]:
        k = len(effect["grid"])
        assert {len(effect[key]) for key in ("mean", "lower", "upper", "shares")} == {k}
        assert [len(curve) for curve in effect["curves"]] == [k] * 5
        assert f"`{effect['feature']}`" in effect["sentence"]
        assert effect["kind"] == ("numeric" if effect["feature"] in ("elo", "rest", "spread") else "levels")
        assert len(effect["arrow"]) == 1


def test_the_model_and_the_table_come_back_as_they_were(regression, games):
    before = games.copy(deep=True)
    regression.model.train()
    torch.manual_seed(5)
    state, weights = torch.get_rng_state(), {k: v.clone() for k, v in regression.model.state_dict().items()}
    weighin.effects(regression, games)
    pd.testing.assert_frame_equal(games, before)
    assert regression.model.training
    regression.model.eval()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(v, weights[k]) for k, v in regression.model.state_dict().items())


def test_a_stochastic_model_is_said_to_be_one():
    rng = np.random.default_rng(0)
    found = weighin.effects(lambda X: X[:, 0] + rng.normal(size=len(X)), uniform(), ["x0"], random_state=0)
    assert any("stochastic" in note for note in found.notes)


def test_one_value_and_two_rows_are_still_told():
    X = np.column_stack([np.ones(50), np.arange(50.0)])
    found = weighin.effects(lambda X: X[:, 0] + X[:, 1], X, random_state=0)
    assert found.direction["x0"] == "none"
    assert found.sentence("x0") == "x0 has one value only: nothing can move with it."
    tiny = weighin.effects(lambda X: X[:, 1], X[:2], random_state=0)
    json.dumps(tiny.to_dict(), allow_nan=False)
    assert str(tiny)


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
    found = weighin.effects(lambda X: X[:, 0] + X[:, 1], uniform(), random_state=0)
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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"features": ["x7"]}, "Unknown feature 'x7'"),
        ({"features": "x0"}, r"write \['x0'\]"),
        ({"features": []}, "Nothing to weigh"),
        ({"grid": 1}, "grid must be an integer >= 2, got 1"),
        ({"grid": 2.5}, "grid must be an integer"),
        ({"n_rows": 1}, "n_rows must be an integer >= 2 or None"),
        ({"n_curves": -1}, "n_curves must be an integer >= 0"),
        ({"random_state": -1}, "random_state must be an integer >= 0 or None"),
        ({"batch_size": 0}, "batch_size"),
        ({"max_memory": 0}, "max_memory"),
        ({"n_jobs": 0}, "n_jobs must be an integer other than 0"),
        ({"missing": "fill"}, "missing must be one of"),
        ({"output": "margin"}, "one output: leave it out"),
        ({"output": 3}, "output must be from 0 to 0, got 3"),
        ({"X": None}, "X is needed"),
    ],
)
def test_what_cannot_be_used_is_said(arguments, told):
    with pytest.raises(weighin.InputError, match=told):
        weighin.effects(lambda X: X[:, 0], **{"X": uniform(50), **arguments})


def test_an_unknown_class_is_said(classifier, games):
    with pytest.raises(weighin.InputError, match=r"Did you mean 'good'.*Outputs: 'bad', 'fair', 'good'"):
        weighin.effects(classifier, games, ["spread"], output="god", random_state=0)


def test_predictions_that_are_no_numbers_are_said():
    with pytest.raises(weighin.ModelError, match="finite"):
        weighin.effects(lambda X: np.where(X[:, 0] > 0.9, np.nan, X[:, 0]), uniform(50), random_state=0)


def test_a_result_is_asked_for_what_it_has():
    found = weighin.effects(lambda X: X[:, 0], uniform(50), random_state=0)
    for ask in (found.curves, found.sentence, found.level_order):
        with pytest.raises(weighin.InputError, match="Unknown feature 'y0'"):
            ask("y0")
    with pytest.raises(weighin.InputError, match="confidence_level"):
        found.to_frame(1.0)
    with pytest.raises(weighin.InputError, match="confidence_level"):
        found.to_dict(0)
    with pytest.raises(weighin.InputError, match="limit"):
        found.plot(limit=0)
    with pytest.raises(weighin.InputError, match=r"write \['x0'\]"):
        found.plot("x0")
    with pytest.raises(weighin.InputError, match="Nothing to draw"):
        found.plot([])
    with pytest.raises(weighin.InputError, match="1 features, got 2 Axes"):
        found.plot(["x0"], ax=[None, None])
    with pytest.raises(AttributeError):
        found.n_rows = 3


def test_a_learners_own_rows_are_associated_too(regression, games):
    from weighin._associations.associations import auto_groups
    from weighin._models import as_model

    adapted = as_model(regression)
    data = adapted.encode(None, None, "raise", False)
    columns = adapted.raw_columns(data, data.features, None, 20)
    found = weighin.associations(columns, ["spread", "elo", "home_name"], random_state=0)
    given = weighin.associations(games.iloc[160:], ["spread", "elo", "home_name"], random_state=0)
    np.testing.assert_allclose(found.association, given.association, atol=1e-3)
    assert auto_groups(columns, random_state=0) == auto_groups(games.iloc[160:, :6], random_state=0)


def test_among_many_features_chance_makes_no_direction_either():
    n_features, claimed = 20, []
    for seed in range(20):
        X = np.random.default_rng(seed).normal(size=(24, n_features + 1))
        # on average over all rows nothing moves with any of these; a strong feature is found beside them
        found = weighin.effects(
            lambda X: 3 * X[:, 0] + X[:, 1:].reshape(len(X), -1, 2).prod(2).sum(1), X, random_state=0, grid=2
        )
        assert found.direction["x0"] == "rises"
        claimed.append(sum(word != "none" for word in found.direction.values()) - 1)
    # one false arrow or more in 5% of tables
    assert np.count_nonzero(claimed) <= 2
