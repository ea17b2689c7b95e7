"""What the engine asks of a model: encode a table once, swap encoded columns, predict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from weighin._metrics import MetricContext, Outputs
from weighin._tables.columns import Column
from weighin._tables.features import Feature
from weighin._tables.mover import Mover


class Rows(Protocol):
    """Encoded rows of a table, as the model takes them; columns are numbered from 0 across all of its inputs."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        ...

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        ...

    @property
    def shielded(self) -> bool:
        """Whether a model that writes into what it is given leaves these rows as they are."""
        ...

    def index(self, positions: Any) -> Any:
        """Positions in the form these rows are indexed fastest by, on their device."""
        ...

    def levels(self, columns: Sequence[int], limit: int) -> Any:
        """Number the distinct joint values of some columns.

        Returns
        -------
        ndarray of int of shape (n_rows,) or None
            None when there are more than `limit`, or counting them would cost too much.
        """
        ...

    def equals(self, other: Any) -> bool:
        """Whether all values are the same as in other rows; False also where that cannot be told."""
        ...

    def take(self, rows: Any) -> Any:
        """Copy some rows.

        Parameters
        ----------
        rows : slice or ndarray of int
            Row positions.
        """
        ...

    def replace(self, columns: Sequence[int], source: Any, rows: Any) -> None:
        """Overwrite some columns, in place, with what `source` has there.

        Parameters
        ----------
        columns : sequence of int
            Encoded columns to overwrite.
        source : Rows
            Where the values come from.
        rows : slice or ndarray of int
            Row positions in `source`, one for each row here.
        """
        ...

    def swapped(self, columns: Sequence[int], source: Any, rows: Any) -> AbstractContextManager[None]:
        """Overwrite some columns as `replace` does, until the block ends without an error."""
        ...


class Split(Protocol):
    """A network seen as head(bias + sum of one part per column), proven on the rows it is used on."""

    @property
    def view(self) -> Any:
        """The `SplitView`."""
        ...

    @property
    def tensors(self) -> Callable[[Any], tuple[Any, Any]]:
        """From encoded rows to the categorical and the continuous columns of the view."""
        ...

    @property
    def unit(self) -> Callable[[Sequence[int]], tuple[tuple[int, ...], tuple[int, ...]]]:
        """From encoded columns to those of the view, categorical and continuous."""
        ...

    @property
    def copies(self) -> bool:
        """Whether `tensors` makes new ones."""
        ...

    @property
    def opaque(self) -> bool:
        """Whether it runs layers that nothing is known of."""
        ...

    @property
    def row_by_row(self) -> bool:
        """Whether rows have no say in each other's predictions, by its layers or as found on all rows."""
        ...

    @property
    def like(self) -> Any:
        """A prediction, shape (1, n_outputs): its type and its width are those of all."""
        ...


@dataclass(frozen=True)
class Encoded:
    """A table after encoding.

    Attributes
    ----------
    rows : Rows
        The model's inputs.
    target : array or None
        Shape (n_rows, n_targets), of the model's own array type; None when the table has no target.
    notes : tuple of str
        What a reader of the numbers must know about these rows (unseen categories, dropped rows).
    what : str
        Which rows they are, in words: "the 730 rows given", "the learner's validation set".
    features : tuple of Feature
        The raw features, in the model's order, each with the encoded columns it owns.
    kept : ndarray of int or None
        Which rows of the table they are; None for all of them, in order.
    targets : tuple of str
        Name of each column of the target; empty where there is none.
    """

    rows: Rows
    target: Any
    notes: tuple[str, ...] = field(default=())
    what: str = ""
    features: tuple[Feature, ...] = ()
    kept: NDArray[np.int64] | None = None
    targets: tuple[str, ...] = ()


class Model(Protocol):
    """An adapted model: what the engine, the metrics and the effects ask of it.

    An adapter of one more framework implements this. `TableModel` has all of it but `name` and `predict`, for models
    that take a table as their user has it. The rules, which `tests/conformance/test_model.py` holds every adapter to:

    - The same rows give the same predictions. Where a row's depends on the rows beside it, or a part of the table
      cannot be predicted, the engine notices, and calls the model on the whole table.
    - `encode` leaves the table as it was, and gives rows of which each raw feature owns columns that no other owns.
    - What happens inside `predicting` is undone when it ends, also by an exception.
    - `to_user_scale` keeps the shape, and then predictions are what `outputs` says, or what the user says in `asked`.

    To have the adapter found, see `weighin._models.registry`.
    """

    @property
    def name(self) -> str:
        """What it is, in words, for messages and for how a result was made: "torch Sequential"."""
        ...

    asked: Outputs

    @property
    def parallel(self) -> bool:
        """Whether several threads may call it at once, and gain by it."""
        ...

    @property
    def row_by_row(self) -> bool:
        """Whether it is so built that rows have no say in each other's predictions: all rows tell, where it is not."""
        ...

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Encode a table once, checking it; `Encoded.features` are the raw features.

        Parameters
        ----------
        X : frame or None
            The table; None for the rows the model brings along, where it does.
        y : array-like or None
            The target, where it is not a column of `X`.
        missing : {"raise", "drop", "mean"}
            What to do with missing values the model has never seen.
        needs_target : bool
            Whether a missing target is an error.
        """
        ...

    def outputs(self, response: str = "predict") -> Outputs:
        """What predictions of that `response` mean, as far as the model says: `Outputs()` where it does not."""
        ...

    def raw_columns(
        self, data: Encoded, features: Sequence[Feature], X: Any, most_levels: int
    ) -> tuple[Column, ...]:
        """Read each feature's own values, row by row as they are encoded.

        Parameters
        ----------
        data : Encoded
            What `encode` gave.
        features : sequence of Feature
            Raw features, no groups.
        X : frame or None
            What was encoded.
        most_levels : int
            Categories that are numbers have an order up to so many of them; more are names that happen to be numbers.
        """
        ...

    def mover(self, data: Encoded, X: Any) -> Mover:
        """What makes rows in which features have values that no row of the table has.

        Parameters
        ----------
        data : Encoded
            What `encode` gave.
        X : frame or None
            What was encoded.
        """
        ...

    def metric_context(self, data: Encoded) -> MetricContext:
        """What metrics have to know: the default, names, and how predictions are read."""
        ...

    def predicting(self) -> AbstractContextManager[None]:
        """Bring the model into evaluation mode, and back to how it was found."""
        ...

    def predict(self, rows: Any, response: str = "predict") -> Any:
        """Raw predictions of shape (n_rows, n_outputs), as a metric with that `response` takes them."""
        ...

    def to_user_scale(self, pred: Any) -> Any:
        """Turn raw predictions into those a user sees (probabilities, not logits); shape kept."""
        ...

    def chunk_rows(self, rows: Any) -> int:
        """Rows of one call that suit it, as found on encoded rows; the same ones give the same number."""
        ...

    def split(self, rows: Any) -> Split | None:
        """Give the network as a sum of parts under a head, where it is one on these rows; inside `predicting`."""
        ...
