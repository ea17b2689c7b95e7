"""Swaps of a network that is head(bias + sum of one part per column).

The sum of a row is made once; a swap adds what the donor's part differs by, and only the head is computed
again. Rows go through in chunks that stay in cache, all units and repeats of a chunk before the next chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from weighin._engine.kernels.levels import MAX_LEVELS, Levels, Unit, find_levels, share_of_work
from weighin._engine.workers import Workers
from weighin._models.split_view import Dense, SplitView

# of the first hidden layer in one pass: more leaves the cache, less pays for the calls
CHUNK_BYTES = 2**21
LEAST_CHUNK_ROWS = 128
# look-ups are predicted in multiples: oneDNN writes, and keeps, a program for every number of rows
EVEN_ROWS = 64
# of the same rows in one pass
STACKED_REPEATS = 4
# of one shuffle, which are predicted sooner than levels are counted
FEW_ROWS = 2048
# share of the plain work below which predicting each (row, level) once is faster
LOOK_UPS_PAY = 0.8
# on a GPU
DEVICE_CHUNK_BYTES = 2**28


@dataclass(frozen=True)
class Planned:
    """A unit and how it is predicted.

    `kernel` {"ignored", "levels", "sum"}: no prediction at all, one per row and level that is needed, or one per row
        and repeat.
    `levels`: for "levels".
    """

    unit: Unit
    kernel: str
    levels: Levels | None = None

    @property
    def lone(self) -> int | None:
        """Its continuous column, for a unit of nothing else that goes by sums."""
        conts = self.unit.conts
        return conts[0] if self.kernel == "sum" and not self.unit.cats and len(conts) == 1 else None


def plan_units(
    view: SplitView,
    units: Sequence[Unit],
    cat: Tensor,
    cont: Tensor,
    n_repeats: int,
    moved: Sequence[bool] = (),
) -> tuple[Planned, ...]:
    """Choose how each unit is predicted, once for all blocks.

    `cat`, shape (n_rows, n_cat). `cont`, shape (n_rows, n_cont): all rows, of all blocks. `moved`: units that may be
    given values which none of these rows has: those have no level.
    """
    return tuple(
        _plan(view, unit, cat, cont, n_repeats, new)
        for unit, new in zip(units, moved or [False] * len(units), strict=True)
    )


def _plan(view: SplitView, unit: Unit, cat: Tensor, cont: Tensor, n_repeats: int, moved: bool) -> Planned:
    if view.ignores(unit.cats, unit.conts):
        return Planned(unit, "ignored")
    if moved:
        return Planned(unit, "sum")
    few = n_repeats == 1 and 0 < len(cont) <= FEW_ROWS
    # counting what is needed would make a GPU wait
    if cont.device.type == "cpu" and not few:
        # values to be found cost a sort; with more of them than this, look-ups hardly ever pay
        limit = min(MAX_LEVELS, 8 + 6 * n_repeats) if unit.conts else MAX_LEVELS
        levels = find_levels(view, unit, cont, limit)
        if levels and share_of_work(levels.number(cat.t(), cont.t()), n_repeats) < LOOK_UPS_PAY:
            return Planned(unit, "levels", levels)
    return Planned(unit, "sum")


class Source:
    """Rows that give values to each other, each column's values side by side.

    `cat`, shape (n_rows, n_cat).
    `cont`, shape (n_rows, n_cont).
    """

    def __init__(self, view: SplitView, cat: Tensor, cont: Tensor) -> None:
        self.view, self.cat, self.cont = view, cat, cont
        self.cats, self.conts = cat.t().contiguous(), cont.t().contiguous()
        self._numbers: dict[Unit, Tensor] = {}

    def number(self, plan: Planned) -> Tensor | None:
        """Level of each row, counted once, for a unit that goes by levels."""
        if plan.levels is None:
            return None
        if plan.unit not in self._numbers:
            self._numbers[plan.unit] = plan.levels.number(self.cats, self.conts)
        return self._numbers[plan.unit]


def predict_swapped(
    source: Source,
    planned: Sequence[Planned],
    donors: Tensor,
    baseline: Tensor,
    out: Tensor,
    *,
    start: int = 0,
    chunk_rows: int | None = None,
    workers: Workers | None = None,
) -> None:
    """Predict rows as they are, and with the values of each unit taken from donors.

    `source`: the rows, those that only give included. `donors`, shape (n_repeats, n_receivers), or (n_units,
    n_repeats, n_receivers) where units have donors of their own: position in the source of the row that gives its
    values to each receiver. `baseline`, shape (n_receivers, n_outputs): filled with the
    predictions as the rows are. `out`, shape (n_units, n_repeats, n_receivers, n_outputs): filled with the predictions
    after the swaps. `start`: position in the source of the first receiver; the others follow. `chunk_rows`: rows in one
    matrix product. `workers`: threads to share the work; none by default.

    Where a donor's encoded values equal the row's own, the result is the baseline, bit for bit.
    """
    workers = workers or Workers()
    n_rows = len(baseline)
    _keep_freed_memory()
    if chunk_rows is None:
        size = CHUNK_BYTES if baseline.device.type == "cpu" else DEVICE_CHUNK_BYTES
        chunk_rows = max(LEAST_CHUNK_ROWS, size // source.view.bias.nbytes)
    block = _Block(source, planned, donors, baseline, out, start, chunk_rows)
    stacked = min(donors.shape[-2], STACKED_REPEATS)
    even = workers.n_threads * stacked if workers.n_threads > 1 else 1
    n_tasks = -(-n_rows * stacked // chunk_rows)
    # threads end together
    n_tasks = -(-n_tasks // even) * even
    step = -(-n_rows // n_tasks)
    tasks = [slice(first, min(first + step, n_rows)) for first in range(0, n_rows, step)]
    workers.each(block.predict, tasks)


def _keep_freed_memory() -> None:
    """Have glibc reuse the memory of the chunk before; pages from the system for every chunk cost 10 % and more.

    It keeps what is freed only up to twice the largest block freed so far, of at most 32 MiB.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


