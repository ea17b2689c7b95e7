"""Weigh the features of a trained model: validate, adapt, plan, run, infer, result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, overload

from weighin._base.checks import seed_of
from weighin._base.errors import InputError
from weighin._engine import Resources, Session
from weighin._models import as_model, is_prepared
from weighin._models.levels import levels_of
from weighin._results.importance import Importance
from weighin._tables.containers import Table, as_table
from weighin._weigh import arguments
from weighin._weigh.all_rows import AllRows
from weighin._weigh.grouping import Grouping
from weighin._weigh.large import check_rows, is_file, open_rows
from weighin._weigh.parts.on_ray import check_for_ray, is_ray_dataset, weigh_on_ray
from weighin._weigh.weighing import Weighing, several


@overload
def weigh(
    model: list[Any] | tuple[Any, ...],
    X: Any = None,
    y: Any = None,
    *,
    given: Any = None,
    metric: Any = None,
    greater_is_better: bool | None = None,
    outputs: str | None = None,
    classes: Sequence[Any] | None = None,
    features: Iterable[str] | None = None,
    groups: Mapping[str, Iterable[str]] | str | None = None,
    feature_names: Iterable[str] | None = None,
    within: Any = None,
    by: Any = None,
    n_repeats: int | str = "auto",
    rows: int | str | AllRows = "auto",
    precision: float | None = None,
    max_seconds: float | None = None,
    sample_weight: Any = None,
    random_state: int | None = None,
    missing: str = "raise",
    batch_size: int | None = None,
    device: Any = None,
    arithmetic: str | None = None,
    n_jobs: int | None = None,
    max_memory: int = 256,
    keep_rows: bool = False,
    progress: bool | None = None,
) -> tuple[Importance, ...]: ...


@overload
def weigh(
    model: Any,
    X: Any = None,
    y: Any = None,
    *,
    given: Any = None,
    metric: Any = None,
    greater_is_better: bool | None = None,
    outputs: str | None = None,
    classes: Sequence[Any] | None = None,
    features: Iterable[str] | None = None,
    groups: Mapping[str, Iterable[str]] | str | None = None,
    feature_names: Iterable[str] | None = None,
    within: Any = None,
    by: Any = None,
    n_repeats: int | str = "auto",
    rows: int | str | AllRows = "auto",
    precision: float | None = None,
    max_seconds: float | None = None,
    sample_weight: Any = None,
    random_state: int | None = None,
    missing: str = "raise",
    batch_size: int | None = None,
    device: Any = None,
    arithmetic: str | None = None,
    n_jobs: int | None = None,
    max_memory: int = 256,
    keep_rows: bool = False,
    progress: bool | None = None,
) -> Importance: ...


def weigh(
    model: Any,
    X: Any = None,
    y: Any = None,
    *,
    given: Any = None,
    metric: Any = None,
    greater_is_better: bool | None = None,
    outputs: str | None = None,
    classes: Sequence[Any] | None = None,
    features: Iterable[str] | None = None,
    groups: Mapping[str, Iterable[str]] | str | None = None,
    feature_names: Iterable[str] | None = None,
    within: Any = None,
    by: Any = None,
    n_repeats: int | str = "auto",
    rows: int | str | AllRows = "auto",
    precision: float | None = None,
    max_seconds: float | None = None,
    sample_weight: Any = None,
    random_state: int | None = None,
    missing: str = "raise",
    batch_size: int | None = None,
    device: Any = None,
    arithmetic: str | None = None,
    n_jobs: int | None = None,
    max_memory: int = 256,
    keep_rows: bool = False,
    progress: bool | None = None,
) -> Importance | tuple[Importance, ...]:
    """Measure how much worse a trained model gets when a feature's values are shuffled between rows.

    Parameters
    ----------
    model : fastai TabularLearner, torch module, scikit-learn estimator or function, or a list of models
        Trained. It comes back as it was. A learner may be live or loaded with ``load_learner``; an estimator may be a
        pipeline; a function takes `X`, or rows of it, and gives predictions. Several models get the same shuffles.
        Boosters, Keras, ONNX, results of statsmodels and others are read as they are: docs/works-with.md has the line
        for each. An encoder goes before its network as ``(encoder, network)``; the features are then its raw columns.
    X : table, optional
        What the model takes, n_rows rows of it: a frame (pandas, polars, pyarrow, whatever narwhals knows, lazy ones
        too, or has the Arrow C stream), for a learner raw as before training; a matrix, masked, structured or sparse
        too; a dict of columns, or records; torch's data sets and loaders, which bring `y` along; for a torch module
        also a tuple or dict of tensors; a path, a pattern or a folder of files (csv, parquet, arrow, json lines), a
        data set of pyarrow, a relation of DuckDB, which `rows` may draw from without reading all into memory; a dataset
        of Ray, which is weighed where it lies (docs/scale.md).
        It stays untouched. Only a learner does without, and takes its validation set. Use rows the model was not
        trained on.
    y : str or array-like of shape (n_rows,) or (n_rows, n_targets), optional
        Target, or the name of the column of `X` that is the target and no feature; by default a learner's target
        column(s) in `X`. "prediction_change" needs none. A pandas Series goes by its index, as `within`, `by` and
        `sample_weight` do: rows in another order are put into that of `X`, which the notes say; others are refused.
    given : "rest", str, list of str, mapping of str to these, or a list of several, optional
        Measure what each feature tells beyond other columns: it is swapped among rows that are alike in these, and only
        by what they do not explain of it. "rest" is all other columns of the model; a name or a list of names are
        these; a mapping has its own for each feature or group, and shuffles freely what it does not name.
        ``given=[None, "rest"]`` weighs both ways, and `Importance.of` gives the second. For metrics that are means over
        rows or functions of one, without `precision`; n_repeats="auto" takes 5 to 12 shuffles.
    metric : str, fastai metric, scorer, torchmetrics object, callable, or a list of them, optional
        By default a learner's first metric, its loss if it has none; for other models what fits their outputs:
        "log_loss" for classes, "mae" for numbers, "accuracy" for labels, "pinball_loss" for quantiles. Names: "mae",
        "mse", "rmse", "accuracy", "error_rate", "log_loss"; those of scikit-learn's scorers, with or without ``neg_``;
        "mae[margin]" for one target of several; for a learner those of its metrics and "loss"; for all
        "prediction_change", which says how far the prediction itself moves, or how often a label changes. A loss of
        torch is called as torch calls it; any other callable takes ``(y, pred)`` as numpy arrays. Several metrics are
        taken of the same predictions; the first is that of the result, `Importance.of` gives the others.
    greater_is_better : bool, optional
        Direction of a metric weighin does not know; never guessed.
    outputs : str, optional
        What the model's outputs mean: "number", "count", "probability", "logit", "label" (predicted classes), or
        "quantile:0.9" (several as "quantile:0.1,0.5,0.9"). By default what the model says, or its last layer, or its
        values on all rows (those that sum to 1 are probabilities), which the notes of the result then tell; where it
        matters and cannot be told, an error says so.
    classes : sequence, optional
        Labels of the classes, for a model that does not know them: in the order of its outputs, or of the numbers that
        it predicts. One output is that of the second of two.
    features : iterable of str, optional
        Weigh only these; all by default.
    groups : mapping of str to iterable of str, or "auto", optional
        Each group is weighed as one more feature: one shuffle moves all its members. "auto" makes groups of the
        columns of `X` that carry much the same information, as `weighin.associations` finds them.
    feature_names : iterable of str, optional
        What to call the columns of a matrix.
    within : str or array-like of shape (n_rows,), optional
        Strata, by the name of a column of `X` or as values: rows exchange values with rows of their own stratum only.
    by : str or array-like of shape (n_rows,), optional
        Segments to tell apart, likewise: the result has numbers for each, too. Donors come from all rows.
    n_repeats : "auto" or int
        Shuffles per feature, all features by the same ones. "auto" takes 5 to 50, as many as it takes to make the
        noise of shuffling at most a tenth of the variance of every importance (10 for metrics without moments). Fewer
        than 2 n_repeats + 1 rows, or rows of a stratum, allow fewer.
    rows : {"auto", "all"}, int or AllRows
        Of files and other tables that are read piece by piece (see `X`): "auto" takes all up to 2,000,000 rows and 1
        GiB, of larger ones 200,000 rows drawn at random, which a note says; a number draws so many; "all" takes all,
        larger ones piece by piece in bounded memory, and `AllRows` says how. See docs/big-files.md.
    precision : float, optional
        Instead of `n_repeats`: stop when the standard error of every importance is at most so many parts of the
        largest, 0.01 for 1 %. Rows are drawn before they are encoded, each is shuffled once, and features are left
        alone one by one; of fewer than 8,192 rows all are taken. For metrics that are means over rows, or functions
        of one.
    max_seconds : float, optional
        Stop about then, and say what was reached.
    sample_weight : str or array-like of shape (n_rows,), optional
        Weights of the rows, >= 0, of any scale. A pair of rows weighs as its receiver times its donor.
    random_state : int, optional
        Seed, >= 0. Drawn and recorded when not given.
    missing : {"raise", "drop", "mean"}
        What to do with missing values in columns where training had none.
    batch_size : int, optional
        Rows of one forward pass; does not change the numbers beyond rounding.
    device : str or torch.device, optional
        Where to predict; where the model is by default.
    arithmetic : {"tf32", "bfloat16"}, optional
        Make the network's matrix products in less precision, which a GPU is faster at; its own by default. For networks
        whose layers weighin reads one by one. A note tells how far it moves importances: docs/devices.md.
    n_jobs : int, optional
        Threads; -1 for all processors. By default all of them for torch on the CPU and for those of scikit-learn's own
        estimators that bring no threads along, one for other models. Estimators and functions run under joblib, so
        ``joblib.parallel_config`` may choose processes. Does not change numbers.
    max_memory : int
        Megabytes to hold at once beside the encoded table, about. Calls of the whole table (see Notes) may take up to
        2 GiB, or `max_memory`. Metrics that need all rows at once (an area under
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
    Whether a row's prediction depends on the rows it is predicted with (lags, ranks or category codes made inside the
    model, statistics of a batch) is found out on all rows, as they are and swapped, by at most two passes; by none for
    scikit-learn's own estimators and for networks of known layers. Where it does, or a part of the table cannot be
    predicted, every swap is predicted on the whole table in its order, as scikit-learn does, and a note says so. What
    the index of a row tells stays with the row that receives.

    Rows exchange values in random blocks of 4,096 (512 with `max_seconds`, fewer where the model is slow). Intervals of
    areas under the ROC curve, average precision, shares explained and counts of labels come from what each row adds to
    the metric. Of a metric of unknown form, such as a function of yours, there are about 25 blocks, left out one after
    the other to tell how sure its importances are: under one seed, shuffles are then others than without it.

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
        arithmetic=arithmetic,
    )
    check_rows(rows)
    metrics = arguments.metrics_asked(metric)
    seed = seed_of(random_state)
    if isinstance(features, Iterator):
        # it is read more than once
        features = list(features)
    asked = {
        "y": y, "given": given, "metric": metric, "greater_is_better": greater_is_better, "outputs": outputs,
        "classes": classes, "features": features, "groups": groups, "feature_names": feature_names,
        "within": within, "by": by, "n_repeats": n_repeats, "sample_weight": sample_weight, "missing": missing,
    }  # fmt: skip
    resources = Resources(batch_size, n_jobs, int(max_memory) * 2**20, arithmetic=arithmetic)
    many = isinstance(model, list | tuple) and not is_prepared(model)
    if is_ray_dataset(X):
        check_for_ray(
            {
                "several models": many,
                "precision": precision is not None,
                "max_seconds": max_seconds is not None,
                "keep_rows": keep_rows,
                f"rows={rows!r}": rows not in ("auto", "all"),
            }
        )
        return weigh_on_ray(model, X, asked, seed, resources, device=device, progress=progress)
    adapt = partial(as_model, device=device, outputs=outputs, classes=classes)
    models = [adapt(one) for one in (model if many else [model])]
    first = model[0] if isinstance(model, list | tuple) and model else model
    levels = levels_of(first) if is_file(X) else None
    X, large, notes = open_rows(X, y, feature_names, levels, rows, seed, precision is not None)
    if large is not None and large.all_rows is not None:
        if many or precision is not None or keep_rows:
            what = "several models" if many else "precision" if precision is not None else "keep_rows"
            raise InputError(f"All rows are read piece by piece here, which does not go with {what}.")
        from weighin._weigh.stream.run import weigh_all

        return weigh_all(
            model, large.source, large.all_rows, asked, seed, resources, device=device, max_seconds=max_seconds,
            progress=progress,
        )  # fmt: skip
    if large is None:
        table = as_table(X, y, feature_names, levels)
        table = replace(table, notes=(*notes, *table.notes))
        table, (within, by, sample_weight) = table.align(within=within, by=by, sample_weight=sample_weight)
    elif precision is None:
        table, beside = large.drawn(within=within, by=by, sample_weight=sample_weight)
        within, by, sample_weight = beside.values()
    else:
        table = Table(None)
    ask = Weighing(
        Importance, table, metrics, greater_is_better, features, Grouping(groups, seed), within, by, n_repeats,
        sample_weight, seed, missing,
        resources,
        max_seconds, keep_rows, progress, given, large,
    )  # fmt: skip
    if many:
        return several(ask, models, precision)
    with Session(models[0]) as session:
        return ask.precisely(session, precision) if precision is not None else ask.fully(session)
