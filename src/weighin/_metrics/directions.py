"""Which direction is better, of metrics known by name."""

from __future__ import annotations

from collections.abc import Iterable

from weighin._base.errors import MetricError, listing, nearest

# Directions of metrics known by name alone, underscores in front and case ignored (fastai, scikit-learn, torchmetrics)
LOWER_IS_BETTER = frozenset(
    [
        "mae",
        "mse",
        "rmse",
        "msle",
        "exp_rmspe",
        "error_rate",
        "loss",
        "valid_loss",
        "perplexity",
        "hamming_loss",
        "brier_score",
        "brier_score_loss",
        "log_loss",
        "mean_absolute_error",
        "mean_squared_error",
        "root_mean_squared_error",
        "median_absolute_error",
        "max_error",
        "mean_absolute_percentage_error",
        "mean_squared_log_error",
        "cross_entropy",
        "l1_loss",
        "mse_loss",
        "zero_one_loss",
        "meanabsoluteerror",
        "meansquarederror",
        "label_ranking_loss",
    ]
)
HIGHER_IS_BETTER = frozenset(
    [
        "accuracy",
        "accuracy_multi",
        "accuracy_score",
        "top_k_accuracy",
        "balanced_accuracy_score",
        "balanced_accuracy",
        "roc_auc_score",
        "average_precision_score",
        "f1_score",
        "fbeta_score",
        "precision_score",
        "recall_score",
        "jaccard_score",
        "matthews_corrcoef",
        "cohen_kappa_score",
        "r2_score",
        "r2",
        "explained_variance_score",
        "pearsonr",
        "spearmanr",
        "dice",
        "dice_multi",
        "jaccard_coeff",
        "jaccard_coeff_multi",
        "foreground_acc",
        "auc",
        "pearsoncorrcoef",
        "spearmancorrcoef",
        "kendallrankcorrcoef",
        "concordancecorrcoef",
        "cosinesimilarity",
    ]
)


def direction(name: str, greater_is_better: bool | None = None) -> bool:
    """Tell whether more is better: as given, else as known for `name`.

    Raises MetricError if neither says it. A direction is never guessed.
    """
    if greater_is_better is not None:
        return greater_is_better
    key = name.lower().lstrip("_")
    if key in LOWER_IS_BETTER:
        return False
    if key in HIGHER_IS_BETTER:
        return True
    raise MetricError(
        f"Is more of the metric {name!r} better or worse? weighin does not guess. Say it with "
        f"greater_is_better=True or greater_is_better=False.{nearest(key, LOWER_IS_BETTER | HIGHER_IS_BETTER)}"
    )


def unknown(name: object, names: Iterable[str]) -> MetricError:
    """Build the error for a metric name nobody knows."""
    return MetricError(
        f"Unknown metric {name!r}.{nearest(name, names)} Metrics for this model: {listing(names, 40)}."
    )
