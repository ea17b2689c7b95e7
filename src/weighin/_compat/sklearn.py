"""scikit-learn's `permutation_importance`: its arguments, its shuffles, its numbers, on weighin's engine."""

from __future__ import annotations

import warnings
from inspect import signature
from typing import Any

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_array, check_random_state
from sklearn.utils.random import sample_without_replacement

from weighin._base.errors import WeighinWarning
from weighin._compat.arguments import check_arguments, rows_to_draw
from weighin._compat.rows import as_rows, native
from weighin._compat.scorers import Part, parts, scored
from weighin._compat.scoring import Scores, Task, by_calls, by_engine

# since scikit-learn 1.6
NEW_NAME = "ensure_all_finite" in signature(check_array).parameters
ALLOW_NAN = {"ensure_all_finite" if NEW_NAME else "force_all_finite": "allow-nan"}


def permutation_importance(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    scoring: Any = None,
    n_repeats: int = 5,
    n_jobs: int | None = None,
    random_state: Any = None,
    sample_weight: Any = None,
    max_samples: float = 1.0,
) -> Any:
    """Give scikit-learn's permutation importance, number for number, sooner.

    A drop-in for ``sklearn.inspection.permutation_importance``. `weighin.weigh` says more: intervals, groups, the
    name and the unit of everything.

    Parameters
    ----------
    estimator : object
        Fitted, with ``fit`` and what the scorer asks for, as scikit-learn's have. Left as found.
    X : array-like or data frame of shape (n_samples, n_features)
        What it predicts on; untouched. Rows it was not trained on tell more.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), or None
        The target; None where the scorer needs none.
    scoring : str, callable, list, tuple or dict, optional
        The name of a scorer, a ``scorer(estimator, X, y)`` that gives a number or a dict of numbers, several names, or
        a dict of names and scorers. By default what ``estimator.score`` gives.
    n_repeats : int
        Shuffles per feature, at least 1; the same ones for all features.
    n_jobs : int, optional
        As joblib counts; None is 1 unless ``joblib.parallel_config`` says otherwise, -1 all processors. Threads, but
        processes for scorers that are called on shuffled tables. Does not change the numbers.
    random_state : int, RandomState instance or None
        Where one seed is drawn from; None for numpy's global generator. The same one gives the same shuffles as
        scikit-learn's function, and is left in the same state.
    sample_weight : array-like of shape (n_samples,), optional
        Passed to the scorer. They weigh the rows that receive values, not those that give them.
    max_samples : int or float
        So many rows, or such a share of them, are drawn to be shuffled, once for all. The baseline stays that of all
        rows, as in scikit-learn, so every importance is off by the difference between the two; a warning says so.

    Returns
    -------
    sklearn.utils.Bunch, or a dict of them by the names of several scorers
        With `importances_mean` and `importances_std` of shape (n_features,), and `importances` of shape
        (n_features, n_repeats): the baseline score minus that after each shuffle. The standard deviation is that of
        the shuffles alone: it says nothing of how sure the numbers are.

    Raises
    ------
    InputError
        On arguments that cannot be used. It is scikit-learn's InvalidParameterError, too, where that is what
        scikit-learn raises. Errors of the estimator and of the scorer come through as they are.

    Warns
    -----
    WeighinWarning
        Where `max_samples` leaves rows out.

    Notes
    -----
    Scorers made by ``make_scorer``, scikit-learn's own ones among them, look at predictions alone; so does ``score``
    of most estimators, of pipelines and of searches. They are called on predictions of weighin's engine, which asks
    an estimator once for all scorers, for many shuffles in one call, and once for equal rows: columns with few
    levels cost little. Numbers agree with scikit-learn's but for the rounding of the estimator's own arithmetic.
    Any other scorer is called on shuffled tables, as scikit-learn does; so is an estimator that predicts a row
    otherwise when it stands beside other rows, or fails on a part of them.

    References
    ----------
    Breiman (2001), "Random Forests", Machine Learning 45(1), 5-32.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> model = LinearRegression().fit(X, 3 * X[:, 0])
    >>> found = permutation_importance(model, X, 3 * X[:, 0], scoring="neg_mean_absolute_error", random_state=0)
    >>> found.importances.shape
    (2, 5)
    >>> found.importances_mean.round(1).tolist()
    [3.2, 0.0]
    """
    check_arguments(estimator, X, y, scoring, n_repeats, n_jobs, random_state, sample_weight, max_samples)
    X = _table(estimator, X)
    n_rows, n_drawn = len(X), rows_to_draw(max_samples, len(X))
    if n_drawn < n_rows:
        warnings.warn(
            f"max_samples: scores of {n_drawn:,} rows after each shuffle are compared with that of all {n_rows:,} rows "
            "before, as scikit-learn does, so every importance is off by the difference between the two.",
            WeighinWarning,
            stacklevel=2,
        )
    # as scikit-learn does: metrics are called many times
    with config_context(skip_parameter_validation=True):
        seed = check_random_state(random_state).randint(np.iinfo(np.int32).max + 1)
        scorer = check_scoring(estimator, scoring=scoring)
        rows = as_rows(X)
        # on a copy: a pipeline that scales in place would write to the user's table
        baseline = scored(scorer, estimator, native(rows.take(slice(None))), y, sample_weight)
        drawn, donors = _draw(seed, n_rows, n_drawn, int(n_repeats))
        task = Task(estimator, rows, donors, y, sample_weight, n_jobs)
        if drawn is not None:
            task = task.on(drawn)
        bunches: dict[str | None, Bunch] = {}
        for part in parts(estimator, scorer):
            bunches |= _bunches(task, part, baseline, all_rows=drawn is None)
    return {name: bunches[name] for name in baseline} if isinstance(baseline, dict) else bunches[None]


