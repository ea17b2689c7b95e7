"""Arrays of numpy and of torch, on whatever device: made, joined, checked, brought home."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import ModelError


def empty(like: Any, *shape: int) -> Any:
    """An array of the kind that another is."""
    return np.empty(shape, like.dtype) if isinstance(like, np.ndarray) else like.new_empty(shape)


def joined(parts: Sequence[Any], axis: int) -> Any:
    """Arrays behind each other; a single one as it is."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts, axis)
    import torch

    return torch.cat(list(parts), axis)


def where(condition: Any, yes: Any, no: Any) -> Any:
    """Values of one array where a condition holds, else of another."""
    return np.where(condition, yes, no) if isinstance(yes, np.ndarray) else yes.where(condition, no)


def on_host(values: Any) -> NDArray[Any]:
    """Give values in the memory of this machine."""
    return values if isinstance(values, np.ndarray) else values.cpu().numpy()


def memory_of(device: Any, least: int) -> int:
    """Bytes of a device that a run may take: half of what is free; `least` where that cannot be told."""
    import torch

    try:
        free, _ = getattr(torch, device.type).mem_get_info(device)
    # the CPU, and devices that do not count
    except (AttributeError, RuntimeError, NotImplementedError):
        return least
    return max(least, int(free) // 2)


def is_finite(*preds: Any) -> bool:
    """Whether all numbers are: one number to wait for on a GPU."""
    with np.errstate(invalid="ignore", over="ignore"):
        total = sum(pred.sum() for pred in preds)
        return bool(total - total == 0)


def check_finite(pred: Any, when: str) -> None:
    """Refuse predictions that are not finite.

    Raises ModelError.
    """
    if is_finite(pred):
        return
    with np.errstate(invalid="ignore"):
        # inf - inf and nan - nan are nan, which differs from 0
        bad = (pred - pred != 0).any(-1)
    n_bad, n = int(bad.sum()), int(np.prod(bad.shape))
    if n_bad:
        raise ModelError(f"{n_bad:,} of {n:,} predictions are not finite {when}.")


def out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    # torch on the CPU and on some devices raises a plain RuntimeError
    message = str(error).lower()
    return any(text in message for text in ("out of memory", "can't allocate memory", "not enough memory"))
