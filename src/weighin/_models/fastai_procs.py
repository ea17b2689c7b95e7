"""A learner whose own procs make columns: what the table holds is swapped, and the procs run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from weighin._base.errors import InputError
from weighin._base.random_state import random_state_kept
from weighin._models.fastai import FastaiModel
from weighin._models.prepared import PreparedModel, Table, moved_with
from weighin._models.protocol import Encoded
from weighin._models.table import as_given, table_rows
from weighin._tables.columns import Column
from weighin._tables.features import Feature
from weighin._tables.frames import column_names, is_frame, to_pandas
from weighin._tables.mover import Mover


def has_own_procs(learn: Any) -> bool:
    """Whether a learner has procs that are not fastai's."""
    procs = getattr(getattr(getattr(learn, "dls", None), "train_ds", None), "procs", None)
    return any(not type(proc).__module__.startswith("fastai.") for proc in getattr(procs, "fs", ()))


class OwnProcsModel(PreparedModel):
    """A TabularLearner that makes columns of its table; its features are the columns of the table that it reads."""

    inner: FastaiModel

    def __init__(self, learn: Any, *, device: Any = None) -> None:
        inner = FastaiModel(learn, device=device)
        super().__init__((), inner)
        self.name = inner.name

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """As the learner, where the table has all of its columns; else by its procs, for each swap."""
        self._raw = None
        made = [feature.name for feature in self.inner.features]
        if not is_frame(X) or set(made) <= set(column_names(X)):
            return self.inner.encode(X, y, missing, needs_target)
        targets = [str(name) for name in self.inner.learn.dls.train_ds.y_names]
        names = [name for name in column_names(X) if name not in targets]
        raw, features = table_rows(to_pandas(X, names), self.name)
        whole = raw
        if needs_target and y is None:
            if not set(targets) <= set(column_names(X)):
                raise InputError(f"y is needed: the table has no {', '.join(targets)}.")
            whole = table_rows(to_pandas(X, [*names, *targets]), self.name)[0]
        elif needs_target:
            table = to_pandas(X, names)
            table[targets] = np.asarray(y).reshape(raw.n_rows, -1)
            whole = table_rows(table, self.name)[0]
        with random_state_kept():
            encoded = self._encoded(whole)
            moved = moved_with(self._columns, raw, len(features))
        self._raw = raw
        read = tuple(feature for feature, columns in zip(features, moved, strict=True) if columns)
        there = set(names)
        note = f"The learner makes {', '.join(n for n in made if n not in there)} by its own procs, after each swap."
        return replace(
            encoded,
            rows=raw,
            features=read,
            notes=(*encoded.notes, note),
            what=f"the {raw.n_rows:,} rows given",
        )

    def raw_columns(
        self, data: Encoded, features: Sequence[Feature], X: Any, most_levels: int
    ) -> tuple[Column, ...]:
        """Columns of the table."""
        if self._raw is None:
            return self.inner.raw_columns(data, features, X, most_levels)
        return super().raw_columns(data, features, X, most_levels)

    def mover(self, data: Encoded, X: Any) -> Mover:
        """As the learner, or in the columns of the table."""
        return self.inner.mover(data, X) if self._raw is None else super().mover(data, X)

    def _encoded(
        self, rows: Table, y: Any = None, missing: str = "raise", needs_target: bool = False
    ) -> Encoded:
        table = as_given(rows)
        return self.inner.read(self.inner.learn.dls.test_dl(table, bs=len(table), num_workers=0))
