"""What is to be weighed, decided once from a sample of the rows, for all who weigh parts of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import AUTO, check_run, is_whole, seed_of
from weighin._base.errors import InputError, MetricError
from weighin._base.random_state import random_state_kept
from weighin._display.codec import to_json
from weighin._engine import Resources, Session
from weighin._engine.sums import STRATA
from weighin._metrics import Metric, Outputs, as_numpy
from weighin._metrics.explained import of_mean
from weighin._metrics.losses import squared_error
from weighin._models import Model, as_model
from weighin._results.importance import Importance
from weighin._tables.containers import as_table
from weighin._tables.frames import n_rows_of, rows_of
from weighin._weigh import arguments
from weighin._weigh.experiment import Experiment
from weighin._weigh.given import GivenPlan, asked_for, check_given, plan_given
from weighin._weigh.grouping import Grouping
from weighin._weigh.parts.part import PartTerms
from weighin._weigh.weighing import Weighing

# rows of a part: 32 blocks
PART_ROWS = 131_072
# rows that tell a model from others, and how far their predictions may be off on another machine
LOOK_ROWS = 32
LOOK_ERROR = 1e-3


@dataclass(frozen=True, eq=False)
class Asked:
    """What `plan_parts` was asked for, but for the model and the rows.

    `metrics`, `greater_is_better`, `outputs`, `classes`, `feature_names`, `missing`: as `weigh` takes them.
    `pinned`: what outputs mean, as the sample shows.
    `features`, `groups`: what to weigh, chosen.
    `columns`: name of the column that is "y", "within", "by" and "sample_weight", where that was given by name.
    `arrays`: those of them that were given as values.
    `given`: what given columns tell of each feature.
    `look`: a few rows, and what the model predicts there; None for a model that does not repeat itself.
    """

    metrics: list[Any]
    greater_is_better: bool | None
    outputs: str | None
    classes: Sequence[Any] | None
    pinned: Outputs | None
    features: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    feature_names: tuple[str, ...] | None
    missing: str
    columns: Mapping[str, str]
    arrays: frozenset[str]
    given: GivenPlan | None
    look: tuple[Any, NDArray[np.float64]] | None

    def model(self, model: Any, device: Any) -> Model:
        """Adapt a model."""
        adapted = as_model(model, device=device, outputs=self.outputs, classes=self.classes)
        if self.pinned is not None:
            adapted.asked = replace(self.pinned, classes=adapted.asked.classes)
        return adapted


@dataclass(frozen=True, eq=False)
class PartsPlan:
    """What is to be weighed, for all who weigh parts of the rows.

    It can be pickled, and holds neither the model nor the sample, but for a few rows by which the model is known again
    and, with ``given=``, what the given columns tell of each feature.

    Attributes
    ----------
    terms : PartTerms
        What parts have to agree on to be joined: plain values.
    asked : Asked
        What `weigh_part` needs besides: arguments, what given columns tell, a few rows and their predictions.
    """

    terms: PartTerms
    # it holds rows
    asked: Any = field(repr=False)


def plan_parts(
    model: Any,
    sample: Any,
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
    sample_weight: Any = None,
    random_state: int | None = None,
    missing: str = "raise",
    part_rows: int = PART_ROWS,
    device: Any = None,
) -> PartsPlan:
    """Decide once what is to be weighed in all parts of the rows.

    Make the plan in one place, from some thousand rows drawn from all of them, and send it to whoever weighs parts:
    `weigh_part` weighs one, `join_parts` makes a result of them.

    Parameters
    ----------
    model : model
        As `weigh` takes it; not a list of several.
    sample : table
        Rows drawn from all, with the columns that parts will have, in any form that `weigh` takes. They decide what a
        result must agree on: how many shuffles n_repeats="auto" takes, what outputs mean, groups that are "auto", what
        the given columns tell. Some thousand rows are enough; with ``given=``, 20,000.
    y : str or array-like, optional
        Target of the sample, or the name of its column. What is a name here (`within`, `by` and `sample_weight`
        likewise) is a column of every part; what is an array here, `weigh_part` takes as an array.
    given : "rest", str, list of str or mapping, optional
        As for `weigh`, but for one way: of several, make a plan of each.
    metric, greater_is_better, outputs, classes : optional
        As for `weigh`. Metrics must have a value per row: means over rows and functions of one, such as "rmse" and
        "r2"; other shares explained are refused. An area under a curve has none: rows of all parts are compared.
    features, groups, feature_names, within, by : optional
        As for `weigh`.
    n_repeats : "auto" or int
        Shuffles per feature; see `weigh`.
    sample_weight : str or array-like, optional
        As for `weigh`.
    random_state : int, optional
        Seed, >= 0. Drawn and recorded when not given.
    missing : {"raise", "drop", "mean"}
        As for `weigh`.
    part_rows : int
        Rows of a part, at most; rounded up to whole blocks of 4,096. The last block of a part may be larger by less
        than another.
    device : str or torch.device, optional
        Where to predict the sample.

    Returns
    -------
    PartsPlan

    Raises
    ------
    InputError
        On arguments or a sample that cannot be used.
    MetricError
        If a metric has no value per row.
    ModelError
        If weighin cannot read the model.

    Examples
    --------
    >>> import numpy as np
    >>> import weighin
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> model, y = (lambda rows: 3 * rows[:, 0]), 3 * X[:, 0]
    >>> plan = weighin.plan_parts(model, X[:100], y[:100], metric="mse", n_repeats=5, random_state=0)
    >>> cuts = [slice(0, 100), slice(100, 200), slice(200, 300)]
    >>> parts = [weighin.weigh_part(model, X[cut], plan, k, y=y[cut]) for k, cut in enumerate(cuts)]
    >>> imp = weighin.join_parts(parts, 3)
    >>> imp.n_rows, imp["x1"].importance, imp["x0"].importance > 10
    (300, 0.0, True)
    """
    check_run(n_repeats=n_repeats, random_state=random_state, missing=missing)
    if not is_whole(part_rows) or part_rows < 2:
        raise InputError(f"part_rows must be an integer >= 2, got {part_rows!r}.")
    if sample is None:
        raise InputError("sample is needed: some thousand rows drawn from all that will be weighed.")
    if isinstance(model, list):
        raise InputError("Parts are weighed with one model: make a plan for each of several.")
    if len(asked_for(given)) > 1:
        raise InputError("given asks for several ways to shuffle: make a plan for each of them.")
    seed, metrics = seed_of(random_state), arguments.metrics_asked(metric)
    named = {"y": y, "within": within, "by": by, "sample_weight": sample_weight}
    columns = {what: values for what, values in named.items() if isinstance(values, str)}
    arrays = frozenset(what for what, v in named.items() if v is not None and what not in columns)
    table = as_table(sample, y, feature_names)
    table, (within, by, sample_weight) = table.align(within=within, by=by, sample_weight=sample_weight)
    grouping = Grouping(groups, seed)
    ask = Weighing(
        Importance, table, metrics, greater_is_better, None if features is None else list(features), grouping,
        within, by, n_repeats, sample_weight, seed, missing, Resources(), None, False, False,
    )  # fmt: skip
    adapted = as_model(model, device=device, outputs=outputs, classes=classes)
    with Session(adapted) as session:
        experiment = ask.experiment(session)
        _check(experiment)
        of_given = None
        if given is not None:
            check_given(experiment.metrics, experiment.values.weights is not None)
            of_given, _ = plan_given(given, adapted, experiment.data, table.X, experiment.features, seed)
        experiment = replace(experiment, given=of_given)
        repeats = experiment.repeats(seed)[0] if n_repeats == AUTO else int(n_repeats)
        donors = experiment.donors(repeats, seed)
        if of_given is not None:
            # what is known of each feature is found out on the sample, for all parts
            of_given.sampler(donors)
        rows = rows_of(table.X, np.arange(min(LOOK_ROWS, n_rows_of(table.X))))
        pred = look(adapted, rows, missing, experiment.metrics[0].response)
        pinned = experiment.outputs
    chosen = experiment.features
    block_rows = donors.block_rows
    terms = PartTerms(
        "",
        adapted.name,
        tuple(metric.name for metric in experiment.metrics),
        tuple(metric.greater_is_better for metric in experiment.metrics),
        tuple(metric.link for metric in experiment.metrics),
        tuple(feature.name for feature in chosen),
        {feature.name: feature.members for feature in chosen if feature.members},
        donors.n_repeats,
        block_rows,
        block_rows * -(-int(part_rows) // block_rows),
        seed,
        donors.name,
        experiment.values.stratum_names,
        experiment.values.by,
        experiment.values.weights is not None,
        "" if of_given is None else of_given.label,
        {} if of_given is None else dict(of_given.reports),
        _centre(experiment),
    )
    asked = Asked(
        metrics, greater_is_better, outputs, classes, pinned,
        tuple(feature.name for feature in chosen if not feature.members), terms.groups, table.feature_names, missing,
        columns, arrays,
        None if of_given is None else of_given.without_rows(), None if pred is None else (rows, pred),
    )  # fmt: skip
    return PartsPlan(
        replace(terms, plan=_sum(terms, pred, "" if of_given is None else of_given.rows_sum)), asked
    )


def look(model: Model, rows: Any, missing: str, response: str) -> NDArray[np.float64] | None:
    """What a model predicts on a few rows; None where it does not repeat itself."""
    encoded = model.encode(rows, None, missing, False)
    with random_state_kept(), model.predicting():
        first, again = (as_numpy(model.predict(encoded.rows, response)).astype(np.float64) for _ in range(2))
    return first if np.array_equal(first, again, equal_nan=True) else None


def _check(experiment: Experiment) -> None:
    """Refuse what parts cannot be joined of."""
    for metric in experiment.metrics:
        if metric.per_row is None:
            raise MetricError(
                f"{metric.name} has no value per row, so parts of it do not add up. Take metrics that are means over "
                "rows, or functions of one, such as log_loss or rmse; or weigh a sample of the rows with weighin.weigh."
            )
        if metric.link.needs_spread and not _of_squares(metric):
            raise MetricError(
                f"{metric.name} compares with the best constant prediction on all rows, which no part knows. Take r2, "
                "or a metric that is a mean over rows."
            )
    if len(experiment.values.strata or ()) > STRATA:
        raise InputError(
            f"within has {len(experiment.values.strata or ())} strata; at most {STRATA} are allowed in parts. Merge "
            "some of them."
        )


def _of_squares(metric: Metric) -> bool:
    """Whether a share explained is that of the variance of one target: tried on 0, 1 and 5, of mean 2."""
    target = np.array([[0.0], [1.0], [5.0]])
    try:
        losses = (metric.constant or of_mean(squared_error))(target, np.ones(3))(target)
    except Exception:
        # of classes
        return False
    return bool(np.allclose(losses, [4.0, 1.0, 9.0]))


def _centre(experiment: Experiment) -> float | None:
    """Mean of the target, for metrics that compare with it."""
    if not any(metric.link.needs_spread for metric in experiment.metrics):
        return None
    return float(np.asarray(as_numpy(experiment.data.target)[:, 0], dtype=np.float64).mean())


def _sum(terms: PartTerms, pred: NDArray[np.float64] | None, of_given: str) -> str:
    """By which a plan is known again: also one that is made again, of the same sample and model."""
    # digits that do not differ between machines
    digits = None if pred is None else [f"{value:.4g}" for value in pred.ravel()]
    values = [to_json(value) if isinstance(value, Mapping) else value for value in vars(terms).values()]
    return hashlib.sha256(repr((list(map(str, values)), digits, of_given)).encode()).hexdigest()[:16]
