"""What scikit-learn's function takes, checked before any work."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import InvalidParameterError

from weighin._base.checks import MOST_JOBS, is_jobs, is_real, is_whole
from weighin._base.errors import InputError, listing, nearest
from weighin._models import type_names


class ParameterError(InputError, InvalidParameterError):
    """An argument that cannot be used, where scikit-learn says so with an error of its own."""


def check_arguments(
    estimator: Any,
    X: Any,
    y: Any,
    scoring: Any,
    n_repeats: Any,
    n_jobs: Any,
    random_state: Any,
    sample_weight: Any,
    max_samples: Any,
) -> None:
    """Check arguments one by one.

    Raises ParameterError: on one that is of a wrong kind, or out of its range.
    Raises InputError: on column names that are not unique.
    """
    _check_estimator(estimator)
    _check_table(X)
    if y is not None and not _is_array_like(y):
        raise ParameterError(f"y must hold a value for each row, or be None, got {y!r}.")
    _check_scoring(scoring)
    if not is_whole(n_repeats, 1):
        raise ParameterError(f"n_repeats must be an integer >= 1, got {n_repeats!r}.")
    # joblib has words of its own for 0
    if not (is_jobs(n_jobs) or (is_whole(n_jobs) and n_jobs == 0)):
        raise ParameterError(
            f"n_jobs must be an integer other than 0, at most {MOST_JOBS}, or None, got {n_jobs!r}."
        )
    _check_random_state(random_state)
    if sample_weight is not None and not _is_array_like(sample_weight):
        raise ParameterError(
            f"sample_weight must hold a weight for each row, or be None, got {sample_weight!r}."
        )
    number = is_real(max_samples)
    if not number or not (max_samples >= 1 if is_whole(max_samples) else 0 < max_samples <= 1):
        raise ParameterError(
            f"max_samples must be an integer >= 1, or a share above 0 and up to 1.0, got {max_samples!r}."
        )


def rows_to_draw(max_samples: Any, n_rows: int) -> int:
    """Count the rows that `max_samples` asks for.

    Raises InputError: if they are more than there are, or none.
    """
    n_drawn = int(max_samples) if is_whole(max_samples) else int(max_samples * n_rows)
    if n_drawn > n_rows:
        raise InputError(f"max_samples must be <= n_samples, {n_rows}, got {max_samples!r}.")
    if not n_drawn:
        raise InputError(
            f"max_samples={max_samples!r} of {n_rows} rows leaves no rows. Use at least 1 / n_samples."
        )
    return n_drawn


def _check_estimator(estimator: Any) -> None:
    kinds = type_names(estimator)
    learner = "fastai.Learner" in kinds
    if isinstance(estimator, type):
        raise ParameterError(f"estimator is the class {estimator.__name__}; pass a fitted instance of it.")
    if learner or not hasattr(estimator, "fit"):
        kind = "fastai learner" if learner else "torch module" if "torch.Module" in kinds else ""
        what = f"a {kind}" if kind else "a function" if callable(estimator) else repr(estimator)
        hint = f" For {what} call weighin.weigh." if kind or callable(estimator) else ""
        raise ParameterError(
            f"estimator must be fitted and have fit and predict, as scikit-learn's have, got {what}.{hint}"
        )


def _check_table(X: Any) -> None:
    if issparse(X):
        raise ParameterError(f"X must be dense, got a sparse {type(X).__name__}. Hint: X.toarray().")
    if not _is_array_like(X):
        raise ParameterError(
            f"X must be a data frame or a matrix of shape (n_samples, n_features), got {X!r}."
        )
    if hasattr(X, "iloc") and hasattr(X, "columns") and not X.columns.is_unique:
        twice = X.columns[X.columns.duplicated()].unique()
        raise InputError(f"Column names must be unique; these occur more than once: {listing(twice)}.")


def _check_scoring(scoring: Any) -> None:
    if isinstance(scoring, str) and scoring not in get_scorer_names():
        names = get_scorer_names()
        raise ParameterError(
            f"Unknown scoring {scoring!r}.{nearest(scoring, names)} Names: {listing(names, len(names))}."
        )
    if not (scoring is None or callable(scoring) or isinstance(scoring, str | list | tuple | dict)):
        raise ParameterError(
            "scoring must be the name of a scorer, a scorer, a list, tuple or dict of them, or None, "
            f"got {scoring!r}."
        )


def _check_random_state(random_state: Any) -> None:
    if random_state is None or isinstance(random_state, np.random.RandomState):
        return
    if is_whole(random_state) and 0 <= random_state < 2**32:
        return
    hint = " Hint: np.random.RandomState(seed)." if isinstance(random_state, np.random.Generator) else ""
    raise ParameterError(
        f"random_state must be an integer from 0 to {2**32 - 1}, a numpy RandomState or None, got {random_state!r}."
        + hint
    )


def _is_array_like(value: Any) -> bool:
    if issparse(value) or isinstance(value, str | bytes) or getattr(value, "ndim", 1) == 0:
        return False
    return hasattr(value, "__len__") or hasattr(value, "shape") or hasattr(value, "__array__")
