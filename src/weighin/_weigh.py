"""Weigh the features of a trained model: validate, adapt, plan, run, infer, result."""

from __future__ import annotations

import datetime
import numbers
import platform
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from typing import Any

import numpy as np

from weighin import _engine
from weighin._donors import CyclicDonors
from weighin._errors import InputError
from weighin._features import Feature, select
from weighin._metrics import PREDICTION_CHANGE, Metric
from weighin._models import as_model
from weighin._progress import tracking
from weighin._result import Importance

MISSING = ("raise", "drop", "mean")


class Interrupted(KeyboardInterrupt):
    """Ctrl-C after some features were finished.

    Parameters
    ----------
    result : Importance
        The finished features.
    asked : int
        How many there would have been.

    Attributes
    ----------
    result : Importance
        The finished features; its `complete` is False.
    """

    def __init__(self, result: Importance, asked: int) -> None:
        super().__init__(f"{len(result.features)} of {asked} features finished; they are in .result")
        self.result = result


def weigh(
    model: Any,
    X: Any = None,
    y: Any = None,
    *,
    metric: str | Metric | Callable[..., float] | None = None,
    greater_is_better: bool | None = None,
    features: Iterable[str] | None = None,
    groups: Mapping[str, Iterable[str]] | None = None,
    n_repeats: int = 10,
    random_state: int | None = None,
    missing: str = "raise",
    batch_size: int | None = None,
    device: Any = None,
    n_jobs: int | None = None,
    max_memory: int = 256,
    progress: bool | None = None,
) -> Importance:
    """Measure how much worse a trained model gets when a feature's values are shuffled between rows.

    Parameters
    ----------
    model : fastai TabularLearner, torch module, scikit-learn estimator or function
        Trained. It comes back as it was. A learner may be live or loaded with ``load_learner``; an estimator may be a
        pipeline; a function takes `X`, or rows of it, and gives predictions.
    X : data frame, array, tuple or dict, optional
        What the model takes, n_rows rows of it: a pandas, polars or pyarrow frame, for a learner raw as before
        training; a matrix; for a torch module also a tuple or dict of tensors. It stays untouched. Only a learner
        does without, and takes its validation set. Use rows the model was not trained on.
    y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
        Target; by default a learner's target column(s) in `X`. "prediction_change" needs none.
    metric : str, fastai metric, callable or Metric, optional
        By default a learner's first metric, its loss if it has none; for other models "mae" for numbers, "log_loss"
        for classes ("accuracy" without probabilities). Names: "mae", "mse", "rmse"; for a learner those of its
        metrics, "loss", "accuracy", "error_rate"; for an estimator those of scikit-learn's scorers; for all
        "prediction_change", which says how far the prediction itself moves. A callable takes ``(y, pred)`` as numpy
        arrays.
    greater_is_better : bool, optional
        Direction of a metric weighin does not know; never guessed.
    features : iterable of str, optional
        Weigh only these; all by default.
    groups : mapping of str to iterable of str, optional
        Each group is weighed as one more feature: one shuffle moves all its members.
    n_repeats : int
        Shuffles per feature, all features by the same ones. Fewer than 2 n_repeats + 1 rows allow fewer.
    random_state : int, optional
        Seed, >= 0. Drawn and recorded when not given.
    missing : {"raise", "drop", "mean"}
        What to do with missing values in columns where training had none.
    batch_size : int, optional
        Rows of one forward pass; does not change the numbers beyond rounding.
    device : str or torch.device, optional
        Where to predict; where the model is by default.
    n_jobs : int, optional
        Threads; -1 for all processors. By default all of them for torch on the CPU, one for other models. Estimators
        and functions run under joblib, so ``joblib.parallel_config`` may choose processes. Does not change numbers.
    max_memory : int
        Megabytes to hold at once beside the encoded table, about.
    progress : bool, optional
        Show a progress bar; by default where somebody can see it.

    Returns
    -------
    Importance
        Positive importances mean that the model gets worse without the feature.

    Raises
    ------
    InputError
        On arguments or a table that cannot be used; nothing was changed.
    ModelError
        If weighin cannot read the model, or its predictions are not finite.
    MetricError
        If the metric is unknown, its direction is, or it is not defined on these rows.
    Interrupted
        On Ctrl-C, with the features finished so far in ``.result``.

    References
    ----------
    Fisher, Rudin, Dominici (2019), "All Models are Wrong, but Many are Useful", JMLR 20(177).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 3))
    >>> y = 3 * X[:, 0] + X[:, 1]
    >>> imp = weigh(lambda rows: 3 * rows[:, 0] + rows[:, 1], X, y, metric="rmse", random_state=0)
    >>> [name for name, weight in zip(imp.features, imp.importances_mean) if weight > 1]
    ['x0', 'x1']

    A learner knows its target and its metric: ``weigh(learn, df)``.
    """
    _check_arguments(n_repeats, random_state, missing, batch_size, n_jobs, max_memory)
    adapted = as_model(model, device=device)
    against = (
        metric.against
        if isinstance(metric, Metric)
        else "baseline"
        if metric == PREDICTION_CHANGE.name
        else "target"
    )
    data = adapted.encode(X, y, missing, against == "target")
    measure = adapted.metric(metric, greater_is_better, data)
    chosen = select(data.features, features, groups)
    if measure.against == "target" and data.target is None:
        raise InputError(f"The metric {measure.name!r} needs a target and {data.what} have none: pass y=.")
    seed = _seed(random_state)
    donors = CyclicDonors(data.rows.n_rows, n_repeats, seed)
    notes = list(data.notes)
    if donors.n_repeats_possible < n_repeats:
        donors = CyclicDonors(data.rows.n_rows, donors.n_repeats_possible, seed)
        possible = f"{donors.n_repeats} distinct shuffle{'s' * (donors.n_repeats > 1)}"
        notes.append(f"{data.rows.n_rows} rows allow {possible}; {n_repeats} were asked for.")
    with tracking("Weighing", len(chosen) * donors.n_repeats * donors.n_rows, progress) as advance:
        scores = _engine.run(
            adapted,
            data,
            chosen,
            donors,
            measure,
            chunk_rows=batch_size,
            n_jobs=n_jobs,
            memory=max_memory * 2**20,
            advance=advance,
        )
    notes += _remarks(scores, data.rows.n_rows)
    result = _result(adapted.name, data, chosen, measure, scores, seed, notes)
    if not scores.complete:
        raise Interrupted(result, len(chosen))
    return result


