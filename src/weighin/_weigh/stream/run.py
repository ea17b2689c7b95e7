"""Weigh all rows of a table piece by piece: in random order, part by part, each part's sums kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin._base.errors import InputError
from weighin._base.memory import give_back
from weighin._base.progress import tracking
from weighin._engine import Resources
from weighin._results.importance import Importance
from weighin._results.interrupted import Interrupted
from weighin._samplers import RandomOrder
from weighin._tables.shuffled import Shuffled, in_parts
from weighin._tables.sources import Source
from weighin._weigh.all_rows import AllRows
from weighin._weigh.given import asked_for
from weighin._weigh.parts.joining import joined
from weighin._weigh.parts.part import Part
from weighin._weigh.parts.plan import PartsPlan, plan_parts
from weighin._weigh.parts.weigher import PartWeigher
from weighin._weigh.stream.folder import RunFolder, run_folder
from weighin._weigh.to_result import beside

if TYPE_CHECKING:
    import pyarrow as pa

# small enough for one of a slow model to be finished, large enough for its sums not to cost
PART_ROWS = 65_536
# by which the run is planned: where strata have to be seen, a whole part
SAMPLE_ROWS, STRATA_SAMPLE_ROWS = 20_000, 131_072


def weigh_all(
    model: Any,
    source: Source,
    how: AllRows,
    asked: Mapping[str, Any],
    seed: int,
    resources: Resources,
    *,
    device: Any = None,
    max_seconds: float | None = None,
    progress: bool | None = None,
) -> Importance:
    """Weigh all rows of a source.

    `asked`: arguments of `plan_parts`, but for the model, the sample and the seed. Raises InputError on what cannot be
    streamed, a disk that is full, files that change. Raises Interrupted on Ctrl-C, with the parts finished so far.
    """
    for name in ("y", "within", "by", "sample_weight"):
        named = asked[name] is None or isinstance(asked[name], str)
        if not named and not (name == "y" and isinstance(asked[name], list)):
            raise InputError(
                f"{name} must be the name of a column where all rows are read piece by piece, got "
                f"{type(asked[name]).__name__}."
            )
    with run_folder(how) as folder:
        run = Run(model, source, how, asked, seed, resources, device, folder, progress)
        return run.result(None if max_seconds is None else time.monotonic() + max_seconds)


@dataclass(frozen=True, eq=False)
class Run:
    """A run over all rows; see `weigh_all`."""

    model: Any
    source: Source
    how: AllRows
    asked: Mapping[str, Any]
    seed: int
    resources: Resources
    device: Any
    folder: RunFolder
    progress: bool | None

    def result(self, deadline: float | None) -> Importance:
        """Weigh what is not finished, and put it together."""
        self.folder.begin(
            {
                "table": self.source.what,
                "rows": self.source.n_rows,
                "columns": [[field.name, str(field.type)] for field in self.source.stored],
                "files": [[name, *state] for name, state in self.source.signatures.items()],
                "random_state": self.seed,
                "shuffled": self.how.shuffled,
            }
        )
        plans = self.plans()
        finished = [self.folder.parts(way, plan.terms) for way, plan in enumerate(plans)]
        late = self._weigh(plans, finished, deadline)
        if not late:
            self.folder.finish()
        return self._joined(finished, "Stopped because time ran out" if late else "")

    def plans(self) -> list[PartsPlan]:
        """Decide what is weighed, from the first rows of the random order; as memory would from the same."""
        sample = self.folder.sample()
        if sample is None:
            n_rows = STRATA_SAMPLE_ROWS if self.asked["within"] is not None else SAMPLE_ROWS
            n_rows = min(n_rows, self.source.n_rows)
            ((_, sample),) = self._parts([n_rows, self.source.n_rows - n_rows], [0])
            # which the plan puts back into the order that they are in
            order = RandomOrder(n_rows, self._order_seed).rows()
            sample = sample.take(np.argsort(order))
            self.folder.keep_sample(sample)
        frame, ways = self.source.native(sample), asked_for(self.asked["given"])
        ask = {**self.asked, "random_state": self.seed, "device": self.device, "part_rows": PART_ROWS}
        return [plan_parts(self.model, frame, **{**ask, "given": given}) for given in ways]

    def sizes(self, plan: PartsPlan) -> list[int]:
        """Rows of each part: the last takes what is no block of its own."""
        n_rows, terms = self.source.n_rows, plan.terms
        n_whole, rest = divmod(n_rows, terms.part_rows)
        if n_whole and rest < terms.block_rows:
            return [terms.part_rows] * (n_whole - 1) + [terms.part_rows + rest]
        return [terms.part_rows] * n_whole + [rest]

    def _weigh(self, plans: list[PartsPlan], finished: list[dict[int, Part]], deadline: float | None) -> bool:
        """Weigh the parts that are not finished; whether the time ran out."""
        sizes = self.sizes(plans[0])
        wanted = [k for k in range(len(sizes)) if any(k not in parts for parts in finished)]
        if not wanted:
            return False
        parts = self._parts(sizes, wanted)
        try:
            with ExitStack() as held:
                memory = min(self.resources.memory, self.how.memory_bytes // 4)
                resources = replace(self.resources, memory=memory)
                weighers = [
                    held.enter_context(PartWeigher(self.model, plan, resources, device=self.device))
                    for plan in plans
                ]
                works = zip(weighers, finished, strict=True)
                total = sum(
                    weigher.work(sizes[k]) for weigher, done in works for k in wanted if k not in done
                )
                advance = held.enter_context(tracking("Weighing all rows", total, self.progress))
                y = self.asked["y"] if isinstance(self.asked["y"], list) else None
                for number, table in parts:
                    if deadline is not None and time.monotonic() > deadline and finished[-1]:
                        return True
                    give_back()
                    frame = self.source.native(table)
                    for way, (weigher, done) in enumerate(zip(weighers, finished, strict=True)):
                        if number not in done:
                            part = weigher.part(frame, number, y=y, advance=advance)
                            self.folder.keep(way, part)
                            done[number] = part
        except KeyboardInterrupt:
            if not finished[0]:
                raise
            raise Interrupted(self._joined(finished, "Interrupted"), len(plans[0].terms.features)) from None
        return False

    def _joined(self, finished: list[dict[int, Part]], why: str) -> Importance:
        n_rows, what = self.source.n_rows, self.source.what
        order = "in the order of the table, which was said to be random" if self.how.shuffled else ""
        notes = [*self.source.notes, *([f"Rows exchanged values {order}."] if order else [])]
        results = []
        for parts in filter(None, finished):
            n_done = sum(part.n_rows for part in parts.values())
            stopped = [f"{why} after {n_done:,} of {n_rows:,} rows, in random order."] if why else []
            rows = f"all {n_rows:,} rows of {what}" if not why else f"{n_done:,} of {n_rows:,} rows of {what}"
            result = joined(parts.values(), rows=rows, notes=[*notes, *stopped], complete=not why)
            results.append(result)
        main = results[0]
        for part in results[1:]:
            main = beside(main, part)
        return main

    def _parts(self, sizes: list[int], wanted: list[int]) -> Iterator[tuple[int, pa.Table]]:
        """Parts of the rows in random order."""
        if self.how.shuffled:
            return self.source.with_categories().parts(sizes, wanted)
        shuffled = self._shuffled
        return in_parts(shuffled.table, shuffled.edges, sizes, wanted)

    @cached_property
    def _shuffled(self) -> Shuffled:
        order = RandomOrder(self.source.n_rows, self._order_seed)
        with tracking("Putting rows in random order", self.source.n_rows, self.progress) as advance:
            source = self.source.with_categories()
            return Shuffled.of(source, order, self.folder.rows, self.how.memory_bytes, advance)

    @property
    def _order_seed(self) -> np.random.SeedSequence:
        """As `MarginalSampler` has it."""
        return np.random.SeedSequence(self.seed).spawn(2)[0]
