"""What metrics are called in sentences."""

from __future__ import annotations

# what a metric is, for people; others go by their name
CALLED = {
    "mae": "the average miss",
    "mean_absolute_error": "the average miss",
    "rmse": "the root mean squared error",
    "root_mean_squared_error": "the root mean squared error",
    "mse": "the mean squared error",
    "mean_squared_error": "the mean squared error",
    "median_absolute_error": "the median miss",
    "log_loss": "the log loss",
    "r2": "R2",
    "r2_score": "R2",
    "roc_auc": "the area under the ROC curve",
    "roc_auc_score": "the area under the ROC curve",
    "f1": "F1",
    "f1_score": "F1",
    "accuracy": "the accuracy",
    "accuracy_score": "the accuracy",
    "error_rate": "the error rate",
    "loss": "the loss",
}
# what a headline says of a metric before any shuffle, and after one; of others their name and two numbers
MISSES = "Predictions miss by {} on average", "by {}"
FROM_TO = {"mae": MISSES, "mean_absolute_error": MISSES}
# in the unit of the target
IN_UNITS = (
    "mae", "mean_absolute_error", "rmse", "root_mean_squared_error", "median_absolute_error", "max_error"
)  # fmt: skip
# written in percent
SHARES = ("accuracy", "accuracy_score", "error_rate", "balanced_accuracy", "balanced_accuracy_score")
