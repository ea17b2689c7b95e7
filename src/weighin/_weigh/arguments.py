"""Check what a caller of `weigh` gave, before any work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weighin._base.checks import check_jobs, check_missing, check_seed, is_real, is_whole
from weighin._base.errors import InputError
from weighin._metrics import PREDICTION_CHANGE, Metric

AUTO = "auto"


def check(
    *,
    n_repeats: Any,
    precision: Any,
    max_seconds: Any,
    random_state: Any,
    missing: Any,
    batch_size: Any,
    n_jobs: Any,
    max_memory: Any,
) -> None:
    """Refuse what cannot be.

    Raises
    ------
    InputError
        What is allowed, and what was got.
    """
    if not (isinstance(n_repeats, str) and n_repeats == AUTO) and not is_whole(n_repeats, 1):
        raise InputError(f'n_repeats must be "auto" or an integer >= 1, got {n_repeats!r}.')
    if precision is not None:
        if not is_real(precision) or not 0 < precision < 1:
            raise InputError(f"precision must be between 0 and 1, or None, got {precision!r}.")
        if not isinstance(n_repeats, str):
            raise InputError(
                f"precision={precision!r} decides how often to shuffle, and so does "
                f"n_repeats={n_repeats!r}: give only one of them."
            )
    if max_seconds is not None and (not is_real(max_seconds) or not max_seconds > 0):
        raise InputError(f"max_seconds must be a number > 0 or None, got {max_seconds!r}.")
    check_seed(random_state)
    check_missing(missing)
    if batch_size is not None and not is_whole(batch_size, 1):
        raise InputError(f"batch_size must be an integer >= 1 or None, got {batch_size!r}.")
    check_jobs(n_jobs)
    if not is_whole(max_memory, 1):
        raise InputError(f"max_memory must be an integer >= 1, in megabytes, got {max_memory!r}.")


def metrics_asked(metric: Any) -> list[Any]:
    """List the metrics: one, or several in a list or tuple.

    Raises
    ------
    InputError
        If the list is empty.
    """
    if not isinstance(metric, list | tuple):
        return [metric]
    if not metric:
        raise InputError("metric is an empty list; name at least one metric.")
    return list(metric)


def needs_target(metrics: Sequence[Any]) -> bool:
    """Whether any of the metrics as given compares with a target."""

    def compares(metric: Any) -> bool:
        if isinstance(metric, Metric):
            return metric.against == "target"
        return not isinstance(metric, str) or metric != PREDICTION_CHANGE.name

    return any(map(compares, metrics))
