"""Weigh parts of the rows, one after the other, with a model that is opened once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

import numpy as np

from weighin._base.checks import check_run, is_whole
from weighin._base.errors import InputError, ModelError
from weighin._engine import Measurement, PartRun, Resources, Session, collect_sums
from weighin._engine.measurement import extreme_exponent
from weighin._metrics import as_numpy
from weighin._results.importance import Importance
from weighin._tables.containers import as_table
from weighin._weigh.experiment import Experiment
from weighin._weigh.grouping import Grouping
from weighin._weigh.parts.part import Part, PartSums
from weighin._weigh.parts.plan import LOOK_ERROR, PartsPlan, look
from weighin._weigh.weighing import Weighing

# from here on a number names a part, and says nothing of its place
NAMES_FROM = 2**32
DEFAULTS = Resources(not_at_once="parts of it lie in different places: weigh a sample with weighin.weigh")


def weigh_part(
    model: Any,
    rows: Any,
    plan: PartsPlan,
    number: int = 0,
    *,
    y: Any = None,
    within: Any = None,
    by: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    device: Any = None,
    n_jobs: int | None = None,
    max_memory: int = 256,
) -> Part:
    """Weigh a part of the rows, where it lies.

    The rows exchange values among themselves only: parts have to be random rows of all. Rows in the order of a file are
    no such thing: importances would be those within one time or place. Put all rows in random order, and cut that into
    parts.

    Parameters
    ----------
    model : model
        The one that the plan was made with: what it predicts is compared.
    rows : table
        Up to `part_rows` rows of the plan and the rest of a block, in random order.
    plan : PartsPlan
        What is to be weighed.
    number : int
        Which part it is, from 0: shuffles follow from the seed and this number, and `join_parts` counts each number
        once. Numbers of 2**32 and more are names: `join_parts` finds none missing.
    y, within, by, sample_weight : array-like of shape (n_rows,), optional
        Of these rows, where the plan was given arrays; columns that the plan was given by name are looked up.
    batch_size, device, n_jobs, max_memory : optional
        As for `weigh`; they may differ between parts.

    Returns
    -------
    Part
        Sums, and no row: some kilobytes for ten features, whatever the number of rows.

    Raises
    ------
    InputError
        On rows that do not fit the plan, too few or too many of them.
    ModelError
        If the model is another one than that of the plan, or its predictions are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> import weighin
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> model, y = (lambda rows: 3 * rows[:, 0]), 3 * X[:, 0]
    >>> plan = weighin.plan_parts(model, X, y, metric="mse", n_repeats=5, random_state=0)
    >>> weighin.weigh_part(model, X[:150], plan, 0, y=y[:150]).n_rows
    150
    """
    check_run(batch_size=batch_size, n_jobs=n_jobs, max_memory=max_memory)
    resources = replace(DEFAULTS, chunk_rows=batch_size, n_jobs=n_jobs, memory=int(max_memory) * 2**20)
    with PartWeigher(model, plan, resources, device=device) as weigher:
        return weigher.part(rows, number, y=y, within=within, by=by, sample_weight=sample_weight)


class PartWeigher:
    """Weighs parts of a plan.

    `model`: as the user has it.
    `plan`: what is to be weighed.
    `resources`: what may be used.
    `device`: where to predict.

    Raises ModelError: if the model is another one than that of the plan.
    """

    def __init__(
        self, model: Any, plan: PartsPlan, resources: Resources = DEFAULTS, *, device: Any = None
    ) -> None:
        if not isinstance(plan, PartsPlan):
            raise InputError(f"plan must be what weighin.plan_parts gives, got {type(plan).__name__}.")
        self.plan = plan
        self.resources = replace(resources, not_at_once=DEFAULTS.not_at_once)
        self.model = plan.asked.model(model, device)
        self.session = Session(self.model)
        self._known = False

    def __enter__(self) -> PartWeigher:
        self.session.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.__exit__(kind, error, trace)

    def work(self, n_rows: int) -> int:
        """Row predictions that a part of so many rows takes."""
        terms = self.plan.terms
        return n_rows * terms.n_repeats * len(terms.features)

    def part(
        self,
        rows: Any,
        number: int,
        *,
        y: Any = None,
        within: Any = None,
        by: Any = None,
        sample_weight: Any = None,
        advance: Callable[[int], None] = lambda work: None,
    ) -> Part:
        """Weigh a part; as `weigh_part`. `advance`: told of row predictions as they are made."""
        if not is_whole(number) or number < 0:
            raise InputError(f"number must be an integer >= 0, got {number!r}.")
        terms = self.plan.terms
        experiment = self._experiment(rows, y=y, within=within, by=by, sample_weight=sample_weight)
        data, values = experiment.data, experiment.values
        self._check_experiment(experiment, number)
        given = None if self.plan.asked.given is None else self.plan.asked.given.on(self.model, data, self._X)
        donors = experiment.donors(terms.n_repeats, terms.random_state)
        if donors.n_repeats < terms.n_repeats:
            least = 2 * terms.n_repeats + 1
            raise InputError(
                f"Part {number} has too few rows{' in a stratum' if values.strata else ''} for {terms.n_repeats} "
                f"shuffles, which take {least}: put it together with another part."
            )
        free = replace(donors, begin=number * (terms.part_rows // terms.block_rows))
        sampler = free if given is None else given.sampler(free)
        found: dict[tuple[str, int], Any] = {}
        first: PartRun | None = None
        for response in dict.fromkeys(metric.response for metric in experiment.metrics):
            metrics = tuple(metric for metric in experiment.metrics if metric.response == response)
            measurement = Measurement(
                metrics, values.weights, values.segment, len(values.segments), centre=terms.centre
            )
            sums = self.session.collect(
                collect_sums, data, experiment.features, sampler, measurement, self.resources, advance
            )
            first = first or sums
            for (_, metric, segment), place in zip(measurement.places, sums.places, strict=True):
                found[metric.name, segment] = place
        assert first is not None
        names = values.stratum_names or (None,)
        targets = self._targets(experiment)
        all_sums = tuple(
            PartSums.of(
                name,
                values.segments[segment] if segment >= 0 else None,
                place,
                targets[segment + 1],
                names,
            )
            for (name, segment), place in found.items()
        )
        sizes = [len(rows) for rows in values.strata] if values.strata else [data.rows.n_rows]
        by_name = dict(zip(names, sizes, strict=True))
        return Part(
            terms,
            (int(number),),
            tuple(by_name.get(name, 0) for name in terms.strata or (None,)),
            all_sums,
            dict(zip(terms.features, first.kernels, strict=True)),
            (*data.notes, *_remarks(first)),
        )

    def _experiment(self, rows: Any, **values: Any) -> Experiment:
        asked, terms = self.plan.asked, self.plan.terms
        for what, content in values.items():
            if what in asked.columns and content is None:
                values[what] = asked.columns[what]
            elif (content is not None) != (what in asked.arrays):
                lacks = "needs" if what in asked.arrays else "takes no"
                raise InputError(f"A part of this plan {lacks} {what}=, as the plan was made.")
        table = as_table(rows, values.pop("y"), asked.feature_names)
        table, (within, by, sample_weight) = table.align(**values)
        self._X = table.X
        ask = Weighing(
            Importance, table, asked.metrics, asked.greater_is_better, asked.features,
            Grouping(asked.groups or None, terms.random_state), within, by, terms.n_repeats, sample_weight,
            terms.random_state, asked.missing, self.resources, None, False, False,
        )  # fmt: skip
        return ask.experiment(self.session)

    def _check_experiment(self, experiment: Experiment, number: int) -> None:
        """Refuse rows that do not fit the plan, and another model than the one it was made with."""
        terms, n_rows = self.plan.terms, experiment.data.rows.n_rows
        if n_rows >= terms.part_rows + terms.block_rows:
            raise InputError(
                f"Part {number} has {n_rows:,} rows, and this plan takes up to {terms.part_rows:,}, and less than "
                f"{terms.block_rows:,} more in the last part: cut it, or set part_rows in plan_parts."
            )
        metrics = experiment.metrics
        mine = [(metric.name, metric.greater_is_better, metric.link) for metric in metrics]
        theirs = list(zip(terms.metrics, terms.greater_is_better, terms.links, strict=True))
        names = tuple(feature.name for feature in experiment.features)
        for what, here, there in (("metrics", mine, theirs), ("features", names, terms.features)):
            if here != there:
                raise InputError(f"Part {number} does not fit the plan: {what} are {here}, not {there}.")
        new = [name for name in experiment.values.stratum_names if name not in terms.strata]
        if new:
            raise InputError(
                f"Part {number} has a stratum that the plan's sample has not: {new[0]!r}. Make the plan of a sample "
                "with rows of every stratum."
            )
        weights = experiment.values.weights
        if weights is not None and extreme_exponent(weights):
            raise InputError(
                f"sample_weight goes up to {weights.max():.0e}: in parts, rescale the weights to be near 1 (multiply "
                "all by one number)."
            )
        if self._known or self.plan.asked.look is None:
            return
        rows, pred = self.plan.asked.look
        here_pred = look(self.model, rows, self.plan.asked.missing, metrics[0].response)
        allowed = LOOK_ERROR * (float(np.abs(pred).max(initial=0.0)) or 1.0)
        if here_pred is not None and (
            here_pred.shape != pred.shape or not np.allclose(here_pred, pred, 0, allowed, equal_nan=True)
        ):
            raise ModelError(
                f"This {self.model.name} is not the model that the plan was made with: it predicts other values for "
                "the same rows. Give all workers the same model."
            )
        self._known = True

    def _targets(self, experiment: Experiment) -> list[float]:
        """Weighted sum of the target's distance from the centre, of all rows and of each segment."""
        values, centre = experiment.values, self.plan.terms.centre
        if centre is None:
            return [0.0] * (len(values.segments) + 1)
        target = np.asarray(as_numpy(experiment.data.target)[:, 0], dtype=np.float64) - centre
        target = target if values.weights is None else target * values.weights
        inside = [target[values.segment == k] for k in range(len(values.segments))]
        return [float(part.sum()) for part in (target, *inside)]


def _remarks(sums: PartRun) -> list[str]:
    notes = []
    if sums.noise:
        notes.append(
            f"The model is stochastic: two predictions of the same rows differ by up to {sums.noise:.3g}; the "
            "importances include that noise, which also hides whether rows change each other's predictions."
        )
    if sums.unproven:
        notes.append(
            "Whether a row's prediction depends on which rows are predicted together was checked on a few rows only: "
            f"{sums.unproven}."
        )
    return notes
