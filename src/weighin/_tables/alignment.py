"""Values of rows that have names: put into the order of the table by them, or refused."""

from __future__ import annotations

from typing import Any

from weighin._base.errors import InputError


def aligned(values: Any, index: Any, what: str) -> tuple[Any, str]:
    """Give the values in the order of the table's rows.

    `values`: A pandas Series or DataFrame is aligned; all else goes by position. `index`: names of the table's rows.
    `what`: what to call the values in messages: "y". Returns `values`: as given, or in the order of the table; `note`:
    what was done; empty where they were in order. Raises InputError if the two do not name the same rows, or names that
    occur twice are in another order.
    """
    # of a pandas Series; a list has a method of that name
    own: Any = getattr(values, "index", None)
    if index is None or not hasattr(own, "get_indexer") or own.equals(index):
        return values, ""
    by_position = f"To go by position give {what}.to_numpy()."
    if own.has_duplicates or index.has_duplicates:
        which = f"that of {what}" if own.has_duplicates else "that of X"
        raise InputError(
            f"{what} and X have indexes that differ, and {which} names rows more than once, so that {what} cannot be "
            f"put into the order of X. {by_position}"
        )
    places = own.get_indexer(index)
    lacking, more = int((places < 0).sum()), len(own) - int((places >= 0).sum())
    if lacking or more:
        choose = f" Hint: {what}.loc[X.index]." if not lacking else ""
        raise InputError(
            f"{what} and X name their rows differently: of the {len(index):,} rows of X {lacking:,} are not in the "
            f"index of {what}, and {more:,} of the {len(own):,} of {what} are not in that of X.{choose} {by_position}"
        )
    moved = int((places != range(len(places))).sum())
    note = f"{what} was put into the order of X by its index: {moved:,} of {len(own):,} rows stood elsewhere."
    return values.iloc[places], note
