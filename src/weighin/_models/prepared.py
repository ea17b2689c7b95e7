"""An encoder before a network: raw columns are swapped, and encoded once where that gives the same.

Which encoded columns a raw column owns is found by moving it, and proven on all rows: the encoder, given rows in which
every raw column was moved by its own shift, has to give what moving the encoded columns gives. Where it does, the rows
are encoded once and the network's own fast path is there. Where it does not (columns made of several, an encoder that
looks at other rows), rows are encoded after each swap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import chain
from typing import Any, cast

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import ModelError, of_the_model
from weighin._base.random_state import random_state_kept
from weighin._metrics import MetricContext, Outputs
from weighin._models.protocol import Encoded, Model, Split
from weighin._models.raw_columns import of_arrays, of_frame
from weighin._models.table import as_given, table_rows
from weighin._tables.arrays import ArrayRows
from weighin._tables.columns import Column
from weighin._tables.features import Feature
from weighin._tables.frame_rows import FrameRows
from weighin._tables.frames import check_columns, is_frame
from weighin._tables.mover import Mover

SAMPLE_ROWS = 512

Table = FrameRows | ArrayRows
Encode = Callable[[Any], NDArray[Any]]


class PreparedModel:
    """A model that takes what an encoder gives, seen from the encoder's own table.

    `steps`: applied in order; fitted.
    `inner`: the model after them, adapted.
    """

    def __init__(self, steps: Sequence[Any], inner: Model) -> None:
        self.steps, self.inner = tuple(steps), inner
        self.name = f"{' and '.join(type(step).__name__ for step in steps)} before {inner.name}"
        self._raw: Table | None = None

    @property
    def asked(self) -> Outputs:
        """What the user says of the outputs: of those of the inner model."""
        return self.inner.asked

    @asked.setter
    def asked(self, asked: Outputs) -> None:
        self.inner.asked = asked

    @property
    def parallel(self) -> bool:
        """As the inner model; one thread where rows are encoded after each swap."""
        return self.inner.parallel and self._raw is None

    @property
    def row_by_row(self) -> bool:
        """As the inner model, once the encoder was proven to be."""
        return self.inner.row_by_row and self._raw is None

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Encode the table, and find which encoded columns each raw column owns."""
        raw, features = self._table(X)
        with random_state_kept(), self.inner.predicting():
            encoded = self._encoded(raw, y, missing, needs_target)
            if encoded.rows.n_rows != raw.n_rows:
                raise ModelError(
                    f"The encoder gave {encoded.rows.n_rows} rows for {raw.n_rows}; one per row is needed."
                )
            owned = owned_columns(self._columns, raw, encoded.rows, len(features))
        self._raw = raw if owned is None else None
        if owned is None:
            note = "The encoder mixes columns or rows: rows are encoded after each swap."
            return replace(encoded, rows=raw, features=features, notes=(*encoded.notes, note))
        own = tuple(Feature(f.name, columns) for f, columns in zip(features, owned, strict=True))
        return replace(encoded, features=own)

    def outputs(self, response: str = "predict") -> Outputs:
        """What the inner model says."""
        return self.inner.outputs(response)

    def raw_columns(
        self, data: Encoded, features: Sequence[Feature], X: Any, most_levels: int
    ) -> tuple[Column, ...]:
        """The columns of the table, before the encoder."""
        raw, all_features = table_rows(X, self.name)
        if isinstance(raw, FrameRows):
            return of_frame(raw, features)
        places = {feature.name: place for place, feature in enumerate(data.features)}
        return of_arrays(raw, [replace(all_features[places[f.name]], name=f.name) for f in features])

    def mover(self, data: Encoded, X: Any) -> Mover:
        """Values are moved in the encoder's table, and encoded then."""
        if self._raw is not None:
            return Mover.of(self._raw, data.features)
        raw, features = self._table(X)
        own = [replace(f, columns=o.columns) for f, o in zip(data.features, features, strict=True)]
        return replace(Mover.of(raw, own), encode=lambda rows: self._encoded(rows).rows)

    def metric_context(self, data: Encoded) -> MetricContext:
        """As the inner model, on the inner model's rows."""
        return self.inner.metric_context(replace(data, rows=self._inner_rows(data.rows)))

    def predicting(self) -> AbstractContextManager[None]:
        """As the inner model."""
        return self.inner.predicting()

    def predict(self, rows: Any, response: str = "predict") -> Any:
        """As the inner model; raw rows are encoded before."""
        return self.inner.predict(self._inner_rows(rows), response)

    def to_user_scale(self, pred: Any) -> Any:
        """As the inner model."""
        return self.inner.to_user_scale(pred)

    def chunk_rows(self, rows: Any) -> int:
        """As the inner model; many where each call has to encode."""
        return self.inner.chunk_rows(rows) if self._raw is None else 32_768

    def split(self, rows: Any) -> Split | None:
        """As the inner model, where rows are encoded once."""
        return self.inner.split(rows) if self._raw is None else None

    def _table(self, X: Any) -> tuple[Table, tuple[Feature, ...]]:
        """What the encoder takes of a table, a feature per column."""
        names = getattr(self.steps[0], "feature_names_in_", None)
        if is_frame(X) and names is not None:
            names = [str(name) for name in names]
            check_columns(X, names, "the encoder was fitted on")
            X = nw.from_native(X, eager_only=True).select(names).to_native()
        raw, features = table_rows(X, self.name)
        if names is not None and len(names) == len(features):
            features = tuple(Feature(str(n), own.columns) for n, own in zip(names, features, strict=True))
        return raw, features

    def _inner_rows(self, rows: Any) -> Any:
        if self._raw is None:
            return rows
        return self._encoded(rows).rows

    def _encoded(
        self, rows: Table, y: Any = None, missing: str = "raise", needs_target: bool = False
    ) -> Encoded:
        """Encode raw rows, and then as the inner model does."""
        return self.inner.encode(self._prepared(rows), y, missing, needs_target)

    def _prepared(self, rows: Table) -> Any:
        """What the inner model takes."""
        table = as_given(rows)
        with of_the_model():
            for step in self.steps:
                table = step.transform(table)
        return table.toarray() if hasattr(table, "toarray") else table

    def _columns(self, rows: Table) -> NDArray[Any]:
        return _matrix(self._encoded(rows).rows)


