"""Swaps of a network that is head(bias + sum of one part per column), on a device where each call has its price.

Features and repeats of many rows go through the head together. Everything is an index, a product or a comparison that
the device works off by itself: nothing here waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from weighin._engine.kernels.levels import Unit, find_levels
from weighin._engine.kernels.split_sums import Planned, Source
from weighin._models.split_view import SplitView


def plan_on_device(
    view: SplitView,
    units: Sequence[Unit],
    cat: Tensor,
    cont: Tensor,
    n_repeats: int,
    moved: Sequence[bool],
) -> tuple[Planned, ...]:
    """Choose how each unit is predicted; arguments as for `plan_units`.

    A unit of fewer other levels than repeats is predicted once for each of them, in every row: which rows need which
    is never counted.
    """
    # of the first rows, for all columns at once: one number each to wait for
    first = cont[: 4 * n_repeats + 1].sort(0).values
    few = ((first[1:] != first[:-1]).sum(0) < n_repeats).tolist()
    planned = []
    for unit, new in zip(units, moved, strict=True):
        if view.ignores(unit.cats, unit.conts):
            planned.append(Planned(unit, "ignored"))
            continue
        known = not new and all(few[j] for j in unit.conts)
        levels = find_levels(view, unit, cont, n_repeats) if known else None
        planned.append(Planned(unit, "levels" if levels else "sum", levels))
    return tuple(planned)


class Stacks:
    """Units by how they are stacked: those of one column with others of their kind, all else one by one.

    `source`: the rows, those that only give included.
    `planned`: the units, in the order of what is filled in.
    """

    def __init__(self, source: Source, planned: Sequence[Planned]) -> None:
        self.source, self.view, self.planned = source, source.view, planned
        device = source.cont.device
        sums = [number for number, plan in enumerate(planned) if plan.kernel == "sum"]
        units = [plan.unit for plan in planned]
        conts = [n for n in sums if not units[n].cats and len(units[n].conts) == 1]
        cats = [n for n in sums if not units[n].conts and len(units[n].cats) == 1]
        self.others = [n for n in sums if n not in {*conts, *cats}]
        # places among the units, and columns
        self.conts = torch.tensor([conts, [units[n].conts[0] for n in conts]], device=device)
        self.cats = torch.tensor([cats, [units[n].cats[0] for n in cats]], device=device)
        tables = self.view.tables
        self.table = torch.cat(tables) if cats else None
        sizes = torch.tensor([0, *(len(table) for table in tables)], device=device)
        # first line of each categorical column
        self.first = sizes.cumsum(0)

    @torch.inference_mode()
    def predict(self, rows: slice, donors: Tensor, baseline: Tensor, out: Tensor, room: int) -> None:
        """Fill in the predictions of some rows.

        `rows`: receivers, by their places in the source. `donors`, shape (n_repeats, n): who gives to them; units first
        where these have donors of their own. `baseline`, shape (n, n_outputs). `out`, shape (n_units, n_repeats, n,
        n_outputs). `room`: sums in one call of the head.
        """
        source = self.source
        z = self.view.sum_parts(source.cat[rows], source.cont[rows])
        baseline.copy_(self.view.finish(z.clone()))
        shared, (n_repeats, n) = donors.ndim == 2, donors.shape[-2:]
        together = max(1, room // max(1, n_repeats * n))
        for kind, stack in ((self.conts, self._columns), (self.cats, self._levels)):
            for places, columns in zip(*(part.split(together) for part in kind), strict=True):
                if len(places):
                    h, equal = stack(columns, rows, donors if shared else donors[places], z)
                    out.index_copy_(0, places, self._finish(h, equal, baseline))
        for number, plan in enumerate(self.planned):
            if plan.kernel == "ignored":
                out[number] = baseline
            elif plan.levels is not None:
                self._look_up(plan, rows, donors if shared else donors[number], z, baseline, out[number])
        for number in self.others:
            h, equal = self._add_up(self.planned[number].unit, rows, donors if shared else donors[number], z)
            out[number] = self._finish(h, equal, baseline)

    def _finish(self, h: Tensor, equal: Tensor, baseline: Tensor) -> Tensor:
        """Predictions of sums, shape (..., n, n_hidden); those as the rows are where nothing is swapped."""
        pred = self.view.finish(h.flatten(0, -2)).view(*h.shape[:-1], -1)
        return torch.where(equal[..., None], baseline, pred)

    def _columns(self, columns: Tensor, rows: slice, donors: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """One sum per column, repeat and row, of continuous columns; and where nothing is swapped."""
        conts = self.source.conts
        steps = conts[columns[:, None, None], donors] - conts[:, rows][columns][:, None]
        return torch.addcmul(z, steps[..., None], self.view.weights[columns][:, None, None]), steps == 0

    def _levels(self, columns: Tensor, rows: slice, donors: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """One sum per column, repeat and row, of categorical columns; and where nothing is swapped."""
        assert self.table is not None
        cats, first = self.source.cats, self.first[columns]
        own = cats[:, rows][columns] + first[:, None]
        given = cats[columns[:, None, None], donors] + first[:, None, None]
        rest = z - self.table[own]
        return self.table[given].add_(rest[:, None]), given == own[:, None]

    def _add_up(self, unit: Unit, rows: slice, donors: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """One sum per repeat and row of a unit of several columns; and where nothing is swapped."""
        view, source, h, equal = self.view, self.source, z, torch.ones_like(donors, dtype=torch.bool)
        for j in unit.cats:
            own, given = source.cats[j, rows], source.cats[j][donors]
            h = h - view.tables[j][own] if h is z else h.sub_(view.tables[j][own])
            equal &= given == own
        h = h.expand(*donors.shape, -1)
        for j in unit.cats:
            h = h + view.tables[j][source.cats[j][donors]]
        if unit.conts:
            conts = list(unit.conts)
            steps = source.conts[conts][:, donors] - source.conts[conts, rows][:, None]
            equal &= (steps == 0).all(0)
            h = h + steps.movedim(0, -1) @ view.weights[conts]
        return h, equal

    def _look_up(
        self, plan: Planned, rows: slice, donors: Tensor, z: Tensor, baseline: Tensor, out: Tensor
    ) -> None:
        """One prediction per row and level that it has not; shuffles look them up."""
        number = self.source.number(plan)
        assert plan.levels is not None
        assert number is not None
        table, own, given = plan.levels.table, number[rows], number[donors]
        n_levels = len(table)
        others = (own + torch.arange(1, n_levels, device=own.device)[:, None]) % n_levels
        h = table[others].add_(z - table[own])
        preds = self.view.finish(h.flatten(0, 1)).view(n_levels - 1, *baseline.shape)
        taken = ((given - own) % n_levels)[..., None].expand(-1, -1, baseline.shape[1])
        out.copy_(torch.cat([baseline[None], preds]).gather(0, taken))
