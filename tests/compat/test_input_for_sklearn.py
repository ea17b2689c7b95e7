"""`permutation_importance` fails where scikit-learn's fails."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from beside_sklearn import MARGIN, MATRIX, WEIGHTS, N
from sklearn.inspection import permutation_importance as theirs
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

import weighin
from weighin import InputError, permutation_importance

RIDGE = Ridge().fit(MATRIX, MARGIN)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimator": Ridge}, "estimator is the class Ridge"),
        ({"estimator": object()}, "must be fitted and have fit and predict"),
        ({"estimator": None}, "must be fitted and have fit and predict"),
        ({"estimator": lambda X: X}, r"got a function\. For a function call weighin\.weigh"),
        (
            {"estimator": torch.nn.Linear(3, 1)},
            r"got a torch module\. For a torch module call weighin\.weigh",
        ),
        ({"estimator": Ridge()}, "not fitted"),
        ({"X": None}, r"X must be a data frame or a matrix .* got None"),
        ({"X": "table"}, "X must be a data frame or a matrix"),
        ({"X": 3}, "X must be a data frame or a matrix"),
        (
            {"X": scipy.sparse.csr_array(MATRIX)},
            r"X must be dense, got a sparse csr_array\. Hint: X\.toarray",
        ),
        ({"X": MATRIX[:, 0]}, "Expected 2D array"),
        ({"X": MATRIX[None]}, "dim 3"),
        ({"X": MATRIX[:0]}, r"0 sample\(s\)"),
        ({"X": MATRIX[:, :2]}, "X has 2 features"),
        ({"X": np.where(MATRIX > 1, np.nan, MATRIX)}, "contains NaN"),
        ({"X": np.where(MATRIX > 1, np.inf, MATRIX)}, "infinity"),
        ({"y": None}, "NaN"),
        ({"y": MARGIN[:5]}, "inconsistent numbers of samples"),
        ({"y": "margin"}, r"y must hold a value for each row, or be None, got 'margin'"),
        ({"y": 3.0}, "y must hold a value for each row"),
        ({"y": np.full(N, np.nan)}, "contains NaN"),
        ({"scoring": "neg_mean_absolut_error"}, "Did you mean 'neg_mean_absolute_error'"),
        ({"scoring": 3}, "scoring must be the name of a scorer"),
        ({"scoring": {"r2"}}, "scoring must be the name of a scorer"),
        ({"scoring": r2_score}, "looks like it is a metric function"),
        ({"scoring": []}, "Empty list"),
        ({"scoring": {}}, "empty dict"),
        ({"scoring": ["r2", "r2"]}, "Duplicate"),
        ({"scoring": ["r2", "r3"]}, "not a valid scoring value"),
        ({"scoring": {1: "r2"}}, "Non-string"),
        ({"scoring": "neg_log_loss"}, "predict_proba"),
        ({"scoring": "neg_mean_squared_log_error"}, "Mean Squared Logarithmic Error"),
        ({"scoring": lambda e, X, y: None}, "unsupported operand"),
        ({"n_repeats": 0}, r"n_repeats must be an integer >= 1, got 0\."),
        ({"n_repeats": 2.0}, "n_repeats must be an integer"),
        ({"n_repeats": "auto"}, "n_repeats must be an integer"),
        ({"n_jobs": 1.5}, "n_jobs must be an integer other than 0, at most 1024, or None, got 1.5"),
        ({"n_jobs": 1_000_000}, "n_jobs must be an integer other than 0, at most 1024"),
        ({"n_jobs": 0}, "n_jobs == 0"),
        ({"random_state": -1}, "random_state must be an integer from 0"),
        ({"random_state": 1.5}, "random_state must be an integer"),
        ({"random_state": 2**32}, "random_state must be an integer"),
        ({"random_state": np.random.default_rng(0)}, r"Hint: np\.random\.RandomState\(seed\)"),
        ({"sample_weight": "mass"}, "sample_weight must hold a weight for each row"),
        ({"sample_weight": 2.0}, "sample_weight must hold a weight for each row"),
        ({"sample_weight": [1.0, 2.0]}, "inconsistent numbers of samples"),
        ({"sample_weight": np.zeros(N)}, "at least one non-zero number"),
        ({"sample_weight": np.full(N, np.nan)}, "contains NaN"),
        (
            {"sample_weight": WEIGHTS, "scoring": "neg_max_error"},
            "unexpected keyword argument 'sample_weight'",
        ),
        ({"max_samples": 0}, "max_samples must be an integer >= 1, or a share"),
        ({"max_samples": 0.0}, "max_samples must be an integer >= 1, or a share"),
        ({"max_samples": 1.5}, "max_samples must be an integer >= 1, or a share"),
        ({"max_samples": "all"}, "max_samples must be an integer >= 1, or a share"),
        ({"max_samples": N + 1}, f"max_samples must be <= n_samples, {N}, got {N + 1}"),
        ({"max_samples": 0.001}, "leaves no rows"),
    ],
    # an address differs from process to process
    ids=lambda value: re.sub(r" at 0x\w+", "", str(value))[:40],
)
def test_bad_input_is_said_by_errors_of_the_same_kind(change: dict[str, Any], message: str) -> None:
    options = {"random_state": 0, **change}
    given = [options.pop(name, value) for name, value in (("estimator", RIDGE), ("X", MATRIX), ("y", MARGIN))]
    with pytest.raises(Exception) as expected:
        theirs(*given, **options)
    with pytest.raises(type(expected.value), match=message) as found:
        permutation_importance(*given, **options)
    assert isinstance(found.value, ValueError | TypeError | AttributeError)


def test_repeated_names_are_said() -> None:
    X = pd.DataFrame(MATRIX, columns=["elo", "week", "elo"])
    with pytest.raises(InputError, match=r"these occur more than once: 'elo'\."):
        permutation_importance(RIDGE, X, MARGIN)


def test_a_learner_is_told_where_to_go(regression: Any, games: Any) -> None:
    with pytest.raises(InputError, match=r"got a fastai learner\. For a fastai learner call weighin\.weigh"):
        permutation_importance(regression, games, games["margin"])


def test_errors_are_weighins_and_scikit_learns() -> None:
    with pytest.raises(weighin.WeighinError) as found:
        permutation_importance(RIDGE, MATRIX, MARGIN, n_repeats=-3)
    assert isinstance(found.value, ValueError)
    assert isinstance(found.value, TypeError)
