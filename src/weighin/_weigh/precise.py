"""Stop when precise enough: rows drawn before they are encoded, features left alone one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, MetricError
from weighin._engine import Scores, SwapEffect, TimeUp
from weighin._engine.measurement import extreme_exponent
from weighin._inference import Inference, Parts, Staging, means
from weighin._inference.judging import judge
from weighin._metrics import Metric
from weighin._samplers import MarginalSampler
from weighin._samplers.order import HELD_ROWS
from weighin._weigh.experiment import Experiment

FIRST_ROWS = 4096
# rows beyond those that should be enough
MARGIN = 1.1
# standard errors that the largest importance may turn out smaller by
SURELY = 2.0
# factor by which rows grow from step to step, at least and at most
GROWTH = 1.25, 4.0
STEPS = 64

# from row numbers, and those of rows that may come next, to the experiment on the first
Encode = Callable[[NDArray[np.int64], NDArray[np.int64]], Experiment]


def weigh_precisely(
    encode: Encode, n_rows: int, precision: float, seed: int
) -> tuple[Scores, list[str], int]:
    """Weigh on as many rows as it takes, each swapped once.

    `encode`: from row numbers of the table to the experiment on these rows. `n_rows`: of the table. `precision`:
    standard error of every importance allowed, in parts of the largest importance of the metric. `seed`: everything
    random comes from it. Returns `scores`: with one column of changes; `notes`: what was found in the rows, and what
    was reached; `n_drawn`: rows of the table that were looked at.
    """
    order_seed, *seeds = np.random.SeedSequence(seed).spawn(STEPS + 1)
    order = _Order(n_rows, np.random.default_rng(order_seed))
    size, tally, timed_out = FIRST_ROWS, None, False
    for stream in seeds:
        experiment = encode(order.next(size), order.ahead)
        weights = experiment.values.weights
        if weights is not None and extreme_exponent(weights):
            raise InputError(
                f"sample_weight goes up to {weights.max():.0e}: with precision, rescale the weights to be "
                "near 1 (multiply all by one number)."
            )
        if tally is None:
            kind = _Together if experiment.chained else _Tally
            tally = kind(experiment.metrics, precision, len(experiment.features))
        tally.notes.update((re.sub(r"[\d,.]+", "", note), note) for note in experiment.data.notes)
        experiment = replace(experiment, features=[experiment.features[number] for number in tally.active])
        donors = MarginalSampler(
            experiment.data.rows.n_rows, 1, int(stream.generate_state(1)[0]), experiment.block_rows
        )
        try:
            scores, _ = experiment.ask(donors, what="Weighing as precisely as asked")
        except TimeUp:
            if not tally.n_rows:
                raise
            timed_out = True
            break
        timed_out = not scores.complete
        if not tally.add(scores):
            break
        needed = tally.rows_needed()
        if not needed or timed_out or order.at == n_rows:
            break
        # in rows drawn, of which some may have been left out for missing values
        wanted = min(float(np.median(needed)) * MARGIN, GROWTH[1] * tally.n_rows) * order.at / tally.n_rows
        size = min(int(max(wanted, GROWTH[0] * order.at)), n_rows) - order.at
        if n_rows - order.at - size < FIRST_ROWS:
            size = n_rows - order.at
    assert tally is not None
    return tally.scores, [*tally.notes.values(), tally.note(order.at, n_rows, timed_out)], order.at


def is_small(n_rows: int) -> bool:
    """Whether all rows are looked at in any case: then it is shuffles that make importances more precise."""
    return n_rows < 2 * FIRST_ROWS


def check_metrics(metrics: Sequence[Metric]) -> None:
    """Refuse metrics whose precision nobody can foresee.

    Raises MetricError: naming the first.
    """
    for metric in metrics:
        if metric.per_row is None:
            raise MetricError(
                f"precision needs metrics that are means over rows, or functions of one, and {metric.name!r} is not. "
                "Leave precision out."
            )


def precision_note(
    precision: float, se: Sequence[NDArray[np.float64]], estimate: Sequence[NDArray[np.float64]]
) -> str:
    """Say whether a precision was reached, for standard errors and importances of each metric."""
    reached = 0.0
    for errors, values in zip(se, estimate, strict=True):
        largest, worst = np.abs(values).max(initial=0.0), errors.max(initial=0.0)
        reached = max(reached, float(worst / largest) if largest else np.inf if worst else 0.0)
    target = f"precision={precision:g}"
    if reached <= precision:
        return f"{target} was reached"
    return f"{target} was not reached: standard errors are up to {reached:.3g} of the largest importance"


class _Order:
    """Rows in random order, without ordering all of a large table."""

    def __init__(self, n_rows: int, rng: np.random.Generator) -> None:
        self.n_rows, self.rng, self.at = n_rows, rng, 0
        self.rows = rng.choice(n_rows, min(n_rows, 200_000), replace=False)

    def next(self, size: int) -> NDArray[np.int64]:
        """As many rows as asked for, none of them seen before."""
        if self.at + size > len(self.rows) and self.n_rows > HELD_ROWS and self.at + size < self.n_rows // 2:
            # what was drawn before is left out: each of the others is as likely to be next
            while len(self.rows) < self.at + size:
                more = np.concatenate([self.rows, self.rng.integers(self.n_rows, size=self.at + size)])
                self.rows = more[np.sort(np.unique(more, return_index=True)[1])]
        elif self.at + size > len(self.rows):
            rest = np.ones(self.n_rows, dtype=bool)
            rest[self.rows] = False
            self.rows = np.concatenate([self.rows, self.rng.permutation(np.flatnonzero(rest))])
        self.at += size
        return np.sort(self.rows[self.at - size : self.at])

    @property
    def ahead(self) -> NDArray[np.int64]:
        """Rows drawn that were not given yet, in the order in which they will be."""
        return self.rows[self.at :]


@dataclass
class _Tally:
    """What is known of the features so far.

    `n_features`: asked for.
    `n_rows`: measured, by the features measured longest.
    `n_predictions`: of rows after a swap.
    `done`, shape (n_known,): which features are precise enough; those there was no time for are not among them.
    `kernels`: how each feature was predicted.
    `notes`: of the rows, by what is left of them without numbers.
    """

    metrics: tuple[Metric, ...]
    precision: float
    n_features: int
    n_rows: int = 0
    n_predictions: int = 0
    kernels: dict[int, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_metrics(self.metrics)
        self.done = np.zeros(self.n_features, dtype=bool)
        self._first: Scores | None = None
        self._staging: dict[str, Staging] = {}

    @property
    def active(self) -> list[int]:
        """Features still to measure."""
        return np.flatnonzero(~self.done).tolist()

    def add(self, scores: Scores) -> bool:
        """Take a step's answers; False where only some features had time, which earlier rows know already."""
        active = self.active[: scores.n_features]
        if self._first is None:
            self._first, self.done = scores, self.done[: scores.n_features]
            self._staging = {metric.name: Staging(scores.n_features) for metric in self.metrics}
        elif scores.n_features < len(self.active):
            return False
        self.n_rows += scores.n_rows
        self.n_predictions += scores.n_rows * len(active)
        self.kernels.update(zip(active, scores.kernels, strict=True))
        for metric, effect in zip(self.metrics, scores.swap_effects, strict=True):
            self._staging[metric.name].add(active, effect.evidence)
        return True

    def rows_needed(self) -> list[float]:
        """Mark features that are precise enough; rows that each of the others needs in all."""
        ignored = np.array(
            [self.kernels[number] == "ignored" for number in range(len(self.done))], dtype=bool
        )
        enough, rows = np.ones(len(self.done), dtype=bool), np.zeros(len(self.done))
        for metric in self.metrics:
            judged = self._judged(metric)
            # the largest may turn out smaller, and a feature that is left alone does not come back
            surely = np.abs(judged.estimate) - SURELY * judged.se
            target = self.precision * surely.max(initial=0.0)
            here = (judged.se <= target) | ignored
            enough &= here
            with np.errstate(divide="ignore", invalid="ignore"):
                wanted = self.n_rows * (judged.se / target) ** 2
            rows = np.maximum(rows, np.where(here, 0.0, np.nan_to_num(wanted, nan=np.inf)))
        self.done = self.done | enough
        return list(rows[~self.done])

    @property
    def scores(self) -> Scores:
        """All of it in the form of one run."""
        assert self._first is not None
        return replace(
            self._first,
            swap_effects=tuple(map(self._swap_effect, self.metrics)),
            n_features=len(self.done),
            n_rows=self.n_rows,
            complete=len(self.done) == self.n_features,
            kernels=tuple(self.kernels[number] for number in range(len(self.done))),
        )

    def note(self, n_drawn: int, n_rows: int, timed_out: bool) -> str:
        """What was reached, in words."""
        work = f"{n_drawn:,} of {n_rows:,} rows were drawn, and {self.n_predictions:,} row predictions made"
        judged = [self._judged(metric) for metric in self.metrics]
        reached = precision_note(
            self.precision,
            [inference.se for inference in judged],
            [inference.estimate for inference in judged],
        )
        if self.done.all():
            return f"{reached}: {work}."
        why = (
            "time ran out"
            if timed_out
            else 'there are no more rows (n_repeats="auto" would shuffle them more often)'
        )
        return f"{reached}: {why}. {work}."

    def _judged(self, metric: Metric) -> Inference:
        nothing = np.zeros(len(self.done), dtype=bool)
        return judge([self._staging[metric.name].stages], metric.link, metric.greater_is_better, nothing)

    def _swap_effect(self, metric: Metric) -> SwapEffect:
        stages = self._staging[metric.name].stages
        estimate = self._judged(metric).estimate
        change = (-estimate if metric.greater_is_better else estimate)[:, None]
        widest = max((moments for _, moments in stages.measured), key=lambda moments: moments.n_rows)
        rows = means(widest).rows
        baseline, _ = metric.link.baseline(rows)
        return SwapEffect(float(baseline), change, widest.n_rows, (stages,))


