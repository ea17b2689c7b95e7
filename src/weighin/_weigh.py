"""Weigh the features of a trained model: validate, adapt, plan, run, infer, result."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine import Scores
from weighin._errors import InputError
from weighin._features import select
from weighin._frames import n_rows_of, rows_of
from weighin._metrics import Metric
from weighin._models import Model, as_model
from weighin._models._base import Encoded
from weighin._result import Importance
from weighin._weighing import _arguments as arguments
from weighin._weighing._answers import remarks, result_of
from weighin._weighing._asking import PILOT_REPEATS, Answered, Asking, TimeUp
from weighin._weighing._grouping import Grouping
from weighin._weighing._precise import check_metrics, is_small, told, weigh_precisely
from weighin._weighing._row_values import row_values
from weighin._weighing._same_rows import sum_of_rows


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
    metric: Any = None,
    greater_is_better: bool | None = None,
    features: Iterable[str] | None = None,
    groups: Mapping[str, Iterable[str]] | str | None = None,
    within: Any = None,
    by: Any = None,
    n_repeats: int | str = "auto",
    precision: float | None = None,
    max_seconds: float | None = None,
    sample_weight: Any = None,
    random_state: int | None = None,
    missing: str = "raise",
    batch_size: int | None = None,
    device: Any = None,
    n_jobs: int | None = None,
    max_memory: int = 256,
    keep_rows: bool = False,
    progress: bool | None = None,
) -> Any:
    """Measure how much worse a trained model gets when a feature's values are shuffled between rows.

    Parameters
    ----------
    model : fastai TabularLearner, torch module, scikit-learn estimator or function, or a list of models
        Trained. It comes back as it was. A learner may be live or loaded with ``load_learner``; an estimator may be a
        pipeline; a function takes `X`, or rows of it, and gives predictions. Several models get the same shuffles.
    X : data frame, array, tuple or dict, optional
        What the model takes, n_rows rows of it: a pandas, polars or pyarrow frame, for a learner raw as before
        training; a matrix; for a torch module also a tuple or dict of tensors. It stays untouched. Only a learner
        does without, and takes its validation set. Use rows the model was not trained on.
    y : array-like of shape (n_rows,) or (n_rows, n_targets), optional
        Target; by default a learner's target column(s) in `X`. "prediction_change" needs none.
    metric : str, fastai metric, scorer, torchmetrics object, callable, or a list of them, optional
        By default a learner's first metric, its loss if it has none; for other models "mae" for numbers, "log_loss"
        for classes ("accuracy" without probabilities). Names: "mae", "mse", "rmse"; for a learner those of its
        metrics, "loss", "accuracy", "error_rate"; those of scikit-learn's scorers; for all "prediction_change",
        which says how far the prediction itself moves. A callable takes ``(y, pred)`` as numpy arrays. Several
        metrics are taken of the same predictions; the first is that of the result, `Importance.of` gives the others.
    greater_is_better : bool, optional
        Direction of a metric weighin does not know; never guessed.
    features : iterable of str, optional
        Weigh only these; all by default.
    groups : mapping of str to iterable of str, or "auto", optional
        Each group is weighed as one more feature: one shuffle moves all its members. "auto" makes groups of the
        columns of `X` that carry much the same information, as `weighin.company` finds them.
    within : str or array-like of shape (n_rows,), optional
        Strata, by the name of a column of `X` or as values: rows exchange values with rows of their own stratum only.
    by : str or array-like of shape (n_rows,), optional
        Segments to tell apart, likewise: the result has numbers for each, too. Donors come from all rows.
    n_repeats : "auto" or int
        Shuffles per feature, all features by the same ones. "auto" takes 5 to 50, as many as it takes to make the
        noise of shuffling at most a tenth of the variance of every importance (10 for metrics without moments). Fewer
        than 2 n_repeats + 1 rows, or rows of a stratum, allow fewer.
    precision : float, optional
        Instead of `n_repeats`: stop when the standard error of every importance is at most so many parts of the
        largest, 0.01 for 1 %. Rows are drawn before they are encoded, each is shuffled once, and features are left
        alone one by one; of fewer than 8,192 rows all are taken. For metrics that are means over rows, or functions
        of one.
    max_seconds : float, optional
        Stop about then, and say what was reached.
    sample_weight : str or array-like of shape (n_rows,), optional
        Weights of the rows, >= 0. A pair of rows weighs as its receiver times its donor.
    random_state : int, optional
        Seed, >= 0. Drawn and recorded when not given.
    missing : {"raise", "drop", "mean"}
        What to do with missing values in columns where training had none.
    batch_size : int, optional
        Rows of one forward pass; does not change the numbers beyond rounding.
    device : str or torch.device, optional
        Where to predict; where the model is by default.
    n_jobs : int, optional
        Threads; -1 for all processors. By default all of them for torch on the CPU and for those of scikit-learn's own
        estimators that bring no threads along, one for other models. Estimators and functions run under joblib, so
        ``joblib.parallel_config`` may choose processes. Does not change numbers.
    max_memory : int
        Megabytes to hold at once beside the encoded table, about. Metrics that need all rows at once (an area under
        the curve, a median) may take more: about 100 bytes for each row, and 9 for each of its shuffles.
    keep_rows : bool
        Keep what each shuffle changes row by row, in memory and in an ``.npz`` file beside the JSON: 4 bytes for each
        feature, shuffle and row. For the first metric, which must have a value per row.
    progress : bool, optional
        Show a progress bar; by default where somebody can see it.

    Returns
    -------
    Importance
        Positive importances mean that the model gets worse without the feature. A tuple of them for several models.

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

    Notes
    -----
    Rows exchange values in random blocks of 4,096 (512 with `max_seconds`, fewer where the model is slow). Where a
    metric has no value per row, and is no area under the ROC curve or count of labels either, there are about 25
    blocks, left out one after the other to tell how sure its importances are: under one seed, shuffles are then others
    than without it.

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
    arguments.check(
        n_repeats=n_repeats,
        precision=precision,
        max_seconds=max_seconds,
        random_state=random_state,
        missing=missing,
        batch_size=batch_size,
        n_jobs=n_jobs,
        max_memory=max_memory,
    )
    metrics = arguments.metrics_asked(metric)
    seed = arguments.seed_of(random_state)
    if isinstance(features, Iterator):
        features = list(features)  # it is read more than once
    ask = _Weighing(
        X, y, metrics, greater_is_better, features, Grouping(groups, seed), within, by, n_repeats, sample_weight, seed,
        missing,
        {"chunk_rows": batch_size, "n_jobs": n_jobs, "memory": int(max_memory) * 2**20},
        max_seconds, keep_rows, progress,
    )  # fmt: skip
    if isinstance(model, list | tuple):
        return _several(ask, [as_model(one, device=device) for one in model], precision)
    adapted = as_model(model, device=device)
    return ask.precisely(adapted, precision) if precision is not None else ask.fully(adapted)


