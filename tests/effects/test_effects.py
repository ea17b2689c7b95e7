"""Sentences, frames and files of effects; what cannot be used."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

import weighin

pytestmark = pytest.mark.slow

torch.set_num_threads(1)


def uniform(n=400, p=3, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, p))


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
    middle = found.curves("elo", centered=True) @ found["elo"].shares
    assert np.abs(middle).max() < 1e-6


def test_a_column_without_a_value_has_no_effect(tmp_path):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 2)), columns=["a", "b"])
    X.loc[::3, "b"] = np.nan
    model = HistGradientBoostingRegressor(max_iter=5).fit(X, 2 * X.a + X.b.fillna(0))
    of_missing = X[X.b.isna()]
    found = weighin.effects(model, of_missing, random_state=0)
    assert found["b"].direction == "none"
    assert (
        found["a"].direction
        == weighin.effects(model, of_missing, features=["a"], random_state=0)["a"].direction
    )
    assert "b         no value" in str(found)
    found.to_html(tmp_path / "page.html")
    assert "b has no value in these rows: nothing can move with it." in (tmp_path / "page.html").read_text(
        "utf-8"
    )


def test_of_a_large_table_some_rows_are_looked_at_and_all_are_named():
    X = np.random.default_rng(0).normal(size=(12_000, 2))

    def model(rows):
        return 2 * np.asarray(rows)[:, 0]

    found = weighin.effects(model, X, random_state=0)
    assert found.notes == ("Averages over 1,000 of 12,000 rows, drawn at random.",)
    assert found.rows == "1,000 of the 12,000 rows given, drawn at random"
    assert "averages over 1,000 of the 12,000 rows given, drawn at random" in " ".join(str(found).split())
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
    assert "choose another with output=" in " ".join(default.notes)
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
    assert (found.output, found["x0"].direction, found.notes) == ("up", "rises", ())
    votes = weighin.effects(LinearSVC().fit(X, y), X, ["x0"], random_state=0)
    assert set(np.unique(votes.curves("x0"))) == {0.0, 1.0}
    assert votes.sentence("x0").startswith("How often up is predicted rises with x0: by ")
    down = weighin.effects(LinearSVC().fit(X, y), X, ["x0"], output="down", random_state=0)
    assert down["x0"].direction == "falls"


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
    assert list(found["input0_0"].labels) == ["0", "1", "2", "3"]
    assert found["input0_0"].direction == "differs"
    days = pd.DataFrame({"day": pd.date_range("2021-01-01", periods=100)})
    found = weighin.effects(
        lambda rows: (rows["day"] - days["day"][0]).dt.days.to_numpy() * 1.0, days, random_state=0
    )
    assert found.sentence("day") == "The prediction rises with day: by 95 from 2021-01-03 to 2021-04-08."
    assert found["day"].dates


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
    assert found["x0"].direction == "none"
    assert found.sentence("x0") == "x0 has only one value: nothing can move with it."
    tiny = weighin.effects(lambda X: X[:, 1], X[:2], random_state=0)
    json.loads(tiny.to_json())
    assert str(tiny)


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
    with pytest.raises(weighin.InputError, match="limit"):
        found.plot(limit=0)
    with pytest.raises(weighin.InputError, match=r"write \['x0'\]"):
        found.plot("x0")
    with pytest.raises(weighin.InputError, match="Nothing to draw"):
        found.plot([])
    with pytest.raises(weighin.InputError, match="ax must be one or more matplotlib Axes or None, got str"):
        found.plot(["x0"], ax=["no Axes"])
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
        assert found["x0"].direction == "rises"
        claimed.append(sum(map(bool, found.claims().values())) - 1)
    # one false arrow or more in 5% of tables
    assert np.count_nonzero(claimed) <= 2


@pytest.mark.parametrize("target", [np.arange(40), pd.Series(["yes", "no"] * 20), ["yes", "no"] * 20])
def test_a_target_in_the_place_of_features_is_called_so(target):
    X = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(weighin.InputError, match=r"features holds 40 values.*effects needs no y"):
        weighin.effects(lambda rows: rows[:, 0], X, target)
