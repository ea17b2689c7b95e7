"""Choose each contender's best setting, then run them in turns and compare."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar

import numpy as np

from benchmarks import measures, ours
from benchmarks.opponents import CONTENDERS, Contender, Setting, article_from_frame
from benchmarks.workloads import WORKLOADS, Job

T = TypeVar("T")
STARTED = time.perf_counter()
TRIAL_COLUMNS = 4
TRIAL_REPEATS = 5
TRIAL_ROWS = 20_000
TRIAL_ROWS_QUICK = 4_000
TRIAL_SECONDS = 5.0  # after which no new turn of trials begins
TRIAL_SECONDS_QUICK = 0.5
SHORT = 0.1  # seconds; what takes less is run several times in each round
LIMITED = 50_000  # forwards of single rows above which the article's loop is timed on one feature and shuffle
LONG = 60.0  # seconds; what takes longer is run once
TOLERANCE = 2e-5  # of the largest importance: single precision
ARTICLE_TOLERANCE = 1e-3  # fastai adds up its batches in float32


@dataclass
class Entry:
    """What was seen of one contender on one workload."""

    contender: Contender
    setting: Setting
    columns: list[int]
    n_repeats: int
    scale: float  # from what is timed to the whole workload
    seconds: list[float] = field(default_factory=list)
    difference: float = 0.0  # largest difference from the plain loop, of the largest importance
    whole: float | None = None  # seconds from raw rows
    memory: float | None = None  # MiB beyond the encoded rows

    @property
    def name(self) -> str:
        return self.contender.name

    @property
    def typical(self) -> float:
        return median(self.seconds)


@dataclass
class Comparison:
    """All that is reported of one workload."""

    job: Job
    entries: dict[str, Entry]
    head_rates: list[float]
    square_rates: list[float]

    def ratio(self, name: str) -> float | None:
        """How many times longer than weighin: the median over the rounds that both ran."""
        if not {name, "weighin"} <= self.entries.keys():
            return None
        pairs = zip(self.entries[name].seconds, self.entries["weighin"].seconds, strict=False)
        return median(theirs / own for theirs, own in pairs)

    def share_of_peak(self, name: str) -> float | None:
        """Head arithmetic per second over the faster of the two matrix rates, median over rounds."""
        shapes = self.job.linear_shapes()
        if not shapes or name not in self.entries:
            return None
        units = self.job.n_columns * self.job.n_repeats + 1
        gflop = sum(2 * a * b for a, b in shapes) * len(self.job.X) * units / 1e9
        rates = [max(pair) for pair in zip(self.head_rates, self.square_rates, strict=True)]
        return median(gflop / s / rate for s, rate in zip(self.entries[name].seconds, rates, strict=False))


def say(text: str) -> None:
    """Progress, apart from the results."""
    print(f"{time.perf_counter() - STARTED:5.0f} s  {text}", file=sys.stderr, flush=True)


def compare(
    name: str, *, quick: bool, repeat: int, seconds: float, memory: bool, without: Sequence[str]
) -> Comparison:
    """One workload, from tuning to memory. `seconds`: about how long the rounds may take together."""
    say(f"{name}: building")
    job = WORKLOADS[name](quick)
    entries = {
        c.name: _prepare(c, job, quick) for c in CONTENDERS.values() if c.name not in without and c.suits(job)
    }
    comparison = Comparison(job, entries, [], [])
    expected = np.full((job.n_columns, job.n_repeats), np.nan)
    results: dict[str, np.ndarray] = {}
    start, rounds = time.perf_counter(), 0
    while rounds < repeat or (rounds < 51 and time.perf_counter() - start < seconds):
        rounds += 1
        _measure_peaks(comparison)
        for entry in entries.values():
            if entry.seconds and entry.seconds[0] / entry.scale > LONG:
                continue
            elapsed, results[entry.name] = _timed(
                lambda e=entry: e.contender.run(job, e.columns, e.n_repeats, e.setting)
            )
            entry.seconds.append(elapsed * entry.scale)
        if rounds == 1:
            say(f"{name}: " + ", ".join(f"{e.name} {e.seconds[0]:.3g} s" for e in entries.values()))
            plain = entries["plain"]
            expected[plain.columns, : plain.n_repeats] = results["plain"]
            _assert_equal(entries, results, expected)
    _whole_jobs(comparison, repeat)
    if memory:
        for entry in entries.values():
            if entry.name != "article":
                entry.memory = measures.extra_memory(name, entry.name, entry.setting, quick)
    return comparison


def _prepare(contender: Contender, job: Job, quick: bool) -> Entry:
    """The contender's best setting on part of the job, and how much of the job it will be timed on."""
    everything = contender.name == "weighin" and not quick
    columns = job.some_columns(job.n_columns if everything else job.columns_timed or job.n_columns)
    n_repeats = job.n_repeats
    if contender.limit and len(job.X) * job.n_columns * job.n_repeats > LIMITED:
        columns, n_repeats = columns[: contender.limit[0]], contender.limit[1]
    scale = contender.units(job, job.n_columns, job.n_repeats) / contender.units(job, len(columns), n_repeats)
    settings = contender.settings(job)
    contender.run(job.head(256), columns[:TRIAL_COLUMNS], 1, settings[0])  # what happens only once
    best = settings[0] if len(settings) == 1 else _best(contender, job, settings, columns, n_repeats, quick)
    return Entry(contender, best, columns, n_repeats, scale)


