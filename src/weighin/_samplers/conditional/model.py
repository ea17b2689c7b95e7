"""Swaps given other columns: fitted on rows of a table, for one unit and block at a time."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from weighin._samplers.block import Block
from weighin._samplers.conditional.basis import MOST_CELLS, Design
from weighin._samplers.conditional.bins import bin_rows, cut, shifted
from weighin._samplers.conditional.columns import RawColumn, Unit, Values, by_name
from weighin._samplers.conditional.companions import Companions
from weighin._samplers.conditional.members import Expected, Member, scores
from weighin._samplers.conditional.off_data import off_data_ratio
from weighin._samplers.conditional.problem import Problems, fit_all, measure_lack
from weighin._samplers.conditional.report import INSEPARABLE, GivenReport
from weighin._samplers.conditional.widen import add_leaves, add_products
from weighin._samplers.donors import Positions
from weighin._samplers.marginal import BLOCK_ROWS

# columns a unit is looked at with: more would hide what a swap does to one among many
CLOSE_COLUMNS = 3


@dataclass(frozen=True, eq=False)
class UnitSwap:
    """Who gives to whom in one block, and what, for one unit.

    `donors` (n_repeats, m): Position within the block's rows whose values each receives.
    `bins` (m,): Number of the bin of each row; donors are of the same one.
    `moved`: For each member, the values received, (n_repeats, m), NaN where missing.
    """

    donors: Positions
    bins: Positions
    moved: Mapping[str, Values]


class GivenModel:
    """What each unit's given columns explain of it, and swaps of the rest.

    Made by `fit_given`.
    """

    def __init__(
        self,
        columns: Sequence[RawColumn],
        units: Sequence[Unit],
        seed: int,
        most_rows: int,
        knots: int | None,
    ) -> None:
        self.columns, self.seed = tuple(columns), seed
        self._place = by_name(columns)
        self._units: dict[Unit, list[Member]] = {}
        n_rows = len(columns[0].values) if columns else 0
        rng = np.random.default_rng([seed, n_rows])
        rows = np.arange(n_rows)
        if n_rows > most_rows:
            rows = np.sort(rng.permutation(n_rows)[:most_rows])
        design = Design.of(self.columns, rows, knots)
        most_rows = max(1000, MOST_CELLS // max(1, len(design.curved)))
        if len(rows) > most_rows:
            rows = np.sort(rng.permutation(rows)[:most_rows])
            design = Design.of(self.columns, rows, knots)
        self._design, self._fit_rows = design, rows
        # where each row of the table is among those that were fitted on; -1 for the others
        self._fitted_at = np.full(n_rows, -1)
        self._fitted_at[rows] = np.arange(len(rows))
        matrix = design.matrix(self.columns, rows)
        problems = Problems(matrix, design.curved, seed)
        for unit in dict.fromkeys(units):
            self._units[unit] = self._members(unit, problems)
        members = [member for each in self._units.values() for member in each]
        tasks = [task for member in members for task in member.tasks]
        fit_all(tasks)
        for task in tasks:
            add_products(task)
        measure_lack(tasks)
        for task in tasks:
            add_leaves(task)
        for member in members:
            member.spread = None if member.value is None else member.value.log_squares()
        fit_all([member.spread for member in members if member.spread is not None])
        for member in members:
            member.finish(matrix)
        problems.done()
        self._companions = Companions(self.columns, design, matrix)
        self._last: tuple[bytes, Values] = (b"", np.empty((0, 0)))
        self._allowances: dict[tuple[Unit, int], float] = {}

    def _members(self, unit: Unit, problems: Problems) -> list[Member]:
        design = self._design
        given = sorted(self._place[name] for name in unit.given if name not in unit.members)
        own = [self._place[name] for name in unit.members]
        if len(given) + len(own) == len(self.columns):
            places, drop = np.arange(len(design.curved)), design.of_columns(own)
        else:
            places, drop = design.of_columns(given), np.empty(0, dtype=np.int64)
        return [Member.of(self.columns[place], self._fit_rows, problems, places, drop) for place in own]

    def on(self, columns: Sequence[RawColumn]) -> GivenModel:
        """The same for other rows, none of which it was fitted on.

        Parameters
        ----------
        columns : sequence of RawColumn
            Of these rows; names and kinds as those of the rows it was fitted on, in their order.

        Returns
        -------
        GivenModel
        """
        other = copy.copy(self)
        other.columns = tuple(columns)
        other._fitted_at = np.full(len(columns[0].values), -1)
        other._units = {
            unit: [replace(member, column=columns[self._place[member.column.name]]) for member in members]
            for unit, members in self._units.items()
        }
        other._last = (b"", np.empty((0, 0)))
        return other

    def report(
        self, unit: Unit, n_repeats: int = 10, strata: Sequence[Positions] | None = None
    ) -> GivenReport:
        """Say what the given columns explain of a unit, and how well that is known.

        Parameters
        ----------
        unit : Unit
            As it was handed to `fit_given`.
        n_repeats : int, default=10
            Swaps of each row: with many of them, bins are larger.
        strata : sequence of ndarray, optional
            Rows of each stratum, outside of which nobody gives: bins of small ones are wide.
        """
        members = self._units[unit]
        own_share = min(1.0, float(np.mean([member.own_share for member in members])))
        nothing_left = own_share < INSEPARABLE
        return GivenReport.of(
            unit,
            own_share=own_share,
            lam=self._allowance(unit, n_repeats, strata),
            leverage=max((member.leverage for member in members), default=0.0),
            n_fit=len(self._fit_rows),
            n_rows=len(self._fitted_at),
            companions=self._companions.of(unit, members, self._place),
            inseparable_from=self._companions.needed(unit, members, self._place) if nothing_left else (),
        )

    def moves(self, unit: Unit) -> frozenset[str]:
        """Name the members whose values are moved: the others get their donor's as they are."""
        return frozenset(m.column.name for m in self._units.get(unit, ()) if m.value is not None)

    def swaps(self, unit: Unit, block: Block, number: int) -> UnitSwap:
        """Say who gives what to whom in a block.

        Parameters
        ----------
        unit : Unit
            As it was handed to `fit_given`.
        block : Block
            Its rows, and the donors of an ordinary shuffle, which a unit without given columns keeps.
        number : int
            Of the block: donors follow from it, the seed and the unit's name alone.

        Returns
        -------
        UnitSwap
        """
        members = self._units[unit]
        rows = self._rows(block)
        values = [member.column.values[rows] for member in members]
        expected, alike = self._expected(members, rows, values)
        table = scores(list(zip(members, alike, strict=True)))
        donors, bins = block.donors, np.zeros(len(rows), dtype=np.int64)
        if table.shape[1]:
            n_repeats = len(block.donors)
            bins = cut(table, bin_rows(n_repeats))
            rng = np.random.default_rng([self.seed, number, zlib.crc32(unit.name.encode())])
            donors = shifted(bins, n_repeats, rng)
        moved = {
            member.column.name: member.received(own, known, donors)
            for member, own, known in zip(members, values, expected, strict=True)
        }
        return UnitSwap(donors, bins, moved)

    def shuffled(self, unit: Unit, block: Block) -> UnitSwap:
        """Swap a unit freely in a block: to compare with."""
        rows = self._rows(block)
        moved = {name: self.columns[self._place[name]].values[rows][block.donors] for name in unit.members}
        return UnitSwap(block.donors, np.zeros(len(rows), dtype=np.int64), moved)

    def off_data(self, unit: Unit, block: Block, swap: UnitSwap) -> float:
        """Tell how much farther swapped rows of a block lie from real ones than real rows do.

        Parameters
        ----------
        unit : Unit
            As it was handed to `fit_given`.
        block : Block
            Whose rows received values.
        swap : UnitSwap
            Of `swaps`, or of `shuffled`.

        Returns
        -------
        float
            About 1 where received values fit; NaN with few rows, 1 where no given column explains anything.
        """
        close = [name for name, _ in self._companions.of(unit, self._units[unit], self._place)][
            :CLOSE_COLUMNS
        ]
        if not close:
            return 1.0
        columns = [self.columns[self._place[name]] for name in (*unit.members, *close)]
        rng = np.random.default_rng([self.seed, 2])
        return off_data_ratio(columns, self._rows(block), swap.donors, swap.moved, rng)

    def _rows(self, block: Block) -> Positions:
        return np.arange(len(self._fitted_at)) if block.rows is None else block.rows

    def _expected(
        self, members: Sequence[Member], rows: Positions, values: Sequence[Values]
    ) -> tuple[list[Expected], list[Expected]]:
        """What values of these rows are moved by, and what rows of one bin have in common."""
        at = self._fitted_at[rows]
        fitted, others = np.flatnonzero(at >= 0), np.flatnonzero(at < 0)
        if not len(others):
            return [member.own.at(at) for member in members], [member.alike.at(at) for member in members]
        design = self._design_of(rows)
        expected = [
            member.expected(design, own).replaced(fitted, member.own, at[fitted])
            for member, own in zip(members, values, strict=True)
        ]
        return expected, [member.predicted(design) for member in members]

    def _design_of(self, rows: Positions) -> Values:
        """Design of a block's rows; the last one is kept, since all units ask for it in turn."""
        key = rows.tobytes()
        kept, design = self._last
        if kept != key:
            design = self._design.matrix(self.columns, rows)
            self._last = (key, design)
        return design

    def _allowance(self, unit: Unit, n_repeats: int, strata: Sequence[Positions] | None) -> float:
        """Largest allowance of the members, in as many rows as a block has."""
        members, least = self._units[unit], bin_rows(n_repeats)
        if (unit, least) not in self._allowances:
            blocks = self._some_blocks(strata)
            at = np.concatenate(blocks)
            bins, n_bins = np.zeros(len(at), dtype=np.int64), 0
            edges = np.cumsum([0, *(len(block) for block in blocks)])
            for block, start, stop in zip(blocks, edges, edges[1:], strict=False):
                table = scores([(member, member.alike.at(block)) for member in members])
                bins[start:stop] = n_bins + (cut(table, least) if table.size else 0)
                n_bins = int(bins[start:stop].max()) + 1
            pairs = [(member, member.own.at(at)) for member in members]
            # of a member that follows from the given columns next to nothing is swapped
            lacking = [m.lacking(bins, known) for m, known in pairs if m.own_share >= INSEPARABLE]
            self._allowances[unit, least] = max(lacking, default=0.0)
        return self._allowances[unit, least]

    def _some_blocks(self, strata: Sequence[Positions] | None) -> list[Positions]:
        """Of the rows that were fitted on, one block; of strata, as many as have the rows of one."""
        rng = np.random.default_rng([self.seed, 1])
        found: list[Positions] = []
        if strata is not None:
            for number in rng.permutation(len(strata)):
                at = self._fitted_at[strata[number]]
                at = rng.permutation(at[at >= 0])[:BLOCK_ROWS]
                found += [at] if len(at) else []
                if sum(map(len, found)) >= BLOCK_ROWS:
                    break
        return found or [rng.permutation(len(self._fit_rows))[:BLOCK_ROWS]]