class _Together(_Tally):
    """Features that take turns: all of them on all rows drawn, until all are precise enough."""

    def add(self, scores: Scores) -> bool:
        """Take a step's answers."""
        if self._first is None:
            self._first, self._evidence = scores, [effect.evidence for effect in scores.swap_effects]
        else:
            self._evidence = [
                tuple(
                    Parts((old.moments[0] + more.moments[0],))
                    for old, more in zip(mine, new.evidence, strict=True)
                )
                for mine, new in zip(self._evidence, scores.swap_effects, strict=True)
            ]
        self.n_rows += scores.n_rows
        self.n_predictions += scores.n_rows * scores.n_features
        self.kernels = dict(enumerate(scores.kernels))
        return True

    def rows_needed(self) -> list[float]:
        """Rows in all that the least precise feature needs; none where all are precise enough."""
        needed = super().rows_needed()
        if needed:
            self.done[:] = False
        return [max(needed)] if needed else []

    def _judged(self, metric: Metric) -> Inference:
        evidence = self._evidence[self.metrics.index(metric)]
        nothing = np.zeros(len(self.done), dtype=bool)
        return judge(evidence, metric.link, metric.greater_is_better, nothing)

    def _swap_effect(self, metric: Metric) -> SwapEffect:
        evidence, sign = self._evidence[self.metrics.index(metric)], -1.0 if metric.greater_is_better else 1.0
        moments = evidence[0].moments[0]
        baseline, _ = metric.link.baseline(means(moments).rows)
        return SwapEffect(
            float(baseline), sign * self._judged(metric).estimate[:, None], moments.n_rows, evidence
        )