def _several(ask: _Weighing, models: list[Model], precision: float | None) -> tuple[Importance, ...]:
    """Weigh models on the same shuffles, what these change kept row by row where the metric has values per row."""
    if not models:
        raise InputError("The list of models is empty.")
    if precision is not None or ask.max_seconds is not None:
        raise InputError(
            "Several models take the same shuffles: give n_repeats, not precision or max_seconds."
        )
    ask = replace(ask, keep_rows=ask.keep_rows or None)
    if ask.n_repeats == arguments.AUTO:
        ask = replace(ask, n_repeats=max(ask.asking(model).repeats(ask.seed)[0] for model in models))
    return tuple(ask.fully(model) for model in models)


@dataclass(frozen=True)
class _Weighing:
    """The arguments of `weigh`, checked."""

    X: Any
    y: Any
    metrics: list[Any]
    greater_is_better: bool | None
    features: Iterable[str] | None
    grouping: Grouping
    within: Any
    by: Any
    n_repeats: int | str
    sample_weight: Any
    seed: int
    missing: str
    options: dict[str, Any]
    max_seconds: float | None
    keep_rows: bool | None  # None: where the first metric has a value per row
    progress: bool | None

    def asking(self, model: Model, data: Encoded | None = None, deadline: float | None = None) -> Asking:
        """Encode the table, resolve the metrics, choose the features, read strata, segments and weights."""
        if data is None:
            data = model.encode(self.X, self.y, self.missing, arguments.needs_target(self.metrics))
        encoded = data
        metrics = arguments.resolve(
            self.metrics, self.greater_is_better, lambda one, better: model.metric(one, better, encoded)
        )
        groups = self.grouping.of(self.X, data.features, self.features)
        chosen = select(data.features, self.features, groups)
        for metric in metrics:
            if metric.against == "target" and data.target is None:
                raise InputError(
                    f"The metric {metric.name!r} needs a target and {data.what} have none: pass y=."
                )
        if self.keep_rows and not metrics[0].by_rows:
            raise InputError(
                f"keep_rows needs a first metric with a value per row; {metrics[0].name!r} has none."
            )
        values = row_values(self.X, data, within=self.within, by=self.by, sample_weight=self.sample_weight)
        asking = Asking(model, data, chosen, metrics, values, self.options, deadline, self.progress)
        asking.check_weights()
        return asking

    def fully(self, model: Model) -> Importance:
        """Weigh on all rows."""
        deadline = None if self.max_seconds is None else time.monotonic() + self.max_seconds
        asking = self.asking(model, deadline=deadline)
        asking = asking.paced(PILOT_REPEATS if self.n_repeats == arguments.AUTO else int(self.n_repeats))
        notes = list(asking.data.notes)
        with _time_allowed(self.max_seconds):
            (scores, metrics), block_rows = self._shuffled(asking, notes)
        late = asking.late and not scores.complete
        why = "Stopped, the time was over," if late else ""
        return self._result(asking, metrics, scores, notes, block_rows, why)

    def _shuffled(self, asking: Asking, notes: list[str]) -> tuple[Answered, int]:
        """Answers to what is asked, and the rows of their blocks; what there is to say goes into `notes`."""
        keep = asking.metrics[0].by_rows if self.keep_rows is None else self.keep_rows
        pilot, n_repeats, looked = asking.donors(PILOT_REPEATS, self.seed), self.n_repeats, None
        if n_repeats == arguments.AUTO:
            n_repeats, looked, enough = asking.repeats(self.seed)
            if looked is not None and enough and not (keep and looked[0].complete):
                return looked, pilot.block_rows
        donors = asking.donors(int(n_repeats), self.seed)
        if donors.n_repeats < int(n_repeats) and self.n_repeats != arguments.AUTO:
            possible = f"{donors.n_repeats} distinct shuffle{'s' * (donors.n_repeats > 1)}"
            notes.append(f"{_smallest(asking)} rows allow {possible}; {n_repeats} were asked for.")
        try:
            answered = asking.ask(donors, keep=keep)
        except TimeUp:
            if looked is None or keep:
                raise
            answered = None
        if looked is None or keep or not asking.late:
            assert answered is not None
            return answered, donors.block_rows
        if answered is not None and _size(answered) >= _size(looked):
            return answered, donors.block_rows
        notes.append(f'There was no time for the {donors.n_repeats} shuffles of n_repeats="auto".')
        return (replace(looked[0], complete=False), looked[1]), pilot.block_rows

    def precisely(self, model: Model, precision: float) -> Importance:
        """Weigh on as many rows as it takes."""
        if self.within is not None or self.by is not None or self.keep_rows:
            raise InputError("precision draws rows at random: it does not go with within, by or keep_rows.")
        deadline = None if self.max_seconds is None else time.monotonic() + self.max_seconds
        encoded = None
        if self.X is None:  # the rows a learner brings along
            encoded = model.encode(None, None, self.missing, arguments.needs_target(self.metrics))
        n_rows = n_rows_of(self.X) if encoded is None else encoded.rows.n_rows
        if is_small(n_rows):
            check_metrics(self.asking(model, encoded).metrics)
            return _told_of(precision, self.fully(model))
        last: list[Asking] = []

        def encode(rows: NDArray[np.int64]) -> Asking:
            if encoded is None:
                weights = self.sample_weight
                some = replace(
                    self,
                    X=rows_of(self.X, rows),
                    y=rows_of(self.y, rows),
                    sample_weight=weights
                    if weights is None or isinstance(weights, str)
                    else rows_of(weights, rows),
                )
                asking = some.asking(model, deadline=deadline)
            else:
                target = None if encoded.target is None else encoded.target[rows]
                asking = self.asking(
                    model, replace(encoded, rows=encoded.rows.take(rows), target=target), deadline
                )
            last[:] = [asking.like(last[0]) if last else asking.paced(1)]
            return last[0]

        with _time_allowed(self.max_seconds):
            scores, notes, n_drawn = weigh_precisely(encode, n_rows, precision, self.seed)
        what = f"{scores.n_rows:,} rows" if scores.n_rows < n_drawn else f"{n_drawn:,} of {n_rows:,} rows"
        if n_drawn < n_rows:
            what += ", drawn at random"
        asking = replace(last[0], data=replace(last[0].data, what=what))
        return self._result(asking, asking.metrics, scores, notes, asking.block_rows, n_rows=scores.n_rows)

    def _result(
        self,
        asking: Asking,
        metrics: tuple[Metric, ...],
        scores: Scores,
        notes: list[str],
        block_rows: int,
        late: str = "",
        n_rows: int | None = None,
    ) -> Importance:
        notes += [self.grouping.note] if self.grouping.note else []
        notes += remarks(scores, n_rows or asking.data.rows.n_rows, late or "Interrupted")
        missed = [metric.name for metric in asking.metrics if metric not in metrics]
        if missed:
            notes.append(f"There was no time for {', '.join(missed)}.")
        finished = scores.n_features == len(asking.features)
        stopped = late or n_rows is not None
        if stopped:
            scores = replace(scores, complete=finished)
        known = sum_of_rows(asking.data.target, self.X if scores.kept is not None else None)
        result = result_of(asking, metrics, scores, self.seed, block_rows, notes, known)
        if not scores.complete and not stopped:
            raise Interrupted(result, len(asking.features))
        return result


@contextmanager
def _time_allowed(max_seconds: float | None) -> Iterator[None]:
    """Say in words that the time was over before there was anything to tell."""
    try:
        yield
    except TimeUp:
        raise InputError(
            f"max_seconds={max_seconds:g} was over before anything was finished; allow more."
        ) from None


def _told_of(precision: float, result: Importance) -> Importance:
    """The same with a note on whether its standard errors are what was asked for."""
    each = [result.of(metric) for metric in result.metrics]
    reached = told(precision, [one.se for one in each], [one.importances_mean for one in each])
    shuffles = f"all rows shuffled {result.n_repeats} time{'s' * (result.n_repeats > 1)}"
    return replace(result, notes=(*result.notes, f"{reached}; {shuffles}."))


def _smallest(asking: Asking) -> str:
    strata = asking.values.strata
    return f"{asking.data.rows.n_rows}" if strata is None else f"Strata of {min(map(len, strata))}"


def _size(answered: Answered) -> tuple[int, int]:
    """Features, then rows."""
    return answered[0].n_features, answered[0].n_rows
