"""The split view of a torch module, on encoded rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from weighin._models._arrays import ArrayRows
from weighin._models._fold import split_view
from weighin._models._split_view import SplitView


@dataclass(frozen=True)
class TensorSplit:
    """A network's view, and how its inputs are found among encoded rows.

    Attributes
    ----------
    view : SplitView
        The network as a sum of parts under a head.
    """

    view: SplitView

    def tensors(self, rows: ArrayRows) -> tuple[Tensor, Tensor]:
        """Categorical and continuous columns; an absent kind has no columns."""
        return _cat_cont(rows)


def split_of(module: Any, rows: ArrayRows, predict: Callable[[ArrayRows], Tensor]) -> TensorSplit | None:
    """Read a module as a split view and prove it on some of the rows.

    Parameters
    ----------
    module : torch.nn.Module
        Only read.
    rows : ArrayRows
        Encoded rows, the inputs of the module.
    predict : callable
        Predictions of the module in evaluation mode, from encoded rows.

    Returns
    -------
    TensorSplit or None
        None where the module is no such sum, or does not predict what the view does.
    """
    if not _readable(rows):
        return None

    def forward(cat: Tensor, cont: Tensor) -> Tensor:
        both = (
            (cat, cont) if len(rows.parts) == 2 else (cont,) if rows.parts[0].is_floating_point() else (cat,)
        )
        return predict(ArrayRows(both, rows.keys))

    view = split_view(module, *_cat_cont(rows), forward)
    return None if view is None else TensorSplit(view)


def _readable(rows: ArrayRows) -> bool:
    kinds = tuple(part.is_floating_point() for part in rows.parts)
    return rows.keys is None and kinds in ((False, True), (True,), (False,))


def _cat_cont(rows: ArrayRows) -> tuple[Tensor, Tensor]:
    first = rows.parts[0]
    if len(rows.parts) == 2:
        return rows.parts[0], rows.parts[1]
    if first.is_floating_point():
        return first.new_empty((len(first), 0), dtype=torch.long), first
    return first, torch.empty((len(first), 0), device=first.device)
