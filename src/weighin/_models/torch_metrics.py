"""Losses per row that only torch tensors take."""

from __future__ import annotations

import torch
from torch import Tensor

from weighin._metrics import row_mean


def cross_entropy(target: Tensor, pred: Tensor) -> Tensor:
    """Negative log-likelihood of the target class, from logits of shape (..., n_rows, n_classes)."""
    # one shuffle after the other: the logarithm needs as much memory again
    if pred.ndim > 2 and len(pred):
        return torch.stack([cross_entropy(target, part) for part in pred])
    classes = target[..., 0].long().expand(pred.shape[:-1])
    return torch.logsumexp(pred, -1) - pred.gather(-1, classes[..., None])[..., 0]


LOG_LOSS = row_mean("log_loss", cross_entropy)