class _Stack:
    """Sums of rows, as they are and swapped, which go through the head when there are enough for a pass.

    Calls of few rows cost much, and are not shared among torch's threads.

    `z`, shape (n_rows, n_hidden): sums of the rows as they are: the first to wait.
    `baseline`, shape (n_rows, n_outputs): where their predictions belong.
    `room`: sums of each row in one pass.
    """

    def __init__(self, view: SplitView, z: Tensor, baseline: Tensor, room: int) -> None:
        self.view, self.baseline = view, baseline
        self.sums = z.new_empty(room, *z.shape)
        self.sums[0] = z
        self.n_added = 1
        self.waiting: list[tuple[Tensor | None, Tensor]] = [(None, baseline[None])]

    def predict_base(self) -> Tensor:
        """Predictions of the rows as they are, which may still have to be made."""
        if self.waiting and self.waiting[0][0] is None:
            self.finish()
        return self.baseline

    def add(self, fill: Callable[[slice, Tensor], object], equal: Tensor, out: Tensor) -> None:
        """Have sums of swaps made, as many at once as there is room for, and predicted.

        `fill`: writes the sums of some of the swaps, shape (n_some, n_rows, n_hidden). `equal`, shape (n_swaps,
        n_rows): rows that are given what they have. `out`, shape (n_swaps, n_rows, n_outputs): where the predictions
        belong.
        """
        first = 0
        while first < len(out):
            if self.n_added == len(self.sums):
                self.finish()
            h = self.sums[self.n_added : self.n_added + len(out) - first]
            repeats = slice(first, first + len(h))
            fill(repeats, h)
            self.waiting.append((equal[repeats, :, None], out[repeats]))
            self.n_added += len(h)
            first = repeats.stop

    def finish(self) -> None:
        """Predict what is waiting."""
        if not self.waiting:
            return
        pred = self.view.finish(self.sums[: self.n_added].flatten(0, 1))
        parts = pred.view(self.n_added, *self.baseline.shape).split([len(out) for _, out in self.waiting])
        for (equal, out), part in zip(self.waiting, parts, strict=True):
            if equal is None:
                out.copy_(part)
            else:
                torch.where(equal, self.baseline, part, out=out)
        self.waiting, self.n_added = [], 0


