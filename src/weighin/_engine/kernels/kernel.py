"""What the engine asks of a kernel, a way to predict swaps, and what a kernel is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from typing import Any, Protocol

import numpy as np

from weighin._engine.probe import Predict, Probe
from weighin._engine.workers import Workers
from weighin._models import Model, Rows, Split
from weighin._samplers import Donors, Places, Positions
from weighin._tables.features import Feature

# that a call of as many rows as suit a model takes, about
CACHED_BYTES = 8 * 2**20
# kinds of devices: this machine itself, and one that is known to have no double precision
SUMS_ON_HOST = ("cpu", "mps")
# of a model that has to see the whole table
WHY_NO_CHAIN = (
    "contributions are found row by row: while it is one feature's turn in a row, it is another's in others, and would "
    "count as well"
)


@cache
def _has_doubles(device: Any) -> bool:
    """Whether a device of torch computes in double precision."""
    import torch

    try:
        return bool(torch.ones(1, dtype=torch.float64, device=device).sum() == 1)
    except (RuntimeError, TypeError):
        return False


@dataclass(frozen=True, eq=False)
class View:
    """What is known of a model on some rows before any swap.

    `rows`: all encoded rows.
    `response`: what of the model metrics read.
    `split`: the network as a sum of parts under a head, proven on these rows, where it is one.
    `probe`: what the model did with a few of them.
    `proven`: whether rows have no say in each other's predictions, as far as its structure or all rows tell.
    `at_once`: whether it is to be called on the whole table: rows have a say, or a part of them cannot be predicted.
    `moved`: features that may be given values no row of the table has.
    `together`, shape (n_rows, n_outputs): predictions of all rows in one call, where there was one.
    """

    model: Model
    rows: Rows
    response: str
    split: Split | None
    probe: Probe
    proven: bool = False
    at_once: bool = False
    moved: frozenset[str] = frozenset()
    together: Any = None

    @cached_property
    def predict(self) -> Predict:
        """From encoded rows to predictions of shape (n_rows, n_outputs)."""
        return partial(self.model.predict, response=self.response)

    @property
    def on_device(self) -> bool:
        """Whether predictions lie on a device where sums can be formed: in double precision, and not the CPU."""
        return self._device_kind not in SUMS_ON_HOST and _has_doubles(self.probe.pred.device)

    @property
    def _device_kind(self) -> str:
        return str(getattr(getattr(self.probe.pred, "device", None), "type", "cpu"))

    def device_in_words(self, why_on_host: str = "") -> str:
        """Where predictions, losses and sums are made; nothing for the CPU."""
        if self._device_kind == "cpu" and not self.on_device:
            return ""
        device = str(self.probe.pred.device)
        if not self.on_device:
            why_on_host = "it has no double precision"
        if why_on_host:
            return f"{device}; losses and sums on the CPU: {why_on_host}"
        return f"{device}, losses and sums too"

    @cached_property
    def rows_of_call(self) -> int:
        """Rows of one call that suit the model."""
        return self.probe.rows_of_call(self.model.chunk_rows(self.rows))

    @cached_property
    def row_bytes(self) -> float:
        """What a call takes for each of its rows, as far as that is known."""
        return max(self.probe.row_bytes, CACHED_BYTES / self.model.chunk_rows(self.rows))


@dataclass(frozen=True, eq=False)
class Swaps:
    """Swaps to predict.

    `rows`: encoded rows that give values, those that receive among them.
    `start`: position of the first receiver; the others follow.
    `features`: what to swap, one after the other.
    `given`: position of the row that gives its values to each receiver.
    `cache`: empty at first; what a kernel leaves in it comes again with the same receivers and other features.
    `numbers`: row of the table that each of `rows` is; None where they are the table.
    `own`: those of each feature, where they have donors of their own.
    """

    rows: Any
    start: int
    features: Sequence[Feature]
    given: Donors
    cache: dict[Any, Any] = field(default_factory=dict)
    numbers: Positions | None = None
    own: Donors | None = None

    @property
    def each(self) -> Positions:
        """Donors of each feature, or those of all of them: what features share has two dimensions."""
        return (self.own or self.given).matrix

    def each_on(self, device: Any) -> Any:
        """The same as a tensor on a device."""
        return (self.own or self.given).on(device)

    def of(self, number: int) -> Positions:
        """Donors of the feature of that number, shape (n_repeats, n_receivers)."""
        return self.donors if self.own is None else self.own.matrix[number]

    @property
    def n_receivers(self) -> int:
        """Rows that receive."""
        return self.given.shape[-1]

    @property
    def donors(self) -> Positions:
        """Position of the row that gives its values to each receiver, shape (n_repeats, n_receivers)."""
        return self.given.matrix


@dataclass(frozen=True, eq=False)
class Chain(Swaps):
    """Swaps of all features of a row, one after the other, each donor value staying.

    `places`, shape (n_features, n_repeats, n_receivers): place of each feature in the order of each row, from 0.
    """

    places: Places = field(default_factory=lambda: np.empty((0, 0, 0), dtype=np.int16))


class Kernel(Protocol):
    """A way to predict swaps, opened for some features; see `weighin._engine.kernels` for the list of all.

    `view`: what is known of the model.
    `features`: all that will be swapped.
    `n_repeats`: swaps of each.
    `chunk_rows`: rows of one call of the model, or of one matrix product; as it pays by default.
    `workers`: threads over chunks.
    """

    def __init__(
        self,
        view: View,
        features: Sequence[Feature],
        n_repeats: int,
        chunk_rows: int | None,
        workers: Workers,
    ) -> None: ...

    @classmethod
    def applies(cls, view: View) -> bool:
        """Whether it can predict this model's swaps exactly."""
        ...

    def names(self, features: Sequence[Feature]) -> list[str]:
        """Name, for the reader of a result, how each feature is predicted."""
        ...

    def predict(self, swaps: Swaps, baseline: Any, out: Any) -> None:
        """Fill in predictions of the receivers.

        `baseline`, shape (n_receivers, n_outputs): filled in: predictions as the rows are. `out`, shape (n_features,
        n_repeats, n_receivers, n_outputs): filled in: predictions after each swap.

        Where a donor's encoded values equal the row's own, the result is the baseline, bit for bit; not where the
        other rows that are swapped have a say.
        """
        ...

    def predict_chain(self, chain: Chain, baseline: Any, out: Any) -> None:
        """Fill in predictions of the receivers, step by step.

        `baseline`, shape (n_receivers, n_outputs): filled in: predictions as the rows are. `out`, shape (n_features,
        n_repeats, n_receivers, n_outputs): filled in: predictions after each step; not of each feature, for rows have
        orders of their own. Raises ModelError: where rows have a say in each other's predictions.

        A step at which a row is given what it has changes nothing, bit for bit.
        """
        ...

    def shrink(self) -> bool:
        """Halve the rows of one call, after running out of memory; False when there is nothing left to halve."""
        ...
