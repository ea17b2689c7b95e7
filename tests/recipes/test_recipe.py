"""Recipes: from a learner, an estimator, a function; the same seed gives the same model, nothing else is touched."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import weighin
from tables import FEATURES, Noisy, games, linear, noisy

FRAME = games(80)
ROOT = Path(__file__).parents[2]


def predicted(model, frame=FRAME, features=FEATURES):
    return np.asarray(model.predict(frame[list(features)]))


class TestEstimators:
    def test_a_clone_is_fitted_on_the_features_asked_for(self):
        estimator = LinearRegression()
        recipe = weighin.Recipe.from_estimator(estimator, target="margin", features=FEATURES)
        model = recipe.train(FRAME, ["spread", "week"])
        assert list(model.feature_names_in_) == ["spread", "week"]
        assert not hasattr(estimator, "coef_")

    def test_the_seed_goes_into_every_random_state(self):
        forest = make_pipeline(StandardScaler(), RandomForestRegressor(n_estimators=3))
        recipe = weighin.Recipe.from_estimator(forest, target="margin", features=FEATURES)
        one, same, other = (recipe.train(FRAME, random_state=seed) for seed in (5, 5, 6))
        assert (predicted(one) == predicted(same)).all()
        assert (predicted(one) != predicted(other)).any()

    def test_features_come_from_the_fit_where_it_knows_them(self):
        fitted = LinearRegression().fit(FRAME[["elo", "week"]], FRAME["margin"])
        assert weighin.Recipe.from_estimator(fitted, target="margin").features == ("elo", "week")
        with pytest.raises(weighin.InputError, match="features= is needed"):
            weighin.Recipe.from_estimator(LinearRegression(), target="margin")

    def test_several_targets(self):
        recipe = weighin.Recipe.from_estimator(
            LinearRegression(), target=["margin", "week"], features=["elo", "spread"]
        )
        assert recipe.train(FRAME).coef_.shape == (2, 2)

    def test_a_column_transformer_loses_what_is_dropped(self):
        columns = ColumnTransformer(
            [("cat", OneHotEncoder(), ["conference"]), ("num", StandardScaler(), ["spread", "elo"])]
        )
        features = ["conference", "spread", "elo"]
        recipe = weighin.Recipe.from_estimator(
            make_pipeline(columns, LinearRegression()), target="margin", features=features
        )
        assert recipe.train(FRAME, ["spread", "elo"])[-1].coef_.shape == (2,)
        assert recipe.train(FRAME, ["conference", "elo"])[-1].coef_.shape == (4,)
        with pytest.raises(weighin.InputError, match=r"drops 'week'.*remainder='passthrough'"):
            recipe.train(FRAME, [*features, "week"])
        assert columns.transformers[1][2] == ["spread", "elo"]

    def test_what_cannot_be_cloned_is_refused(self):
        with pytest.raises(
            weighin.ModelError, match=("An instance of an estimator with a fit method is needed")
        ):
            weighin.Recipe.from_estimator(LinearRegression, target="margin", features=["elo"])
        with pytest.raises(weighin.ModelError, match=r"Recipe\.from_function"):
            weighin.Recipe.from_estimator(object(), target="margin", features=["elo"])


class TestFunctions:
    def test_a_function_gets_the_columns_and_the_seed(self):
        seen = []

        def train(frame, features, seed):
            seen.append((list(frame.columns), list(features), seed))
            return LinearRegression().fit(frame[features], frame["margin"])

        recipe = weighin.Recipe.from_function(train, features=["elo", "spread"], target="margin")
        recipe.train(FRAME, ["elo"], random_state=3)
        assert seen == [(["elo", "margin"], ["elo"], 3)]
        assert "train" in recipe.name

    def test_global_generators_are_seeded_for_it_and_put_back(self):
        import torch

        drawn = []

        def train(frame, features, seed):
            drawn.append((random.random(), np.random.random(), float(torch.rand(1)), torch.get_num_threads()))
            return LinearRegression().fit(frame[features], frame["margin"])

        recipe = weighin.Recipe.from_function(train, features=["elo"], target="margin")
        before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
        for seed in (1, 1, 2):
            recipe.train(FRAME, random_state=seed)
        after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
        assert drawn[0] == drawn[1]
        assert all(one != other for one, other in zip(drawn[0][:3], drawn[2][:3], strict=True))
        assert drawn[0][3] == 1
        assert before == after

    @pytest.mark.slow
    def test_another_process_knows_a_recipe_and_seeds_torch_that_is_loaded_late(self):
        code = """
import sys; sys.path.insert(0, "tests")
import pandas as pd, weighin, tables
print(tables.noisy().fingerprint)
def train(frame, features, seed):
    import torch
    weight = float(torch.rand(1))
    return lambda table: table["a"] * weight