def _check_arguments(
    n_repeats: Any, random_state: Any, missing: Any, batch_size: Any, n_jobs: Any, max_memory: Any
) -> None:
    def whole(value: Any) -> bool:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool)

    if not whole(n_repeats) or n_repeats < 1:
        raise InputError(f"n_repeats must be an integer >= 1, got {n_repeats!r}.")
    if random_state is not None and (not whole(random_state) or random_state < 0):
        raise InputError(f"random_state must be an integer >= 0 or None, got {random_state!r}.")
    if missing not in MISSING:
        raise InputError(f"missing must be one of {', '.join(map(repr, MISSING))}, got {missing!r}.")
    if batch_size is not None and (not whole(batch_size) or batch_size < 1):
        raise InputError(f"batch_size must be an integer >= 1 or None, got {batch_size!r}.")
    if n_jobs is not None and (not whole(n_jobs) or n_jobs == 0):
        raise InputError(f"n_jobs must be an integer other than 0, or None, got {n_jobs!r}.")
    if not whole(max_memory) or max_memory < 1:
        raise InputError(f"max_memory must be an integer >= 1, in megabytes, got {max_memory!r}.")


def _seed(random_state: int | None) -> int:
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(random_state)


def _remarks(scores: _engine.Scores, n_rows: int) -> list[str]:
    remarks = []
    if scores.noise:
        remarks.append(
            f"The model is stochastic: two predictions of the same rows differ by up to {scores.noise:.3g}; "
            "the importances hold that noise."
        )
    if scores.company:
        remarks.append(
            "A row's prediction depends on the rows predicted beside it (it changes by up to "
            f"{scores.company:.3g}): the importances depend on batch_size."
        )
    if scores.n_rows < n_rows:
        remarks.append(f"Interrupted after {scores.n_rows:,} of {n_rows:,} rows, drawn at random.")
    return remarks


def _result(
    model: str,
    data: Any,
    chosen: tuple[Feature, ...],
    metric: Metric,
    scores: _engine.Scores,
    seed: int,
    notes: list[str],
) -> Importance:
    finished = chosen[: len(scores.change)]
    worse = -scores.change if metric.greater_is_better else scores.change
    return Importance(
        features=tuple(feature.name for feature in finished),
        importances=worse + 0.0,  # no negative zeros
        baseline=scores.baseline,
        metric=metric.name,
        greater_is_better=metric.greater_is_better,
        n_rows=scores.n_rows,
        ways={f.name: way for f, way in zip(finished, scores.ways, strict=True)},
        rows=data.what,
        model=model,
        random_state=seed,
        groups={feature.name: feature.members for feature in finished if feature.members},
        complete=scores.complete,
        unfinished=tuple(feature.name for feature in chosen[len(finished) :]),
        notes=tuple(notes),
        versions=versions(),
        of_mean=metric.of_mean,
        moments=scores.moments,
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that computed a result."""
    found = {"python": platform.python_version()}
    for package in ("weighin", "numpy", "scikit-learn", "pandas", "torch", "fastai"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
