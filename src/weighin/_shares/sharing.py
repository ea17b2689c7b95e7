"""One call of `shares`: as one of `weigh`, with features as players that take turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from weighin._base.errors import InputError, MetricError, listing
from weighin._engine import Session
from weighin._inference import IDENTITY, R_SQUARED, ROOT
from weighin._metrics import Metric
from weighin._models.protocol import Encoded
from weighin._results.interrupted import Interrupted
from weighin._results.shares import Shares
from weighin._tables.features import Feature
from weighin._weigh.experiment import Experiment
from weighin._weigh.weighing import Weighing

SQUARED = ("rmse", "root_mean_squared_error", "r2", "r2_score", "_rmse")


@dataclass(frozen=True)
class Sharing(Weighing[Shares]):
    """The arguments of `shares`, checked."""

    def experiment(
        self, session: Session, data: Encoded | None = None, deadline: float | None = None
    ) -> Experiment:
        """As for `weigh`, with groups in the place of their members, and a metric that adds up."""
        experiment = super().experiment(session, data, deadline)
        (metric,) = experiment.metrics
        added, note = additive(metric)
        data = experiment.data
        return replace(
            experiment,
            features=players(experiment.features),
            metrics=(added,),
            data=replace(data, notes=(*data.notes, *note)),
            chained=True,
        )

    def share(self, session: Session, precision: float | None = None) -> Shares:
        """Measure all rows, or as many as it takes."""
        return self.fully(session) if precision is None else self.precisely(session, precision)

    def _result(self, experiment: Experiment, *args: Any, **options: Any) -> Shares:
        """As for `weigh`, with the features that took no part."""
        taking_part = {name for feature in experiment.features for name in (feature.name, *feature.members)}
        left_out = tuple(f.name for f in experiment.data.features if f.name not in taking_part)
        try:
            return replace(super()._result(experiment, *args, **options), left_out=left_out)
        except Interrupted as interrupted:
            interrupted.result = replace(interrupted.result, left_out=left_out)
            raise


def players(chosen: Sequence[Feature]) -> tuple[Feature, ...]:
    """Features and groups that take turns, groups in the place of their members.

    Raises InputError if a feature is in two groups.
    """
    members = [member for feature in chosen for member in feature.members]
    twice = sorted({name for name in members if members.count(name) > 1})
    if twice:
        raise InputError(
            f"Shares add up, so a feature can be in one group only: {listing(twice)} in two or more."
        )
    return tuple(feature for feature in chosen if feature.name not in members)


def additive(metric: Metric) -> tuple[Metric, list[str]]:
    """Give a metric that is a mean over rows, or that of whose mean it is a function; and say so.

    Raises MetricError if there is none.
    """
    if metric.per_row is None:
        raise MetricError(
            f"Shares need a metric that is known to be a mean over rows, and {metric.name!r} is not: parts of others "
            "do not add up. Use 'mse' or 'mae' for numbers, 'log_loss' or 'accuracy' for classes."
        )
    if metric.link is IDENTITY:
        return metric, []
    squares = metric.link in (ROOT, R_SQUARED) and metric.name.partition("[")[0] in SQUARED
    name = (
        metric.name.replace(metric.name.partition("[")[0], "mse", 1)
        if squares
        else f"mean behind {metric.name}"
    )
    note = (
        f"{metric.name} is a function of a mean over rows, and only the mean adds up: these are shares of {name}, "
        f"{'the mean squared error' if squares else 'of the loss it is made of'}."
    )
    return replace(metric, name=name, greater_is_better=False, link=IDENTITY), [note]