class _Block:
    """What all tasks of a call share; the arguments are those of `predict_swapped`."""

    def __init__(
        self,
        source: Source,
        planned: Sequence[Planned],
        donors: Tensor,
        baseline: Tensor,
        out: Tensor,
        start: int,
        chunk_rows: int,
    ) -> None:
        self.view, self.cat, self.cont = source.view, source.cat, source.cont
        self.cats, self.conts = source.cats, source.conts
        self.planned, self.donors, self.baseline, self.out = planned, donors, baseline, out
        self.start, self.chunk_rows = start, chunk_rows
        self.room = 2 * max((len(plan.levels.table) for plan in planned if plan.levels), default=0)
        self.numbers = [source.number(plan) for plan in planned]

    @torch.inference_mode()
    def predict(self, receivers: slice) -> None:
        """Fill in the results of some receivers."""
        # in the source
        rows = slice(self.start + receivers.start, self.start + receivers.stop)
        z = self.view.sum_parts(self.cat[rows], self.cont[rows])
        terms = torch.cat([z, z.new_empty(self.room, z.shape[1])]) if self.room else z
        each = self.donors[..., receivers].flatten(-2)
        n_sums = 1 + sum(plan.kernel == "sum" for plan in self.planned) * self.donors.shape[-2]
        room = min(max(1, self.chunk_rows // len(z)), n_sums)
        stack = _Stack(self.view, z, self.baseline[receivers], room)
        # columns whose values take as much as a pass
        most = max(1, self.chunk_rows * z.shape[1] // each.shape[-1])
        for first, last in self._together(most):
            plan, number, out = self.planned[first], self.numbers[first], self.out[first:last, :, receivers]
            donors = each if each.ndim == 1 else each[first]
            if plan.kernel == "ignored":
                out.copy_(stack.predict_base())
            elif plan.levels is not None and number is not None:
                given = number.index_select(0, donors).view(out.shape[1:3])
                self._predict_levels(
                    plan.levels.table, number[rows], given, terms, stack.predict_base(), out[0]
                )
            elif plan.lone is not None:
                columns = slice(plan.lone, plan.lone + last - first)
                self._add_columns(columns, rows, each if each.ndim == 1 else each[first:last], z, stack, out)
            else:
                self._add_up(plan.unit, rows, donors, z, stack, out[0])
        stack.finish()

    def _together(self, most: int) -> Iterator[tuple[int, int]]:
        """First and last of units to take together: continuous columns side by side, others one by one."""
        first = 0
        while first < len(self.planned):
            last, lone = first + 1, self.planned[first].lone
            if lone is not None:
                end = min(first + most, len(self.planned))
                while last < end and self.planned[last].lone == lone + last - first:
                    last += 1
            yield first, last
            first = last

    def _add_columns(
        self, columns: slice, rows: slice, donors: Tensor, z: Tensor, stack: _Stack, out: Tensor
    ) -> None:
        """One sum per row, repeat and column, for units of one continuous column."""
        if donors.ndim == 1:
            given = self.conts[columns].index_select(1, donors)
        else:
            starts = torch.arange(columns.start, columns.stop, device=donors.device) * self.conts.shape[1]
            given = self.conts.view(-1).index_select(0, (donors + starts[:, None]).view(-1))
        given = given.view(out.shape[:3])
        steps = (given - self.conts[columns, None, rows]).flatten(0, 1)
        weights = self.view.weights[columns, None].expand(-1, out.shape[1], -1).flatten(0, 1)

        def fill(repeats: slice, h: Tensor) -> None:
            torch.addcmul(z, steps[repeats, :, None], weights[repeats, None], out=h)

        stack.add(fill, steps == 0, out.view(-1, *out.shape[2:]))

    def _add_up(self, unit: Unit, rows: slice, donors: Tensor, z: Tensor, stack: _Stack, out: Tensor) -> None:
        """One sum per row and repeat."""
        view, shape = self.view, out.shape[:2]
        given = [self.cats[j].index_select(0, donors).view(shape) for j in unit.cats]
        steps = [self.conts[j].index_select(0, donors).view(shape) - self.conts[j, rows] for j in unit.conts]
        same = [levels == self.cats[j, rows] for levels, j in zip(given, unit.cats, strict=True)]
        same += [step == 0 for step in steps]
        equal = same[0] if len(same) == 1 else torch.stack(same).all(0)
        rest, tables = z, [view.tables[j] for j in unit.cats]
        # what a level adds to another, for all pairs
        if len(tables) == 1 and 2 * len(tables[0]) ** 2 <= out.shape[1]:
            (table,), (own,) = tables, (self.cats[unit.cats[0], rows],)
            tables = [(table - table[:, None]).flatten(0, 1)]
            given = [given[0] + own * len(table)]
        else:
            for j, table in zip(unit.cats, tables, strict=True):
                rest = rest - table.index_select(0, self.cats[j, rows])
        weights = [view.weights[j] for j in unit.conts]
        product = Dense(torch.stack(weights, 1), torch.zeros_like(view.bias)) if len(weights) > 2 else None

        def fill(repeats: slice, h: Tensor) -> None:
            start = rest
            for table, levels in zip(tables, given, strict=True):
                part = table.index_select(0, levels[repeats].flatten())
                start = torch.add(start, part.view_as(h), out=h)
            if product:
                part = product(torch.stack([step[repeats].flatten() for step in steps], 1))
                torch.add(start, part.view_as(h), out=h)
            else:
                for step, weight in zip(steps, weights, strict=True):
                    start = torch.addcmul(start, step[repeats, :, None], weight, out=h)

        stack.add(fill, equal, out)

    def _predict_levels(
        self, table: Tensor, own: Tensor, given: Tensor, terms: Tensor, base: Tensor, out: Tensor
    ) -> None:
        """One prediction per row and level that a donor has and the row has not; shuffles look them up.

        `terms` begins with the sums of the rows and has room for the table, twice.
        """
        n = len(own)
        needed = torch.zeros(len(table), n, dtype=torch.bool)
        needed.scatter_(0, given, True)
        needed.scatter_(0, own[None], False)
        levels, receivers = needed.nonzero(as_tuple=True)
        k = len(table)
        terms[n : n + k], terms[n + k : n + 2 * k] = table, -table
        wanted = torch.stack([receivers, n + levels, n + k + own.index_select(0, receivers)], 1)
        wanted = pad(wanted, (0, 0, 0, -len(wanted) % EVEN_ROWS))
        sums = (embedding_bag(some, terms, mode="sum") for some in wanted.split(self.chunk_rows))
        preds = torch.cat([base, *(self.view.finish(h) for h in sums if len(h))])
        # of each (level, row) among the predictions
        where = torch.empty(len(table) * n, dtype=torch.long)
        everyone = torch.arange(n)
        where.scatter_(0, own * n + everyone, everyone)
        where.scatter_(0, levels * n + receivers, torch.arange(n, n + len(levels)))
        looked_up = preds.index_select(0, where.view(len(table), n).gather(0, given).flatten())
        out.copy_(looked_up.view_as(out))
