"""Whether a metric compares numbers or classes, and a model predicts the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from weighin._base.errors import MetricError, listing
from weighin._metrics.base import Metric
from weighin._metrics.context import MetricContext
from weighin._metrics.losses import OF_NUMBERS
from weighin._metrics.outputs import Outputs

# names that scikit-learn, torch and others have for what is known by a short one
ALIASES = {
    **dict.fromkeys(["mean_absolute_error", "neg_mean_absolute_error"], "mae"),
    **dict.fromkeys(["mean_squared_error", "neg_mean_squared_error"], "mse"),
    **dict.fromkeys(["cross_entropy", "neg_log_loss"], "log_loss"),
    **dict.fromkeys(["poisson_deviance", "neg_mean_poisson_deviance"], "mean_poisson_deviance"),
    **dict.fromkeys(["gamma_deviance", "neg_mean_gamma_deviance"], "mean_gamma_deviance"),
    **dict.fromkeys(["root_mean_squared_error", "neg_root_mean_squared_error"], "rmse"),
    "tweedie_deviance": "mean_tweedie_deviance",
    "mean_pinball_loss": "pinball_loss",
    "accuracy_score": "accuracy",
    "zero_one_loss": "error_rate",
    "r2_score": "r2",
    "roc_auc_score": "roc_auc",
    "f1_score": "f1",
}
OF_LABELS = ("accuracy", "error_rate", "log_loss")
OF_AMOUNTS = (
    *OF_NUMBERS,
    "pinball_loss",
    "mean_poisson_deviance",
    "mean_gamma_deviance",
    "mean_tweedie_deviance",
)


def canonical(name: str) -> str:
    """The one name of a metric that has several."""
    return ALIASES.get(name, name)


def of_classes(scorer: Any) -> bool:
    """Whether a scorer of scikit-learn compares classes; one of the user's does where it does not take predictions."""
    module = getattr(scorer._score_func, "__module__", "")
    if module.startswith("sklearn.metrics"):
        return not module.endswith("_regression")
    return bool(scorer._response_method != "predict")


def check_kind(metric: str, model: str, outputs: Outputs, names: Iterable[str]) -> None:
    """Refuse a metric of numbers for outputs that are classes, and one of classes for numbers.

    Scores that rank, as "roc_auc" takes them, may be numbers.

    Raises MetricError: with `names`, the metrics that fit.
    """
    name = canonical(metric)
    plain = name.partition("[")[0]
    scorer = _scorer(plain)
    numbers = plain in OF_AMOUNTS or (scorer is not None and not of_classes(scorer))
    labels = plain in OF_LABELS or (not numbers and getattr(scorer, "_response_method", "") == "predict")
    reading = f"{outputs}{', ' + outputs.why if outputs.why else ''}"
    if numbers and outputs.of_classes:
        raise MetricError(
            f"{name} compares numbers, and the outputs are {reading}: the {model} predicts "
            f"{'clusters' if outputs.clusters else 'classes'}. Metrics for them: {listing(names)}"
            f"{'' if outputs.clusters else ', and those of scikit-learn for classes, such as ' + repr('f1')}."
        )
    if labels and not outputs.of_classes and outputs.kind != "unknown":
        raise MetricError(
            f"{name} takes outputs of classes, and they are {reading}: the {model} predicts numbers. Metrics for them: "
            f"{listing(names)}, and those of scikit-learn for numbers, such as 'r2'. If they are not numbers: "
            "outputs='probability', 'logit' or 'label'."
        )


def _scorer(name: str) -> Any:
    """scikit-learn's scorer of that name, with or without "neg_"; None where there is none."""
    from sklearn.metrics import get_scorer, get_scorer_names

    there = {name, f"neg_{name}"} & set(get_scorer_names())
    return get_scorer(there.pop()) if there else None


@dataclass(frozen=True)
class KindCheck:
    """Refuses metrics by name that do not fit what a model predicts; knows none itself.

    `model`: for messages.
    `outputs`: what it predicts; nothing is refused where that is unknown.
    `fitting`: metrics that fit.
    """

    model: str
    outputs: Outputs
    fitting: tuple[str, ...]

    # names, as others are
    takes = ""

    def names(self, context: MetricContext) -> Iterable[str]:
        """None."""
        return ()

    def find(self, metric: Any, greater_is_better: bool | None, context: MetricContext) -> Metric | None:
        """Refuse it, or leave it to others."""
        if isinstance(metric, str):
            check_kind(metric, self.model, self.outputs, self.fitting)
        return None
