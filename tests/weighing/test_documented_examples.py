"""The two examples of scikit-learn's documentation, told by weighin: tables of their kind, the same stories."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.inspection import permutation_importance as of_scikit_learn
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

import weighin

NAMES = ["sex", "deck", "coin"]
NUMBERS = ["age", "family", "fare", "noise"]
USELESS = ["coin", "noise"]


# Trees like columns of many values: the impurity they take away on training rows says that noise matters.


@cache
def passengers() -> Any:
    """A ship's passengers, made up; `coin` has three sides, and like `noise` nothing to do with who survived."""
    rng, n = np.random.default_rng(0), 1300
    woman, deck = rng.random(n) < 0.36, rng.choice([1, 2, 3], n, p=[0.25, 0.2, 0.55])
    frame = pd.DataFrame(
        {
            "sex": np.where(woman, "female", "male"),
            "deck": deck.astype(str),
            "age": np.where(rng.random(n) < 0.2, np.nan, rng.gamma(4, 7.5, n).round()),
            "family": rng.poisson(0.9, n),
            "fare": rng.lognormal(4.4 - 0.7 * deck, 0.6),
            "coin": rng.choice(["heads", "tails", "edge"], n),
            "noise": rng.normal(size=n),
        }
    )
    chance = 1 / (1 + np.exp(1.3 - 2.6 * woman + 0.9 * (deck - 2.3) + 0.02 * (frame["age"].fillna(30) - 30)))
    return train_test_split(frame, (rng.random(n) < chance) * 1, stratify=woman, random_state=0)


@cache
def forest(**options: Any) -> Any:
    """Trees grown to the last row, unless told otherwise."""
    rows, _, survived, _ = passengers()
    columns = make_column_transformer((OrdinalEncoder(), NAMES), (SimpleImputer(), NUMBERS))
    trees = RandomForestClassifier(n_estimators=60, random_state=0, **options)
    return make_pipeline(columns, trees).fit(rows, survived)


def weighed(model: Any, rows: Any, survived: Any, **options: Any) -> Any:
    """By feature."""
    imp = weighin.weigh(model, rows, survived, metric="accuracy", random_state=0, n_jobs=1, **options)
    return imp.to_frame().set_index("feature")


@pytest.mark.slow
def test_noise_that_trees_split_on_is_told_apart_from_nothing_only_where_it_was_memorised() -> None:
    rows, fresh, survived, fresh_survived = passengers()
    model = forest()
    assert model.score(rows, survived) > 0.98
    assert model.score(fresh, fresh_survived) > 0.7
    impurity = pd.Series(model[-1].feature_importances_, index=NAMES + NUMBERS)
    assert impurity["noise"] > impurity[["deck", "family", "coin"]].max()

    held_out = weighed(model, fresh, fresh_survived)
    assert held_out.index[0] == "sex"
    assert held_out.loc["sex", "ci_lower"] > 0.05
    assert (held_out.loc[USELESS, "ci_lower"] < 0).all()
    assert (held_out.loc[USELESS, "pvalue"] > 0.05).all()

    memorised = weighed(model, rows, survived)
    assert (memorised.loc[USELESS, "ci_lower"] > 0).all()


@pytest.mark.slow
def test_a_forest_that_cannot_memorise_barely_uses_noise_on_its_training_rows() -> None:
    rows, _, survived, _ = passengers()
    memorised = weighed(forest(), rows, survived)
    held_back = weighed(forest(min_samples_leaf=20), rows, survived)
    assert held_back.loc["noise", "importance"] < memorised.loc["noise", "importance"] / 5
    assert held_back.index[0] == "sex"


@pytest.mark.slow
def test_the_drop_in_gives_the_numbers_of_the_example() -> None:
    _, fresh, _, fresh_survived = passengers()
    options: dict[str, Any] = {"n_repeats": 3, "random_state": 42}
    ours = weighin.permutation_importance(forest(), fresh, fresh_survived, **options)
    theirs = of_scikit_learn(forest(), fresh, fresh_survived, **options)
    np.testing.assert_allclose(ours.importances, theirs.importances, atol=1e-12)


# Columns that stand in for each other: each alone seems to be of no use to a model that needs them all.


@pytest.fixture(scope="module")
def tumours() -> Any:
    """Thirty measurements of cell nuclei; many are radius, perimeter and area of the same thing."""
    found = load_breast_cancer(as_frame=True)
    return train_test_split(found.data, found.target, random_state=42)


def trees(rows: Any, y: Any) -> Any:
    return RandomForestClassifier(n_estimators=60, random_state=42).fit(rows, y)


@pytest.mark.slow
def test_columns_that_stand_in_for_each_other_weigh_little_alone_and_more_together(tumours: Any) -> None:
    rows, fresh, y, fresh_y = tumours
    model = trees(rows, y)
    assert model.score(fresh, fresh_y) > 0.93
    options: dict[str, Any] = {"metric": "accuracy", "random_state": 0, "n_repeats": 10}
    imp = weighin.weigh(model, fresh, fresh_y, groups="auto", **options)
    weight = dict(zip(imp.features, imp.importances_mean, strict=True))
    assert max(weight[name] for name in rows.columns) < 0.05  # though the model is right 19 times out of 20
    group, members = max(imp.groups.items(), key=lambda entry: weight[entry[0]])
    assert weight[group] > 2 * max(weight[name] for name in members)
    place = imp.features.index(group)
    assert imp.ci_lower[place] > 0

    groups = weighin.associations(rows, random_state=0).groups.values()
    others = {name for members in groups for name in members[1:]}
    some = [name for name in rows.columns if name not in others]
    assert len(some) < 20
    fewer = trees(rows[some], y)
    assert fewer.score(fresh[some], fresh_y) > 0.9
    alone = weighin.weigh(fewer, fresh[some], fresh_y, **options)
    assert alone.importances_mean.max() > 2 * max(weight[name] for name in rows.columns)
