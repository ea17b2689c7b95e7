"""How a run is cut: features into groups, rows into batches, within the memory allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import effective_n_jobs

from weighin._donors import Block, Rows
from weighin._features import Feature

MEMORY = 256 * 2**20  # bytes beside the encoded data
STEPS = 20  # places where a long run can be stopped without losing what is done
SHORT_RUN = 200_000  # row predictions; a shorter run is not cut for stopping
BATCH_ROWS = 32_768  # rows at once; more no longer helps
THREADS_FROM = 20_000  # row predictions below which threads cost more than they give


@dataclass(frozen=True)
class Plan:
    """The cut of a run.

    Attributes
    ----------
    groups : tuple of tuple of Feature
        Weighed one group after the other, each over all batches.
    batch_rows : int
        Rows of blocks put together for one call of a path; a batch holds whole blocks.
    n_threads : int
        Threads over chunks.
    """

    groups: tuple[tuple[Feature, ...], ...]
    batch_rows: int
    n_threads: int


def make_plan(
    features: Sequence[Feature],
    *,
    n_rows: int,
    n_repeats: int,
    row_bytes: int,
    out_bytes: int,
    block_rows: int,
    whole: bool,
    memory: int = MEMORY,
    n_jobs: int | None = None,
) -> Plan:
    """Cut a run so that what is held at once stays within `memory`, as far as one block allows.

    Parameters
    ----------
    features : sequence of Feature
        What to weigh.
    n_rows, n_repeats : int
        Rows of the table, shuffles per feature.
    row_bytes, out_bytes : int
        Encoded bytes of a row, and bytes of its prediction.
    block_rows : int
        Rows of the largest block.
    whole : bool
        Whether the metric needs the predictions of all rows at once.
    memory : int
        Bytes.
    n_jobs : int, optional
        As scikit-learn counts: -1 for all that the process may use, which is the default.
    """
    n_features = max(1, len(features))
    room = memory // 2  # the rest is for what metrics and chunks hold meanwhile
    row_of_a_feature = n_repeats * (out_bytes + 24)  # predictions, losses before and after
    batch_rows = min(room // (row_of_a_feature * n_features), room // (4 * row_bytes), BATCH_ROWS)
    batch_rows = max(batch_rows, block_rows)
    held_rows = n_rows if whole else min(batch_rows, n_rows)
    fitting = max(1, room // (row_of_a_feature * held_rows))
    work = n_rows * n_repeats * n_features
    wanted = 1 if work < SHORT_RUN else min(n_features, -(-STEPS * min(batch_rows, n_rows) // n_rows))
    size = max(1, min(fitting, -(-n_features // wanted)))
    groups = tuple(tuple(features[first : first + size]) for first in range(0, len(features), size))
    return Plan(
        groups, batch_rows, 1 if work < THREADS_FROM else effective_n_jobs(-1 if n_jobs is None else n_jobs)
    )


def batches(blocks: Iterable[Block], batch_rows: int) -> Iterator[tuple[Rows, Rows]]:
    """Put whole blocks together: their rows, and donors as positions within the batch."""
    rows: list[Rows] = []
    donors: list[Rows] = []
    held = 0
    for block in blocks:
        if held and held + len(block.rows) > batch_rows:
            yield np.concatenate(rows), np.concatenate(donors, axis=1)
            rows, donors, held = [], [], 0
        rows.append(block.rows)
        donors.append(block.donors + held)
        held += len(block.rows)
    if held:
        yield np.concatenate(rows), np.concatenate(donors, axis=1)
