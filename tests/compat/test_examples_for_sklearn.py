"""scikit-learn's own tests of its function, and the examples of its documentation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from beside_sklearn import both
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import (
    RandomForestClassifier,
)
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from weighin import permutation_importance

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "name",
    [
        "mixed_types",
        "mixed_types_pandas",
        "linear_regression",
        "sample_weight",
        "no_weights_scoring_function",
        "max_samples_error",
        "array_function_not_called",
    ],
)
def test_scikit_learns_own_tests(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = pytest.importorskip("sklearn.inspection.tests.test_permutation_importance")
    monkeypatch.setattr(tests, "permutation_importance", permutation_importance)
    getattr(tests, f"test_permutation_importance_{name}")()


def test_the_diabetes_example_of_the_user_guide() -> None:
    diabetes = load_diabetes()
    X_train, X_test, y_train, y_test = train_test_split(diabetes.data, diabetes.target, random_state=0)
    model = Ridge(alpha=1e-2).fit(X_train, y_train)
    found = permutation_importance(model, X_test, y_test, n_repeats=30, random_state=0)
    told = [
        f"{diabetes.feature_names[i]} {found.importances_mean[i]:.3f} +/- {found.importances_std[i]:.3f}"
        for i in found.importances_mean.argsort()[::-1]
        if found.importances_mean[i] - 2 * found.importances_std[i] > 0
    ]
    assert told == ["s5 0.204 +/- 0.050", "bmi 0.176 +/- 0.048", "bp 0.088 +/- 0.033", "sex 0.056 +/- 0.023"]
    scoring = ["r2", "neg_mean_absolute_percentage_error", "neg_mean_squared_error"]
    several = both(model, X_test, y_test, n_repeats=5, scoring=scoring)
    assert {str(diabetes.feature_names[found.importances_mean.argmax()]) for found in several.values()} <= {
        "s5",
        "bmi",
    }


def test_the_story_of_correlated_features() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=42)
    forest = RandomForestClassifier(25, random_state=42).fit(X_train, y_train)
    assert forest.score(X_test, y_test) > 0.95
    all_features = permutation_importance(forest, X_train, y_train, n_repeats=3, random_state=42)
    assert all_features.importances_mean.max() < 0.03  # no feature seems to matter, since others stand in

    distances = 1 - abs(spearmanr(X).statistic)
    linkage = hierarchy.ward(squareform((distances + distances.T) / 2, checks=False))
    clusters = hierarchy.fcluster(linkage, 1, criterion="distance")
    picked = [int(np.flatnonzero(clusters == cluster)[0]) for cluster in np.unique(clusters)]
    few = RandomForestClassifier(25, random_state=42).fit(X_train[:, picked], y_train)
    assert few.score(X_test[:, picked], y_test) > 0.93
    one_of_each = permutation_importance(few, X_test[:, picked], y_test, n_repeats=3, random_state=42)
    assert one_of_each.importances_mean.max() > 0.1  # now they do


def test_the_story_of_a_random_column_with_many_values() -> None:
    table = np.random.default_rng(42)
    n = 600
    X = pd.DataFrame({"sex": table.choice(["female", "male"], n), "age": table.uniform(0, 80, n)})
    X["random_cat"] = table.choice(["a", "b", "c"], n)
    X["random_num"] = table.normal(size=n)
    odds = 2.5 * (X["sex"] == "female") - 0.02 * X["age"] - 0.5
    y = np.where(table.random(n) < 1 / (1 + np.exp(-odds)), "survived", "died")
    encoder = make_column_transformer((OrdinalEncoder(), ["sex", "random_cat"]), remainder="passthrough")
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=42)
    forest = make_pipeline(encoder, RandomForestClassifier(20, random_state=42)).fit(X_train, y_train)
    impurity = dict(
        zip(["sex", "random_cat", "age", "random_num"], forest[-1].feature_importances_, strict=True)
    )
    assert impurity["random_num"] > impurity["sex"]  # what trees tell of themselves
    seen = dict(zip(X, both(forest, X_train, y_train).importances_mean, strict=True))
    unseen = dict(zip(X, both(forest, X_test, y_test, n_repeats=10).importances_mean, strict=True))
    assert max(unseen, key=unseen.get) == "sex"
    assert unseen["random_num"] < unseen["sex"] / 3
    assert seen["random_num"] > 0.1  # memorised: it counts on training rows alone
    assert seen["random_num"] > 3 * abs(unseen["random_num"])