def fit_given(
    columns: Sequence[RawColumn],
    units: Sequence[Unit],
    *,
    seed: int = 0,
    most_rows: int = 20_000,
    knots: int | None = None,
) -> GivenModel:
    """Find what the other columns explain of each unit.

    Parameters
    ----------
    columns : sequence of RawColumn
        Of one table; all of them, also those that no unit is given.
    units : sequence of Unit
        What is swapped, each with the columns it is given.
    seed : int
        Which rows are fitted on in a large table, and who gives to whom.
    most_rows : int
        Rows to fit on; the others are told from them. Fewer in tables of many columns.
    knots : int, optional
        Hinges of each number; by default by the number of rows and columns.

    Returns
    -------
    GivenModel

    Examples
    --------
    >>> import numpy as np
    >>> from weighin._samplers import MarginalSampler
    >>> rng = np.random.default_rng(0)
    >>> w = rng.normal(size=400)
    >>> x = w**2 + 0.5 * rng.normal(size=400)
    >>> unit = Unit("x", members=("x",), given=("w",))
    >>> model = fit_given([RawColumn("x", x), RawColumn("w", w)], [unit], seed=0)
    >>> round(model.report(unit).own_share, 1)
    0.1
    >>> block, = MarginalSampler(400, n_repeats=5, seed=0).blocks()
    >>> model.swaps(unit, block, 0).moved["x"].shape
    (5, 400)
    """
    return GivenModel(columns, units, seed, most_rows, knots)
