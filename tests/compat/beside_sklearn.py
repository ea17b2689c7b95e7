"""A table, models, and scikit-learn's function beside ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import make_column_transformer
from sklearn.inspection import permutation_importance as theirs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from weighin import permutation_importance

N = 90
rng = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "elo": rng.normal(size=N),
        "week": rng.integers(1, 5, N),
        "conference": rng.choice(["ACC", "MAC", "SEC"], N),
        "surface": pd.Categorical(rng.choice(["grass", "turf"], N)),
        "neutral": rng.random(N) < 0.3,
    }
)
MARGIN = FRAME["elo"] + FRAME["week"] * (FRAME["conference"] == "SEC") + 0.3 * rng.normal(size=N)
MATRIX = FRAME[["elo", "week", "neutral"]].to_numpy(float)
RESULT = np.where(MARGIN < 0, "lost", np.where(MARGIN < 1.5, "close", "won"))
WON = np.where(MARGIN > 0.7, "yes", "no")
WEIGHTS = rng.random(N)


def encoded(model: Any, y: Any = MARGIN) -> Any:
    """A pipeline on raw columns, fitted."""
    encoder = make_column_transformer((OneHotEncoder(), ["conference", "surface"]), remainder="passthrough")
    return make_pipeline(encoder, model).fit(FRAME, y)


def assert_same(found: Any, expected: Any) -> None:
    """Bunches, or dicts of them, hold the same numbers up to rounding."""
    assert type(found) is type(expected)
    if "importances" not in expected:
        assert list(found) == list(expected)
        for name in expected:
            assert_same(found[name], expected[name])
        return
    assert set(found) == set(expected)
    for name in expected:
        assert found[name].shape == expected[name].shape
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-12)


def both(model: Any, X: Any, y: Any, **options: Any) -> Any:
    """What weighin gives, after it was compared with what scikit-learn gives."""
    options = {"n_repeats": 3, "random_state": 7, **options}
    found, expected = (call(model, X, y, **options) for call in (permutation_importance, theirs))
    assert_same(found, expected)
    return found


def seeing_the_table(estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
    """A scorer that cannot be taken apart."""
    errors = np.abs(estimator.predict(X) - np.ravel(y))
    return (
        -float(errors.mean()) if sample_weight is None else -float(np.average(errors, weights=sample_weight))
    )


class Centred(RegressorMixin, BaseEstimator):
    """Predicts a row otherwise beside other rows."""

    def fit(self, X: Any, y: Any) -> Any:
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> Any:
        return (X - X.mean(0)).sum(1)
