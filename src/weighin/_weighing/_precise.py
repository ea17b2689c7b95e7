"""Stop when precise enough: rows drawn before they are encoded, features left alone one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from weighin._certainty import judge
from weighin._donors import CyclicDonors
from weighin._engine import Answer, Scores
from weighin._errors import MetricError
from weighin._features import Feature
from weighin._inference import Evidence, Moments, means, some_units
from weighin._metrics import Metric
from weighin._weighing._asking import Asking, TimeUp

FIRST_ROWS = 4096
MARGIN = 1.1  # rows beyond those that should do
GROWTH = 1.25, 4.0  # by which rows grow from step to step, at least and at most

Encode = Callable[[NDArray[np.int64]], Asking]


@dataclass
class _State:
    """What is known of a feature."""

    moments: dict[str, Moments]
    done: bool = False


def weigh_precisely(encode: Encode, n_rows: int, precision: float, seed: int) -> tuple[Scores, list[str]]:
    """Weigh on as many rows as it takes, each swapped once.

    Parameters
    ----------
    encode : callable
        From row numbers of the table to what the engine is asked of them.
    n_rows : int
        Of the table.
    precision : float
        Standard error of every importance allowed, in parts of the largest importance of the metric.
    seed : int
        Everything random comes from it.

    Returns
    -------
    scores : Scores
        With one column of changes.
    notes : list of str
        What was reached.
    """
    order_seed, *seeds = np.random.SeedSequence(seed).spawn(65)
    order = _Order(n_rows, np.random.default_rng(order_seed))
    states: list[_State] = []
    features: Sequence[Feature] = ()
    metrics: Sequence[Metric] = ()
    ways: dict[int, str] = {}
    used, size, timed_out, first = 0, min(n_rows, FIRST_ROWS), False, None
    if n_rows < 2 * FIRST_ROWS:
        size = n_rows
    for stream in seeds:
        asking = encode(order.next(size))
        if first is None:
            features, metrics = asking.features, asking.metrics
            _check(metrics)
            states = [_State({}) for _ in features]
        active = [number for number, state in enumerate(states) if not state.done]
        asking = replace(asking, features=[features[number] for number in active])
        seed_here = int(stream.generate_state(1)[0])
        donors = CyclicDonors(asking.data.rows.n_rows, 1, seed_here)
        try:
            scores, _ = asking.ask(donors, what="Weighing as precisely as asked")
        except TimeUp:
            timed_out = True
            if first is None:
                raise
            break
        timed_out = not scores.complete
        if timed_out and (scores.n_features < len(active)):
            if first is None:
                states = states[: scores.n_features]
                active = active[: scores.n_features]
            else:
                break
        first = first or scores
        used += scores.n_rows
        for place, number in enumerate(active):
            ways[number] = scores.ways[place]
            for metric, answer in zip(metrics, scores.answers, strict=True):
                new = _unit(answer.evidence, place)
                old = states[number].moments.get(metric.name)
                states[number].moments[metric.name] = new if old is None else old + new
        needed = _settle(states, ways, metrics, precision, used)
        if not needed or timed_out or used >= n_rows:
            break
        wanted = int(np.clip(np.median(needed) * MARGIN, GROWTH[0] * used, GROWTH[1] * used))
        size = min(wanted, n_rows) - used
        if n_rows - used - size < FIRST_ROWS:
            size = n_rows - used
    assert first is not None
    notes = [_told(states, metrics, ways, precision, used, n_rows, timed_out)]
    answers = tuple(_answer(states, metric) for metric in metrics)
    in_order = tuple(ways[number] for number in range(len(states)))
    complete = len(states) == len(features)
    return replace(
        first, answers=answers, n_features=len(states), n_rows=used, complete=complete, ways=in_order
    ), notes


def _check(metrics: Sequence[Metric]) -> None:
    """Refuse metrics whose precision nobody can foresee."""
    for metric in metrics:
        if metric.per_row is None:
            raise MetricError(
                f"precision needs metrics that are means over rows, or functions of one, and {metric.name!r} is not. "
                "Leave precision out."
            )


class _Order:
    """Rows in random order, without ordering all of a large table."""

    def __init__(self, n_rows: int, rng: np.random.Generator) -> None:
        self.n_rows, self.rng, self.at = n_rows, rng, 0
        self.rows = rng.choice(n_rows, min(n_rows, 200_000), replace=False)

    def next(self, size: int) -> NDArray[np.int64]:
        """As many rows as asked for, none of them seen before."""
        if self.at + size > len(self.rows):
            rest = np.ones(self.n_rows, dtype=bool)
            rest[self.rows] = False
            self.rows = np.concatenate([self.rows, self.rng.permutation(np.flatnonzero(rest))])
        self.at += size
        return np.sort(self.rows[self.at - size : self.at])


def _unit(evidence: Sequence[Evidence], place: int) -> Moments:
    """Moments of one feature."""
    for some in evidence:
        assert isinstance(some, tuple)
        if place < some[0].n_units:
            (moments,) = some_units(some, [place])  # type: ignore[misc]
            assert isinstance(moments, Moments)
            return moments
        place -= some[0].n_units
    raise IndexError(place)


def _judged(states: Sequence[_State], metric: Metric) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimates and standard errors."""
    evidence = [(state.moments[metric.name],) for state in states]
    of_mean = "pooled" if metric.of_mean == "identity" else metric.of_mean
    judged = judge(evidence, of_mean, metric.greater_is_better, np.zeros(len(states), dtype=bool))
    return judged.estimate, judged.se


