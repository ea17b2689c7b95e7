"""`permutation_importance` with several jobs, and when it is stopped."""

from __future__ import annotations

import threading
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from beside_sklearn import FRAME, MARGIN, MATRIX, Centred, both, encoded
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from weighin import permutation_importance

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
@pytest.mark.parametrize("scoring", ["r2", lambda e, X, y: e.score(X, y)])
def test_jobs_do_not_change_the_numbers(n_jobs: int, scoring: Any) -> None:
    X, y = np.tile(MATRIX, (30, 1)), np.tile(MARGIN, 30)
    model = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y)
    seen = set()

    def noting(estimator: Any, X: Any, y: Any) -> Any:
        seen.add(threading.get_ident())
        return scoring(estimator, X, y)

    with joblib.parallel_config(backend="threading"):
        both(model, X, y, scoring=noting if callable(scoring) else scoring, n_jobs=n_jobs)


def test_processes() -> None:
    model = encoded(DecisionTreeRegressor(random_state=0))
    both(model, FRAME, MARGIN, scoring=lambda e, X, y: e.score(X, y), n_jobs=2)


def test_threads_know_what_scikit_learn_was_told() -> None:
    class NeedsFrames(Centred):
        def predict(self, X: Any) -> Any:
            assert sklearn.get_config()["transform_output"] == "pandas"
            return X["elo"].to_numpy() * X["week"].to_numpy()

    X = pd.concat([FRAME[["elo", "week"]].astype(float)] * 40, ignore_index=True)
    y = np.tile(MARGIN, 40)
    model = make_pipeline(StandardScaler(), NeedsFrames())
    with sklearn.config_context(transform_output="pandas"), joblib.parallel_config(backend="threading"):
        both(model.fit(X, y), X, y, n_jobs=2)


class Interrupts(Centred):
    def __init__(self, at: int = 0) -> None:
        self.at = at

    def fit(self, X: Any, y: Any) -> Any:
        self.asked_ = 0
        return self

    def predict(self, X: Any) -> Any:
        self.asked_ += 1
        if self.asked_ == self.at:
            raise KeyboardInterrupt
        return X.sum(1)


@pytest.mark.parametrize("at", [1, 3, 8])
def test_ctrl_c_stops(at: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        permutation_importance(Interrupts(at).fit(MATRIX, MARGIN), MATRIX, MARGIN, random_state=0)