def _table(estimator: Any, X: Any) -> Any:
    """Take pandas' frames as they are, all else as an array; but keep names that the estimator knows."""
    if hasattr(X, "iloc"):
        return X
    if not nw.dependencies.is_into_dataframe(X) or not hasattr(estimator, "feature_names_in_"):
        return check_array(X, dtype=None, **ALLOW_NAN)
    frame = nw.from_native(X, eager_only=True)
    try:
        estimator.predict(frame.head(2).to_native())
    # any library's way to say that it does not read such a frame
    except Exception:
        return frame.to_pandas()
    return X


def _draw(
    seed: int, n_rows: int, n_drawn: int, n_repeats: int
) -> tuple[NDArray[np.int64] | None, NDArray[np.int64]]:
    """Draw rows, None for all of them, and the donors among them, shape (n_repeats, n_drawn), as scikit-learn does.

    It seeds every column alike; it shuffles positions that are shuffled already, and by them a column that is.
    """
    stream = np.random.RandomState(seed)
    drawn = None
    if n_drawn < n_rows:
        drawn = np.asarray(sample_without_replacement(n_rows, n_drawn, random_state=stream), dtype=np.int64)
    order = np.arange(n_drawn)
    donors = np.empty((n_repeats, n_drawn), dtype=np.int64)
    before = np.arange(n_drawn)
    for repeat in range(n_repeats):
        stream.shuffle(order)
        donors[repeat] = before = before[order]
    return drawn, donors


def _bunches(task: Task, part: Part, baseline: Any, *, all_rows: bool) -> dict[str | None, Bunch]:
    """Importances by the names of the scorers; by None where there is one without a name."""
    named = baseline if isinstance(baseline, dict) else {None: baseline}
    scores = by_engine(task, part)
    if scores is None or (all_rows and not _agree(scores, named)):
        scores = by_calls(task, part, baseline)
    # before and after by the same arithmetic, so that what moves nothing is exactly 0
    return {
        name: _bunch(before if all_rows else named[name], after) for name, (before, after) in scores.items()
    }


def _agree(scores: Scores, named: dict[Any, Any]) -> bool:
    return all(
        bool(np.isclose(before, named[name], rtol=1e-5, atol=1e-8, equal_nan=True))
        for name, (before, _) in scores.items()
    )


def _bunch(before: Any, after: Any) -> Bunch:
    importances = before - after
    return Bunch(
        importances_mean=np.mean(importances, axis=1),
        importances_std=np.std(importances, axis=1),
        importances=importances,
    )