def _settle(
    states: Sequence[_State], ways: dict[int, str], metrics: Sequence[Metric], precision: float, used: int
) -> list[float]:
    """Mark features that are precise enough; rows the others need in all."""
    enough = np.ones(len(states), dtype=bool)
    rows = np.zeros(len(states))
    for metric in metrics:
        estimate, se = _judged(states, metric)
        target = precision * np.abs(estimate).max(initial=0.0)
        ignored = np.array([ways[number] == "ignored" for number in range(len(states))], dtype=bool)
        here = (se <= target) | ignored
        enough &= here
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = used * (se / target) ** 2
        rows = np.maximum(rows, np.where(here, 0.0, np.nan_to_num(wanted, nan=np.inf)))
    for state, done in zip(states, enough, strict=True):
        state.done = state.done or bool(done)
    return [wanted for wanted, state in zip(rows, states, strict=True) if not state.done]


def _answer(states: Sequence[_State], metric: Metric) -> Answer:
    evidence = tuple((state.moments[metric.name],) for state in states)
    estimate, _ = _judged(states, metric)
    change = (-estimate if metric.greater_is_better else estimate)[:, None]
    widest = max((state.moments[metric.name] for state in states), key=lambda moments: moments.n_rows)
    rows = means(widest).rows
    before = float(rows[0])
    baseline = {
        "identity": before,
        "root": before**0.5,
        "exp": float(np.exp(before)),
        "r2": 1 - before / float(rows[1]) if metric.of_mean == "r2" else 0.0,
    }[metric.of_mean]
    return Answer(baseline, change, widest.n_rows, evidence)


def _told(
    states: Sequence[_State],
    metrics: Sequence[Metric],
    ways: dict[int, str],
    precision: float,
    used: int,
    n_rows: int,
    timed_out: bool,
) -> str:
    """What was reached, in words."""
    evaluations = sum(next(iter(state.moments.values())).n_rows for state in states)
    work = f"{used:,} of {n_rows:,} rows were drawn, and {evaluations:,} row predictions made"
    reached = 0.0
    for metric in metrics:
        estimate, se = _judged(states, metric)
        largest = np.abs(estimate).max(initial=0.0)
        reached = max(reached, float(se.max(initial=0.0) / largest) if largest else np.inf)
    asked = f"precision={precision:g}"
    if all(state.done for state in states):
        return f"{asked} was reached: {work}."
    why = "the time was over" if timed_out else "there are no more rows"
    return f"{asked} was not reached, {why}: standard errors are up to {reached:.2g} of the largest importance; {work}."
