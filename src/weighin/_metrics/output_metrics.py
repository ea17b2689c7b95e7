"""Metrics by name of a model whose outputs are known to mean something, or are looked at to find out what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from weighin._base.errors import InputError, MetricError, listing
from weighin._metrics.base import Metric, as_numpy, row_mean
from weighin._metrics.context import MetricContext
from weighin._metrics.kinds import OF_LABELS, canonical, check_kind
from weighin._metrics.losses import (
    MAE,
    OF_NUMBERS,
    PREDICTION_CHANGE,
    gamma_deviance,
    pinball,
    poisson_deviance,
    tweedie_deviance,
)
from weighin._metrics.of_classes import class_metrics
from weighin._metrics.outputs import Outputs


def tweedie(power: float) -> Metric:
    """The deviance whose variance grows as that power of the mean."""
    return row_mean("mean_tweedie_deviance", partial(tweedie_deviance, power=power))


def number_metrics(outputs: Outputs, targets: tuple[str, ...] = ()) -> dict[str, Metric]:
    """Metrics by name of outputs that are numbers; each also of one target alone, where there are several."""
    metrics = {
        **OF_NUMBERS,
        "mean_poisson_deviance": row_mean("mean_poisson_deviance", poisson_deviance),
        "mean_gamma_deviance": row_mean("mean_gamma_deviance", gamma_deviance),
        PREDICTION_CHANGE.name: PREDICTION_CHANGE,
    }
    if outputs.levels:
        metrics["pinball_loss"] = row_mean("pinball_loss", partial(pinball, outputs.levels))
    if isinstance(outputs.loss, Metric):
        metrics[outputs.loss.name] = outputs.loss
    for place, target in enumerate(targets if len(targets) > 1 else ()):
        for name in (*OF_NUMBERS, PREDICTION_CHANGE.name):
            metrics[f"{name}[{target}]"] = _of_column(metrics[name], place, f"{name}[{target}]")
    return metrics


def _of_column(metric: Metric, place: int, name: str) -> Metric:
    own = slice(place, place + 1)
    whole, score = metric.per_row, metric.score
    assert whole is not None
    return Metric(
        name,
        metric.greater_is_better,
        lambda target, pred: score(target[..., own], pred[..., own]),
        lambda target, pred: whole(target[..., own], pred[..., own]),
        metric.against,
        link=metric.link,
    )


@dataclass(frozen=True)
class OutputMetrics:
    """Metrics by their names, of outputs that are only looked at where it matters what they mean.

    `model`: for messages.
    `declared`: what the user or the model says.
    `meaning`: gives what they mean, as found where nobody says it. Raises a MetricError where it cannot be told.
    `width`: gives the number of outputs.
    `targets`: names of the columns of the target.
    """

    model: str
    declared: Outputs
    meaning: Callable[[], Outputs]
    width: Callable[[], int]
    targets: tuple[str, ...] = ()

    # names, as others are
    takes = ""

    def names(self, context: MetricContext) -> Iterable[str]:
        """All that there are for outputs of this kind."""
        if self.declared.of_classes:
            return self._of_classes(self.declared)
        numbers = number_metrics(self.declared, self.targets)
        return numbers if self.declared.kind != "unknown" else (*numbers, *OF_LABELS)

    def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric | None:
        """The metric of that name, if target and outputs allow it."""
        if not isinstance(metric, str):
            return None
        name = canonical(metric)
        of_classes = name.partition("[")[0] in OF_LABELS
        declared = self.declared
        if not declared.of_classes:
            check_kind(metric, self.model, declared, number_metrics(declared, self.targets))
        if not of_classes and not declared.of_classes:
            numbers = number_metrics(declared, self.targets)
            metric_of_numbers = numbers.get(name)
            if metric_of_numbers is None and name == "pinball_loss":
                raise MetricError("pinball_loss takes a quantile: say its level, outputs='quantile:0.9'.")
            return metric_of_numbers
        if name == PREDICTION_CHANGE.name:
            return self._of_classes(declared)[name]
        if name in OF_NUMBERS and declared.kind == "probability" and self.width() == 1:
            return OF_NUMBERS[name]
        if declared.of_classes and (declared.kind != "probability" or self.width() > 1 or "[" in name):
            check_kind(metric, self.model, declared, self._of_classes(declared))
        if not of_classes:
            return None
        if context.target is None:
            raise InputError(f"The metric {name!r} needs a target: pass y=.")
        several = context.target.shape[1] > 1
        if not several:
            check_class_numbers(name, context.target, declared, self.width())
        outputs = self._meaning(name, context.target)
        if not outputs.of_classes:
            columns = f" The model has {self.width()} output(s) and y {context.target.shape[1]} column(s)."
            raise MetricError(
                f"{name} takes outputs of classes, and they are {outputs}{', ' + outputs.why if outputs.why else ''}. "
                f"If they are not: outputs='probability', 'logit' or 'label'.{columns if several else ''}"
            )
        metrics = self._of_classes(outputs)
        if name not in metrics:
            raise MetricError(
                f"{name} takes probabilities or logits, and the outputs of {self.model} are {outputs}: "
                f"{listing(metrics)}."
            )
        return metrics[name]

    def default(self, target: Any) -> Metric:
        """The metric that fits the kind of the outputs."""
        if target is None and not self.declared.clusters:
            raise InputError(f"{self.model} needs a target, y; only metric='prediction_change' does without.")
        if self.declared.clusters:
            return self._of_classes(self.declared)[PREDICTION_CHANGE.name]
        outputs = self.meaning()
        if isinstance(outputs.loss, Metric):
            return outputs.loss
        if outputs.of_classes:
            metrics = self._of_classes(outputs)
            if not outputs.parts:
                check_class_numbers("the metric", target, outputs, self.width())
            return metrics[outputs.loss or ("accuracy" if outputs.kind == "label" else "log_loss")]
        usual = {"quantile": "pinball_loss", "count": "mean_poisson_deviance"}.get(outputs.kind, MAE.name)
        return number_metrics(outputs)[outputs.loss or usual]

    def _meaning(self, name: str, target: Any) -> Outputs:
        """What the outputs mean; for the largest of several that need not be known."""
        try:
            return self.meaning()
        except MetricError:
            if name.startswith("log_loss") or self.width() == 1 or target.shape[1] > 1:
                raise
            return Outputs("logit")

    def _of_classes(self, outputs: Outputs) -> dict[str, Metric]:
        return class_metrics(outputs)


def check_class_numbers(name: str, target: Any, outputs: Outputs, width: int) -> None:
    """Refuse a target that holds no numbers of the classes that there are outputs for.

    Raises MetricError: with one that does not fit, and how to say which label is which output.
    """
    values = as_numpy(target)
    if values.shape[1] != 1:
        raise MetricError(
            f"{name} takes one column of class numbers; the model has {width} output(s) and y {values.shape[1]} "
            "column(s)."
        )
    if outputs.kind == "label" and not outputs.classes:
        return
    n_classes = len(outputs.classes) or max(width, 2)
    if width not in (1, n_classes):
        raise MetricError(
            f"{n_classes} classes were given and the model has {width} outputs, one for each class."
        )
    odd = values[(values != values.round()) | (values < 0) | (values >= n_classes)]
    if len(odd):
        raise MetricError(
            f"{name} takes class numbers from 0 to {n_classes - 1} as y, got {odd[0].item()}. If the classes have "
            "other labels, list them in the order of the outputs: classes=[...]."
        )
