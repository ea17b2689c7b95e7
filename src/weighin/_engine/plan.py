"""How a run is cut: features into groups, rows into batches, within the memory allowed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.pace import Pace
from weighin._engine.workers import threads_for
from weighin._samplers import Block, Donors, Positions, ShiftedDonors
from weighin._tables.features import Feature

# bytes beside the encoded data
MEMORY = 256 * 2**20
# places where a long run can be stopped without losing what is done
STEPS, MOST_STEPS = 10, 100
# row predictions; a shorter run is not cut for stopping
SHORT_RUN, SHORT_SECONDS = 1_000_000, 1.0
# from one place to the next, about
STEP_SECONDS = 5.0
# rows at once; more no longer helps
BATCH_ROWS = 32_768
# the same on a device, which takes millions at once: row predictions, and bytes of double precision for each sum
DEVICE_SHORT_RUN, DEVICE_SUM_BYTES = 200_000_000, 80
# features with joint moments: the work grows with their square
UNITS = 128
# row predictions below which threads cost more than they give
THREADS_FROM = 20_000


@dataclass(frozen=True)
class Resources:
    """What a run may use.

    `chunk_rows`: rows of one call of the model, or of one matrix product; as it pays by default.
    `n_jobs`: threads over chunks; for torch on the CPU as many as the process may use by default, one for other models,
        which may not stand more. The numbers do not depend on it.
    `memory`: bytes to hold at once beside the encoded data.
    `batch_seconds`: between two places where the run may stop, about: batches grow as long as they take less.
    `deadline`: when to stop, on the clock of `time.monotonic`.
    `fast`: whether a model may be taken as a sum of parts where it is one.
    `not_at_once`: why a model cannot be called on whole tables here, in words: an error ends with it where a model has
        to be.
    `arithmetic` {"tf32", "bfloat16"}: of matrix products after the first layer; the network's own by default.
    """

    chunk_rows: int | None = None
    n_jobs: int | None = None
    memory: int = MEMORY
    batch_seconds: float | None = None
    deadline: float | None = None
    fast: bool = True
    not_at_once: str = ""
    arithmetic: str | None = None


DEFAULTS = Resources()


@dataclass(frozen=True)
class Plan:
    """The cut of a run.

    `sections`: weighed one section after the other, each over all batches: one, unless memory is short.
    `step`: features of a section predicted at once: on one batch, or on all rows where a metric needs them all.
    `batch_rows`: rows of blocks put together for one call of a path.
    `n_threads`: threads over chunks.
    `on_device`: whether losses and moments are formed on a device.
    """

    sections: tuple[tuple[Feature, ...], ...]
    step: int
    batch_rows: int
    n_threads: int
    on_device: bool = False


def make_plan(
    features: Sequence[Feature],
    *,
    n_rows: int,
    n_repeats: int,
    row_bytes: int,
    out_bytes: int,
    block_rows: int,
    whole: bool,
    n_metrics: int = 1,
    memory: int = MEMORY,
    n_jobs: int | None = None,
    in_time: bool = False,
    row_seconds: float = 0.0,
    at_once: bool = False,
    chained: bool = False,
    own_donors: bool = False,
    on_device: bool = False,
    pace: Pace | None = None,
) -> Plan:
    """Cut a run so that what is held at once stays within `memory`, as far as one block allows.

    `features`: what to weigh. `n_rows`, `n_repeats`: rows of the table, shuffles per feature. `row_bytes`, `out_bytes`:
    encoded bytes of a row, and bytes of its prediction. `block_rows`: rows of the largest block that cannot be cut.
    `whole`: whether a metric needs the predictions of all rows at once. `n_metrics`: values kept of each prediction.
    `memory`: bytes. `n_jobs`: as scikit-learn counts: -1 for all that the process may use, which is the default.
    `in_time`: whether the run may have to stop soon. `row_seconds`: what predicting a row takes, at most; 0 where that
    is not known. `at_once`: whether all rows have to come in one batch, whatever memory that takes. `chained`: whether
    all features have to be predicted at once, whatever memory that takes. `own_donors`: whether features have donors of
    their own. `on_device`: whether losses and moments are formed on a device, of which `memory` are bytes. `pace`: what
    calls of a slow model take: a step is about a call then.
    """
    n_features = max(1, len(features))
    work = n_rows * n_repeats * n_features
    seconds = work * row_seconds
    is_long = in_time or work >= (DEVICE_SHORT_RUN if on_device else SHORT_RUN) or seconds >= SHORT_SECONDS
    stops = max(STEPS, min(int(seconds / STEP_SECONDS), MOST_STEPS)) if is_long else 1
    # each for: encoded rows, predictions, what swaps changed, what metrics and chunks hold
    room = memory // 4
    # of a row, for a feature: predictions, losses before and after
    predicted = n_repeats * (out_bytes + 16 * n_metrics)
    kept = n_repeats * 8 * (n_metrics + own_donors)
    section = step = n_features
    if whole:
        section = max(1, min(n_features, room // (kept * n_rows)))
        few = -(-n_features // stops) if pace is None else pace.rows_at_once(n_repeats * n_rows)
        step = max(1, min(section, room // (n_repeats * out_bytes * n_rows), few))
    held = predicted * step + (DEVICE_SUM_BYTES * min(step, UNITS) if on_device else 0)
    batch_rows = min(room // held, room // (4 * row_bytes), n_rows if on_device else BATCH_ROWS)
    # a device stops between batches: it is never busy with a few features alone
    if chained or (on_device and not whole):
        few = -(-n_rows // stops) if pace is None else pace.rows_at_once(n_repeats * n_features)
        batch_rows = min(batch_rows, few)
    batch_rows = n_rows if at_once else min(n_rows, max(batch_rows, block_rows, 1))
    if not whole and not chained:
        section = max(1, min(n_features, room // (kept * batch_rows)))
        n_batches = -(-n_rows // batch_rows)
        few = -(-section // -(-stops // n_batches))
        if pace is not None:
            few = pace.rows_at_once(n_repeats * (block_rows if in_time else batch_rows))
        step = max(1, min(section, room // (predicted * batch_rows), few))
    sections = tuple(tuple(features[first : first + section]) for first in range(0, len(features), section))
    n_threads = 1 if work < THREADS_FROM else threads_for(n_jobs)
    return Plan(sections, step, batch_rows, n_threads, on_device)


@dataclass(frozen=True)
class Batch:
    """Rows to predict at once.

    `rows`: row numbers that give values, those that receive among them; None for all rows of the table, in order.
    `receivers`: which of `rows` receive.
    `given`: position in `rows` of the row that gives its values to each receiver.
    `edges`: where its donor-closed blocks begin, and where the last one ends.
    `strata`: number of the stratum of each block.
    `own`: such donors of each feature, where some have donors of their own.
    `spread`: of each feature, whether these are spread over its values.
    """

    rows: Positions | None
    receivers: slice
    given: Donors
    edges: tuple[int, ...] = ()
    strata: tuple[int, ...] = ()
    own: Donors | None = None
    spread: tuple[bool, ...] = ()

    @property
    def donors(self) -> Positions:
        """Position in `rows` of the row that gives its values to each receiver, shape (n_repeats, n_receivers)."""
        return self.given.matrix

    @property
    def spans(self) -> Iterator[tuple[int, int]]:
        """Where each block begins and ends."""
        return itertools.pairwise(self.edges)

    @property
    def n_receivers(self) -> int:
        """Rows that receive."""
        return self.given.shape[-1]

    @property
    def of_others(self) -> NDArray[np.float64]:
        """What changes of a spread feature count by, of each receiver: rows meet themselves as well as others."""
        sizes = np.diff(self.edges)
        return np.repeat(sizes / (sizes - 1.0), sizes)

    @property
    def numbers(self) -> Any:
        """Row numbers of the receivers, to index the table by."""
        return self.receivers if self.rows is None else self.rows


@dataclass(frozen=True)
class Whole:
    """All receivers, in the order of the blocks.

    `numbers`, shape (n_rows,): row numbers, to index the table by.
    `n_rows`: receivers.
    `edges`: where its donor-closed blocks begin, and where the last one ends; only 0 where there are none.
    `donors`, shape (n_repeats, n_rows): position of the row that gives its values to each receiver, where that is asked
        for.
    """

    numbers: Any
    n_rows: int
    edges: tuple[int, ...]
    donors: NDArray[np.integer] | None

    @classmethod
    def of(cls, blocks: Iterable[Block], n_rows: int, n_repeats: int, with_donors: bool) -> Whole:
        """Put blocks together."""
        numbers, edges = np.empty(n_rows, dtype=np.int64), [0]
        # half of what long integers take: of many rows and repeats there is room for few numbers
        kind = np.int32 if n_rows < 2**31 else np.int64
        donors = np.empty((n_repeats, n_rows), kind) if with_donors else None
        for block in blocks:
            if block.rows is None:
                return cls(slice(0, n_rows), n_rows, (0,), block.donors if with_donors else None)
            here = slice(edges[-1], edges[-1] + len(block.rows))
            numbers[here] = block.rows
            if donors is not None:
                donors[:, here] = block.donors + here.start
            edges.append(here.stop)
        return cls(numbers, n_rows, tuple(edges), donors)


def batches(blocks: Iterable[Block], batch_rows: int | Callable[[], int]) -> Iterator[Batch]:
    """Put whole blocks together, asking for room before each; cut the receivers of a block that is the whole table."""
    room = batch_rows if callable(batch_rows) else lambda: batch_rows
    held: list[Block] = []
    n_held = 0
    for block in blocks:
        if block.rows is None:
            n = block.n_receivers
            # as many batches as needed, all of a size
            step = -(-n // -(-n // room()))
            for start in range(0, n, step):
                here = slice(start, min(start + step, n))
                yield Batch(None, here, Donors(np.ascontiguousarray(block.donors[:, here])))
            continue
        if held and n_held + len(block.rows) > room():
            yield _together(held)
            held, n_held = [], 0
        held.append(block)
        n_held += len(block.rows)
    if held:
        yield _together(held)


def features_together(batches: Sequence[Batch]) -> Batch:
    """The same rows with the donors of features of one batch after the other."""
    own = [batch.own.matrix for batch in batches if batch.own is not None]
    if len(batches) == 1 or not own:
        return batches[0]
    spread = tuple(flag for batch in batches for flag in batch.spread)
    return replace(batches[0], own=Donors(np.concatenate(own)), spread=spread)


def _together(blocks: Sequence[Block]) -> Batch:
    edges = np.cumsum([0, *(block.n_receivers for block in blocks)])
    rows = np.concatenate([block.rows for block in blocks if block.rows is not None])
    strata = tuple(block.stratum for block in blocks)
    shifted = [block.given for block in blocks if isinstance(block.given, ShiftedDonors)]
    if len(shifted) == len(blocks):
        given: Donors = ShiftedDonors.together(shifted)
    else:
        moved = [block.donors + edge for block, edge in zip(blocks, edges[:-1], strict=True)]
        given = Donors(np.concatenate(moved, axis=1))
    return Batch(rows, slice(0, len(rows)), given, tuple(edges.tolist()), strata)