recipe = weighin.Recipe.from_function(train, features=["a"], target="y")
frame = pd.DataFrame({"a": [1.0, 2.0], "y": [0.0, 1.0]})
one, two = (recipe.train(frame, random_state=4)(frame).tolist() for _ in range(2))
assert one == two, (one, two)
"""
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == noisy().fingerprint

    def test_the_users_frame_stays_untouched(self):
        def vandal(frame, features, seed):
            frame.loc[:, "elo"] = 0.0
            return LinearRegression().fit(frame[features], frame["margin"])

        before = FRAME.copy()
        weighin.Recipe.from_function(vandal, features=["elo"], target="margin").train(FRAME)
        pd.testing.assert_frame_equal(FRAME, before)

    def test_polars_and_pyarrow_are_read(self):
        expected = predicted(linear().train(FRAME))
        assert np.allclose(predicted(linear().train(pl.from_pandas(FRAME))), expected)
        assert np.allclose(predicted(linear().train(pl.from_pandas(FRAME).to_arrow())), expected)


class TestChecks:
    def test_columns_that_are_not_there(self):
        with pytest.raises(weighin.InputError, match=r"'spraed' is missing.*Did you mean 'spread'"):
            linear().train(FRAME, ["spraed"])

    def test_names_twice_and_none(self):
        with pytest.raises(weighin.InputError, match="more than once among features and target: 'margin'"):
            weighin.Recipe.from_function(Noisy(), features=["elo", "margin"], target="margin")
        with pytest.raises(weighin.InputError, match="at least one feature"):
            weighin.Recipe.from_function(Noisy(), features=[], target="margin")
        with pytest.raises(weighin.InputError, match="trainer must be a function"):
            weighin.Recipe.from_function(7, features=["elo"], target="margin")
        with pytest.raises(weighin.InputError, match="features must be column names, got 7"):
            weighin.Recipe.from_function(Noisy(), features=7, target="margin")

    def test_a_model_is_no_recipe(self):
        with pytest.raises(
            weighin.ModelError, match=r"Recipe\.from_learner, from_estimator or from_function"
        ):
            weighin.ablate(LinearRegression(), FRAME, drop="each")

    def test_a_missing_target_is_refused(self):
        gap = FRAME.assign(margin=FRAME["margin"].where(FRAME.index > 3))
        with pytest.raises(weighin.InputError, match="'margin' is missing in 4 of 80 rows"):
            weighin.ablate(linear(), gap, drop="each", progress=False)


class TestFingerprints:
    def test_they_tell_recipes_apart(self):
        recipes = [
            linear(),
            linear(("spread",)),
            noisy(),
            noisy(0.2),
            weighin.Recipe.from_estimator(
                LinearRegression(positive=True), target="margin", features=FEATURES
            ),
        ]
        assert len({recipe.fingerprint for recipe in recipes}) == len(recipes)
        assert noisy().fingerprint == noisy().fingerprint

    def test_they_see_what_a_function_does(self):
        def made(number):
            return lambda frame, features, seed: Noisy(number)(frame, features, seed)

        def sums(function):
            return weighin.Recipe.from_function(function, features=["elo"], target="margin").fingerprint

        assert sums(made(1.0)) == sums(made(1.0))
        assert sums(made(1.0)) != sums(made(2.0))
        assert sums(lambda frame, features, seed: 1) != sums(lambda frame, features, seed: 2)

    def test_they_see_what_a_class_and_an_inner_function_do(self):
        """As in a notebook, where a cell is run again under the same names."""

        def sums(source):
            names = {"__name__": "notebook"}
            exec(source, names)
            return weighin.Recipe.from_function(names["train"], features=["elo"], target="margin").fingerprint

        by_class = "class Trainer:\n def __call__(self, frame, features, seed): return {}\ntrain = Trainer()"
        assert sums(by_class.format(1)) == sums(by_class.format(1)) != sums(by_class.format(2))
        base = "class Base:\n def __call__(self, *given): return {}\nclass Own(Base): pass\ntrain = Own()"
        assert sums(base.format(1)) == sums(base.format(1)) != sums(base.format(2))
        inner = "RATE = {}\ndef train(frame, features, seed):\n return [RATE for _ in frame]"
        assert sums(inner.format(1)) == sums(inner.format(1)) != sums(inner.format(2))

    @pytest.mark.slow
    def test_they_are_the_same_in_every_session(self):
        """Sets have another order in each, and functions another address."""
        code = (
            "import weighin\n"
            "def train(frame, features, seed): return len([f for f in features if f in {'a', 'b', 'c', 'd'}])\n"
            "print([weighin.Recipe.from_function(one, features=['a'], target='y').fingerprint "
            "for one in (train, lambda *given: (lambda: 1))])"
        )
        told = {
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("1", "2", "3")
        }
        assert len(told) == 1
