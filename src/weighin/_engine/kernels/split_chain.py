"""Chains of swaps in a network that is head(bias + sum of one part per column): a step adds what one part differs by.

All steps of a chunk of rows are added up in one look-up: the parts of all columns stand in one table, and each step of
each row names the lines of the table that it adds, and how often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from weighin._engine.kernels.levels import Unit
from weighin._engine.kernels.split_sums import (
    CHUNK_BYTES,
    DEVICE_CHUNK_BYTES,
    EVEN_ROWS,
    LEAST_CHUNK_ROWS,
    Planned,
    Source,
)
from weighin._engine.workers import Workers

# that a step may name; of a unit that needs more, the difference is made first
MOST_LINES = 4
# steps predicted in one pass
STEPS = 4
# share of steps that move a row above which all are predicted
MOST_MOVE = 0.85


@dataclass(frozen=True)
class ChainUnits:
    """The units of a chain, sorted by what their steps add.

    `ignored`: units that the network cannot see.
    """

    units: tuple[Unit, ...]
    ignored: tuple[bool, ...]

    @classmethod
    def of(cls, planned: Sequence[Planned]) -> ChainUnits:
        """Those of a plan."""
        return cls(tuple(plan.unit for plan in planned), tuple(plan.kernel == "ignored" for plan in planned))

    @cached_property
    def numbers(self) -> list[Tensor]:
        """Units of one continuous column, and those of one categorical column: their numbers, and the columns."""
        conts = [(u, unit.conts[0]) for u, unit in enumerate(self.units) if unit.conts and not unit.cats]
        conts = [(u, column) for u, column in conts if len(self.units[u].conts) == 1]
        cats = [
            (u, unit.cats[0]) for u, unit in enumerate(self.units) if len(unit.cats) == 1 and not unit.conts
        ]
        return [torch.tensor(places, dtype=torch.long).reshape(-1, 2) for places in (conts, cats)]

    @cached_property
    def others(self) -> list[int]:
        """Units of several columns."""
        return [u for u, unit in enumerate(self.units) if len(unit.cats) + len(unit.conts) != 1]

    @cached_property
    def n_lines(self) -> int:
        """Lines of the table that any step names."""
        lines = [2 * len(unit.cats) + len(unit.conts) for unit in self.units]
        return max((n if n <= MOST_LINES else 1 for n in lines), default=1)


def predict_chain(
    source: Source,
    units: ChainUnits,
    donors: Tensor,
    places: Tensor,
    baseline: Tensor,
    out: Tensor,
    *,
    start: int,
    chunk_rows: int | None,
    workers: Workers,
) -> None:
    """Predict rows as they are, and after each step.

    `source`: the rows, those that only give included. `donors`, shape (n_repeats, n_receivers): position in the source
    of the row that gives its values to each receiver. `places`, shape (n_units, n_repeats, n_receivers): place of each
    unit in the order of each row. `baseline`, shape (n_receivers, n_outputs). `out`, shape (n_units, n_repeats,
    n_receivers, n_outputs): filled with the predictions after each step. `start`: position in the source of the first
    receiver; the others follow. `chunk_rows`: rows in one matrix product.
    """
    n_rows, n_repeats = len(baseline), len(donors)
    if chunk_rows is None:
        size = CHUNK_BYTES if baseline.device.type == "cpu" else DEVICE_CHUNK_BYTES
        chunk_rows = max(LEAST_CHUNK_ROWS, size // source.view.bias.nbytes)
    step = max(1, min(chunk_rows // (n_repeats * min(STEPS, len(out))), -(-n_rows // workers.n_threads)))
    chains = _Chains(source, units, donors, places, baseline, out, start, chunk_rows)
    workers.each(
        chains.predict, [slice(first, min(first + step, n_rows)) for first in range(0, n_rows, step)]
    )


class _Chains:
    """What all tasks of a call share; the arguments are those of `predict_chain`."""

    def __init__(
        self,
        source: Source,
        units: ChainUnits,
        donors: Tensor,
        places: Tensor,
        baseline: Tensor,
        out: Tensor,
        start: int,
        chunk_rows: int,
    ) -> None:
        self.view, self.source, self.units = source.view, source, units
        self.donors, self.places, self.baseline, self.out = donors, places, baseline, out
        self.start, self.chunk_rows = start, chunk_rows
        view, device = self.view, baseline.device
        self.table = torch.cat([view.weights, *view.tables]) if view.tables else view.weights
        sizes = [len(view.weights), *(len(table) for table in view.tables)]
        # first line of each categorical column
        self.firsts = torch.tensor(sizes).cumsum(0)[: len(view.tables)].to(device)
        self.numbers = [places.to(device) for places in units.numbers]
        self.seen = ~torch.tensor(units.ignored, device=device)

    @torch.inference_mode()
    def predict(self, receivers: slice) -> None:
        """Fill in the results of some receivers."""
        view, source, n_units = self.view, self.source, len(self.out)
        rows = slice(self.start + receivers.start, self.start + receivers.stop)
        z = view.sum_parts(source.cat[rows], source.cont[rows])
        # the head may overwrite what it is given
        self.baseline[receivers] = view.finish(z.clone())
        n, n_repeats = len(z), len(self.donors)
        lines, times, moved, table = self._steps(rows, self.donors[:, receivers].flatten())
        places = self.places[:, :, receivers].reshape(n_units, -1).long()
        number = torch.arange(n_units, device=places.device)[:, None].expand_as(places)
        order = torch.empty_like(places).scatter_(0, places, number)
        taken = order[:, None].expand(-1, lines.shape[1], -1)
        lines, times = (part.gather(0, taken).transpose(1, 2).contiguous() for part in (lines, times))
        moved = moved.gather(0, order)
        last = z.repeat(n_repeats, 1)
        # behind the rows as they are
        preds = self.out.new_empty(1 + n_units, *self.donors.shape[:1], n, self.out.shape[-1]).flatten(1, 2)
        preds[0] = self.baseline[receivers].repeat(n_repeats, 1)
        together = max(1, self.chunk_rows // len(last))
        n_lines, every = lines.shape[2], self._all_move(moved)
        begin = torch.arange(0, together * len(last) * n_lines, n_lines, device=last.device)
        for first in range(0, n_units, together):
            steps = slice(first, min(first + together, n_units))
            sums = embedding_bag(
                lines[steps].flatten(),
                table,
                begin[: (steps.stop - first) * len(last)],
                per_sample_weights=times[steps].flatten(),
                mode="sum",
            )
            for h in sums.view(-1, *last.shape).unbind():
                last = h.add_(last)
            last = last.clone()
            filled = preds[1 + steps.start : 1 + steps.stop]
            filled.copy_(self._finish(sums, None if every else moved[steps].flatten()).view_as(filled))
        # a step that moves nothing has the prediction of the last one that did
        latest = torch.where(moved, number + 1, 0).cummax(0).values
        taken = latest[..., None].expand(-1, -1, preds.shape[-1])
        self.out[:, :, receivers] = preds.gather(0, taken).view(n_units, n_repeats, n, -1)

    @staticmethod
    def _all_move(moved: Tensor) -> bool:
        """Whether all steps are predicted: where few move nothing, or looking would make a GPU wait."""
        return moved.device.type != "cpu" or int(moved.count_nonzero()) > MOST_MOVE * moved.numel()

    def _finish(self, sums: Tensor, moved: Tensor | None) -> Tensor:
        """Predict sums: those that moved, where that is given."""
        if moved is None:
            return self.view.finish(sums)
        wanted, preds = moved.nonzero()[:, 0], sums.new_empty(len(sums), self.out.shape[-1])
        if len(wanted):
            even = pad(wanted, (0, -len(wanted) % EVEN_ROWS))
            preds[wanted] = self.view.finish(sums.index_select(0, even))[: len(wanted)]
        return preds

    def _steps(self, rows: slice, donors: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What each unit adds to each row in each repeat.

        Returns `lines, times`, shape (n_units, n_lines, n_repeats * n_rows): lines of the table, and how often each
        counts; `moved`, shape (n_units, n_repeats * n_rows): whether the donor's values are others than the row's own;
        `table`, shape (n_table_lines, n_hidden).
        """
        source, units, table = self.source, self.units, self.table
        n_repeats = len(self.donors)
        shape = (len(units.units), units.n_lines, len(donors))
        lines, times = donors.new_zeros(shape), table.new_zeros(shape)
        moved = torch.zeros(shape[0], shape[2], dtype=torch.bool, device=donors.device)
        conts, cats = self.numbers
        if len(conts):
            of, columns = conts.unbind(1)
            given = source.conts[columns].index_select(1, donors) - self._own(source.conts[columns, rows])
            lines[of, 0], times[of, 0], moved[of] = columns[:, None], given, given != 0
        if len(cats):
            of, columns = cats.unbind(1)
            first = self.firsts[columns, None]
            given, own = source.cats[columns].index_select(1, donors), self._own(source.cats[columns, rows])
            lines[of, 0], lines[of, 1], moved[of] = first + given, first + own, given != own
            times[of, 0], times[of, 1] = 1.0, -1.0
        extra: list[Tensor] = []
        for number in units.others:
            unit = units.units[number]
            steps = [
                source.conts[j].index_select(0, donors) - source.conts[j, rows].repeat(n_repeats)
                for j in unit.conts
            ]
            levels = [
                (source.cats[j].index_select(0, donors), source.cats[j, rows].repeat(n_repeats))
                for j in unit.cats
            ]
            for step in steps:
                moved[number] |= step != 0
            for given, own in levels:
                moved[number] |= given != own
            if 2 * len(levels) + len(steps) <= MOST_LINES:
                named = [(j, step) for j, step in zip(unit.conts, steps, strict=True)]
                for j, (given, own) in zip(unit.cats, levels, strict=True):
                    named += [(self.firsts[j] + given, 1.0), (self.firsts[j] + own, -1.0)]
                for line, (where, often) in enumerate(named):
                    lines[number, line], times[number, line] = where, often
                continue
            part = table.new_zeros(len(donors), table.shape[1])
            if steps:
                part.addmm_(torch.stack(steps, 1), self.view.weights[list(unit.conts)])
            for j, (given, own) in zip(unit.cats, levels, strict=True):
                part += self.view.tables[j].index_select(0, given) - self.view.tables[j].index_select(0, own)
            place = len(table) + len(extra) * len(donors)
            lines[number, 0], times[number, 0] = (
                torch.arange(place, place + len(donors), device=donors.device),
                1.0,
            )
            extra.append(part)
        return lines, times, moved & self.seen[:, None], torch.cat([table, *extra]) if extra else table

    def _own(self, values: Tensor) -> Tensor:
        """The rows' own values, once for each repeat."""
        return values.repeat(1, len(self.donors))
