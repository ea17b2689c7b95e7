"""Choose rows of a table: ``--rows`` and ``--where``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from weighin._base.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from weighin._football.card import Card
    from weighin._tables.sources import Source

_PARTS = ("train", "valid", "test")


def where(frame: pd.DataFrame, expression: str) -> pd.DataFrame:
    """Keep the rows that meet an SQL condition like ``year = 2021 and home_team in ('Rice', 'Navy')``.

    Raises InputError on text that is no condition, an unknown column, or a value of another kind than the column.
    """
    from weighin._tables.sql import evaluate

    met = evaluate(expression, frame, "--where")
    if str(met.type) != "bool":
        raise InputError(
            f"--where: {expression!r:.200} is no condition, it gives {met.type}. Hint: year = 2021 and week < 10."
        )
    return frame[met.fill_null(False).to_numpy()]


def with_columns(frame: pd.DataFrame, added: Sequence[str], target: str | None) -> pd.DataFrame:
    """Add columns, each a text like ``elo_diff=home_elo - away_elo`` that does not read the target.

    Raises InputError on a text without a name, a name that is there, or an expression that cannot be computed.
    """
    from weighin._refit.ablate.expression import evaluate

    for text in added:
        name, sign, expression = (part.strip() for part in text.partition("="))
        if not sign or not name or not expression:
            raise InputError(f"--add must be name=expression, got {text!r}.")
        if name in frame.columns:
            raise InputError(f"--add: the table has a column {name!r}; give the new one another name.")
        frame = frame.assign(**{name: evaluate(expression, frame, () if target is None else (target,))})
    return frame


class Chosen(NamedTuple):
    """Rows of a table, and what a reader must know of them.

    `what`: which ones, in words, with their number left open: "{n} held-out rows".
    `trained_on`: how many of them the network was trained on; None when it is not known.
    `notes`: what is odd about them.
    """

    frame: pd.DataFrame
    what: str
    trained_on: int | None
    notes: tuple[str, ...]


def read(
    table: Path,
    rows: str | None,
    card: Card | None,
    condition: str | None = None,
    model: Any = None,
    add: Sequence[str] | None = None,
    target: str | None = None,
    seed: int = 0,
) -> Chosen:
    """Read a table, with the categories in mind that a model knows, add columns, and choose; see `choose`.

    Of a table too large to be held, rows are drawn first, by the seed. Raises InputError if fewer than two rows are
    left, too.
    """
    from weighin._models.levels import levels_of
    from weighin._tables.frames import read_noted
    from weighin._tables.large import read_or_open, sample

    frame, source, notes = read_or_open(table, levels_of(model))
    if source is not None:
        drawn, note = sample(source, seed)
        frame, notes = source.take(drawn), (*source.notes, f"{note}.")
    elif isinstance(frame, Path):
        frame, notes = read_noted(table, levels_of(model))
    chosen = choose(with_columns(frame, add or (), target), rows, card, condition)
    what = chosen.what.removeprefix("all ")
    if source is not None:
        chosen = chosen._replace(what=f"{what} of a sample of {len(frame):,} of {source.n_rows:,}")
    chosen = chosen._replace(notes=(*chosen.notes, *notes))
    n_left = len(chosen.frame)
    if not n_left:
        raise InputError(f"No rows are left of '{table}': {chosen.what.replace('{n}', '0', 1)}.")
    if n_left < 2:
        raise InputError(
            f"One row is left of '{table}': {chosen.what.replace('{n}', '1', 1)}; at least 2 are needed."
        )
    return chosen


def large(table: Path, model: Any) -> Source | None:
    """What a table too large to be held is read from."""
    from weighin._models.levels import levels_of
    from weighin._tables.large import read_or_open

    return read_or_open(table, levels_of(model))[1]


def choose(table: pd.DataFrame, rows: str | None, card: Card | None, condition: str | None = None) -> Chosen:
    """Take the rows that ``--where`` keeps, and of these the ones that ``--rows`` names: held-out, all, or first:N.

    Raises InputError if the choice is none of these, cannot be told without a card or an id, or the condition is none.
    """
    if "id" not in table.columns:
        card = None
    # other years of the same numbering are new rows; a table that shares no id at all may be numbered anew
    strange = card is not None and not _among(table, card, *_PARTS).any()
    frame = table if condition is None else where(table, condition)
    first = re.fullmatch(r"first:(\d+)", rows or "")
    if rows == "all" or (rows is None and card is None):
        what = "all {n} rows"
    elif rows in ("held-out", None):
        if card is None:
            raise InputError(
                "--rows held-out needs the card that weighin writes beside the learner (learner.card.json) and the "
                "column 'id' in the table. Use --rows all or --where."
            )
        frame = frame[~_among(frame, card, "train", "valid")]
        what = "all {n} rows" if strange else "{n} held-out rows"
    elif first and int(first[1]) > 0:
        frame = frame.head(int(first[1]))
        what = "the first {n} rows"
    else:
        raise InputError(f"--rows must be held-out, all or first:N with N >= 1, got {rows!r}.")
    if condition is not None:
        what = f"{what.removeprefix('all ')} where {condition}"
    trained_on = None if card is None or strange else int(_among(frame, card, "train").sum())
    notes = (
        (("None of these ids is in the card: either the rows are new or they were renumbered."),)
        if strange
        else ()
    )
    return Chosen(frame, what, trained_on, notes)


def _among(frame: pd.DataFrame, card: Card, *parts: str) -> NDArray[np.bool_]:
    """Tell which rows have an id that the card knows, in one of its parts."""
    import pandas as pd

    ids = frame["id"]
    if pd.api.types.is_float_dtype(ids.dtype) and (ids.dropna() % 1 == 0).all():
        ids = ids.astype("Int64")
    # one file format keeps ids as numbers, another as text
    ids_of_card = {str(number) for part in parts for number in getattr(card, f"{part}_ids")}
    return ids.astype(str).isin(ids_of_card).to_numpy(dtype=bool)