def _matrix(rows: Any) -> NDArray[Any]:
    """Encoded rows as one matrix, shape (n_rows, n_columns)."""
    assert isinstance(rows, ArrayRows)
    parts = [part if isinstance(part, np.ndarray) else part.cpu().numpy() for part in rows.parts]
    return np.hstack(parts) if len(parts) > 1 else np.asarray(parts[0])


def owned_columns(encode: Encode, raw: Table, encoded: Any, n_columns: int) -> list[tuple[int, ...]] | None:
    """Encoded columns of each raw column; None where they cannot be told apart, or moving them is not the same."""
    if not isinstance(encoded, ArrayRows):
        return None
    plain, n = _matrix(encoded), raw.n_rows
    for part in (np.arange(0, n, 2), np.arange(1, n, 2)):
        # ranks, say, of all rows given
        if not bool(_same(encode(raw.take(part)), plain[part]).all()):
            return None
    spread = np.linspace(0, n - 1, min(SAMPLE_ROWS, n)).astype(np.int64)
    owned = moved_with(encode, raw.take(spread), n_columns)
    shifts = [1 + column % (n - 1) for column in range(n_columns)]
    mixed = raw.take(slice(None))
    for column, shift in enumerate(shifts):
        mixed.replace([column], cast("Any", raw), np.roll(np.arange(n), shift))
    seen = encode(mixed)
    for attempt in ("on a sample", "on all rows"):
        if len(set(chain(*owned))) < sum(map(len, owned)):
            return None
        expected = plain.copy()
        for columns, shift in zip(owned, shifts, strict=True):
            expected[:, columns] = np.roll(plain[:, columns], shift, axis=0)
        if seen.shape == expected.shape and bool(_same(seen, expected).all()):
            return owned
        if attempt == "on a sample":
            # a rare level is in no sample
            owned = moved_with(encode, raw, n_columns)
    return None


def moved_with(encode: Encode, raw: Table, n_columns: int) -> list[tuple[int, ...]]:
    """Encoded columns that change when the values of a raw column move by one row."""
    plain, rows = encode(raw), np.roll(np.arange(raw.n_rows), 1)
    owned = []
    for column in range(n_columns):
        moved = raw.take(slice(None))
        moved.replace([column], cast("Any", raw), rows)
        changed = np.flatnonzero(~_same(encode(moved), plain).all(0))
        owned.append(tuple(changed.tolist()))
    return owned


def _same(first: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((first == other) | ((first != first) & (other != other)))