def _best(
    contender: Contender, job: Job, settings: list[Setting], columns: list[int], n_repeats: int, quick: bool
) -> Setting:
    """The fastest of the settings on part of the job, by median; hopeless ones are tried once only."""
    part = job.head(TRIAL_ROWS_QUICK if quick else TRIAL_ROWS)
    few = columns[:: max(1, len(columns) // TRIAL_COLUMNS)][:TRIAL_COLUMNS]
    enough = TRIAL_SECONDS_QUICK if quick else TRIAL_SECONDS
    if quick:
        settings = [s for s in settings if s.get("chunk") in job.chunks[1::2]] or settings
    n_repeats = min(n_repeats, TRIAL_REPEATS)
    contender.run(part, few, 1, settings[0])
    times = np.full((5, len(settings)), np.nan)
    start = time.perf_counter()
    for turn in range(len(times)):
        if time.perf_counter() - start > enough:
            break
        for i, setting in enumerate(settings):
            if turn == 0 or np.nanmin(times[:, i]) < 1.5 * np.nanmin(times):
                begin = time.perf_counter()
                contender.run(part, few, n_repeats, setting)
                times[turn, i] = time.perf_counter() - begin
    most = np.count_nonzero(~np.isnan(times), axis=0)
    medians = np.where(most == most.max(), np.nanmedian(times, axis=0), np.inf)
    best = settings[int(medians.argmin())]
    say(f"  {contender.name}: {best}")
    return best


def _timed(function: Callable[[], T]) -> tuple[float, T]:
    """Seconds and result; what is over at once is run again for a while, and its median taken."""
    seconds: list[float] = []
    while sum(seconds) < SHORT:
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
    return median(seconds), result


def _measure_peaks(comparison: Comparison) -> None:
    shapes = comparison.job.linear_shapes()
    comparison.square_rates.append(measures.square_rate())
    comparison.head_rates.append(measures.matrix_rate(shapes) if shapes else float("nan"))


def _assert_equal(entries: dict[str, Entry], results: dict[str, np.ndarray], expected: np.ndarray) -> None:
    """All contenders found the same importances, shuffle by shuffle, as far as they were timed."""
    scale = np.nanmax(np.abs(expected))
    for entry in entries.values():
        wanted = expected[entry.columns, : entry.n_repeats]
        entry.difference = float(np.nanmax(np.abs(results[entry.name] - wanted)) / scale)
        allowed = ARTICLE_TOLERANCE if entry.name == "article" else TOLERANCE
        if not entry.difference <= allowed:
            raise AssertionError(
                f"{entry.name} and the plain loop differ by {entry.difference:.1e} of the largest importance"
            )


def _whole_jobs(comparison: Comparison, repeat: int) -> None:
    """From raw rows: for the article and for weighin, where there is a learner."""
    job, entries = comparison.job, comparison.entries
    if job.learn is None:
        return
    ways = {
        "article": lambda e: article_from_frame(job, e.columns, e.n_repeats, e.setting),
        "weighin": lambda e: ours.whole(job, job.n_repeats),
    }
    for name, way in ways.items():
        if name not in entries:
            continue
        entry = entries[name]
        runs = 1 if entry.seconds[0] / entry.scale > LONG else repeat
        times = [_timed(lambda e=entry, way=way: way(e))[0] for _ in range(runs)]
        # Only the shuffles are scaled, not the encoding that happens once.
        entry.whole = median(times) + entry.typical * (1 - 1 / entry.scale)
