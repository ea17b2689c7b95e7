"""Put questions to the engine: metrics that read the same output share predictions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from weighin._base.checks import AUTO
from weighin._base.errors import MetricError
from weighin._base.progress import tracking
from weighin._engine import Measurement, Resources, Scores, Session, SwapEffect, TimeUp
from weighin._engine.row_values import RowValues
from weighin._inference import Evidence, GivenEvidence, repeats_needed
from weighin._inference.links import Function
from weighin._metrics import Metric, Outputs
from weighin._models import Model
from weighin._models.protocol import Encoded
from weighin._samplers import BLOCK_ROWS, MarginalSampler, Orders, Sampler, SpreadSampler
from weighin._samplers.spread import holds
from weighin._tables.features import Feature
from weighin._weigh.given import GivenPlan
from weighin._weigh.spreading import spread_over_values

PILOT_REPEATS, PILOT_ROWS = 5, 4096
# at most, given other columns
GIVEN_REPEATS = 12
# where no moments say how many are needed
FIXED_REPEATS = 10
# of a run that may have to stop soon
SHORT_BLOCK_ROWS = 512
# of such a run with a slow model: 15 different shuffles
SHORTEST_BLOCK_ROWS = 32
# of the time, for the first block of rows
FIRST_PART = 1 / 2
# of the time, for a look that only says how many shuffles to take
LOOK_PART = 1 / 4
# blocks that can be left out one after the other
SHARES = 25


# of the metrics there was time for
Measured = tuple[Scores, tuple[Metric, ...]]


@dataclass(frozen=True)
class Experiment:
    """All that the questions about one model share.

    Attributes
    ----------
    session : Session
        The model, opened once.
    data, features, metrics, values
        Its encoded table, what to swap, what to measure, what is known of each row.
    resources : Resources
        What may be used.
    deadline : float or None
        When to stop, on the clock of `time.monotonic`.
    progress : bool or None
        Whether to show a bar.
    short : int
        Rows of a block where there is a deadline; see `paced`.
    given : GivenPlan or None
        How features are shuffled given other columns; None for freely.
    chained : bool
        Whether features are swapped one after the other, in an order of each row, until all are.
    outputs : Outputs or None
        What predictions mean, where metrics had to know and rows had to show it.
    spread : bool
        Whether donors may be spread over the values of each feature, where that holds.
    """

    session: Session
    data: Encoded
    features: Sequence[Feature]
    metrics: tuple[Metric, ...]
    values: RowValues
    resources: Resources
    deadline: float | None = None
    progress: bool | None = None
    short: int = SHORT_BLOCK_ROWS
    given: GivenPlan | None = None
    chained: bool = False
    outputs: Outputs | None = None
    spread: bool = False

    @property
    def model(self) -> Model:
        """The model measured."""
        return self.session.model

    def paced(self, n_repeats: int) -> Experiment:
        """Take shorter blocks where the model is so slow that much of the time allowed would be over after the first.

        What is measured stays the same, but for who is in whose block.
        """
        if self.deadline is None:
            return self
        resources = replace(self.resources, deadline=self.deadline)
        pace = self.session.pace(self.data.rows, self.metrics[0].response, resources)
        seconds = FIRST_PART * max(0.0, self.deadline - time.monotonic())
        rows = pace.rows_in(seconds) // ((n_repeats + 1) * max(1, len(self.features)))
        if rows >= self.short:
            return self
        return replace(self, short=max(SHORTEST_BLOCK_ROWS, 2 * n_repeats + 2, rows))

    def like(self, other: Experiment) -> Experiment:
        """Take the steps of another."""
        return replace(self, short=other.short, resources=other.resources)

    @property
    def block_rows(self) -> int:
        """Rows that exchange values."""
        return BLOCK_ROWS if self.deadline is None else self.short

    @property
    def late(self) -> bool:
        """Whether the time allowed is over."""
        return self.deadline is not None and (time.monotonic() > self.deadline or self.session.time_is_up)

    def check_weights(self) -> None:
        """Refuse sample weights a metric does not take.

        Raises
        ------
        MetricError
            Naming it.
        """
        for metric in self.metrics:
            if self.values.weights is not None and metric.per_row is None and not metric.weighable:
                raise MetricError(
                    f"The metric {metric.name!r} takes no sample weights. Pass a function (y, pred, "
                    "sample_weight) instead."
                )

    def donors(self, n_repeats: int, seed: int) -> MarginalSampler:
        """Who gives to whom: as many different shuffles as asked for, or as the rows allow."""
        n_rows, block_rows = self.data.rows.n_rows, self.block_rows
        if not all(metric.by_rows for metric in self.metrics):
            block_rows = min(block_rows, max(n_rows // SHARES, 2 * n_repeats + 2))
        donors = MarginalSampler(n_rows, n_repeats, seed, block_rows, self.values.strata)
        return replace(donors, n_repeats=min(n_repeats, donors.n_repeats_possible))

    def spread_over_values(self, donors: MarginalSampler) -> SpreadSampler | None:
        """Donors of their own for features that have an order, where intervals were studied for that; else None."""
        simple = self.given is None and not self.chained and self.deadline is None
        means = all(metric.per_row is not None for metric in self.metrics)
        if not (self.spread and simple and means and self.values.weights is None and holds(donors)):
            return None
        response = self.metrics[0].response
        return spread_over_values(self.session, self.data, self.features, donors, response, self.resources)

    def repeats_beside(self, spread: SpreadSampler) -> tuple[int | str, SpreadSampler | None]:
        """Shuffles to take: five are enough for features whose donors are spread; others may need more.

        Returns
        -------
        n_repeats : int or "auto"
            Odd; "auto" where so many cannot be spread, to be found for all features alike.
        spread : SpreadSampler or None
            As many of them.
        """
        free = spread.free
        others = [feature for feature in self.features if feature.name not in spread.values]
        if others:
            needed = replace(self, features=others).repeats(free.seed)[0]
            free = self.donors(needed + (needed + 1) % 2, free.seed)
        return (free.n_repeats, replace(spread, free=free)) if holds(free) else (AUTO, None)

    def repeats(self, seed: int) -> tuple[int, Measured | None, bool]:
        """Find how many shuffles make their noise at most a tenth of the variance of every feature.

        Returns
        -------
        n_repeats : int
        looked : tuple or None
            What `ask` gave already, of the first rows, where it was asked all that is.
        enough : bool
            Whether that is the answer: no more shuffles are needed, and no more rows there, or it was interrupted.
        """
        metrics = tuple(metric for metric in self.metrics if metric.by_rows)
        donors = self.donors(PILOT_REPEATS, seed)
        if not metrics or donors.n_repeats < PILOT_REPEATS:
            return FIXED_REPEATS, None, False
        n_first, n_rows = 0, 0
        for block in donors.blocks():
            if n_rows >= PILOT_ROWS:
                break
            n_first, n_rows = n_first + 1, n_rows + block.n_receivers
        alike = metrics == self.metrics and self.values.segment is None
        pilot = replace(self, metrics=metrics, values=replace(self.values, segment=None, segments=()))
        # a look that is no part of the answer must leave time for it
        if self.deadline is not None and not alike:
            now = time.monotonic()
            pilot = replace(pilot, deadline=now + LOOK_PART * (self.deadline - now))
        try:
            scores, measured = pilot.ask(
                replace(donors, first=n_first), what=("Choosing the number of shuffles")
            )
        except TimeUp:
            if alike:
                raise
            return PILOT_REPEATS, None, False
        # of a table that has to be swapped as a whole, the first rows alone are no answer
        alike = alike and (not scores.why_at_once or n_rows == self.data.rows.n_rows)
        if not scores.complete:
            if alike:
                # interrupted: what was finished is the result
                return PILOT_REPEATS, (scores, measured), True
            if not pilot.late:
                raise KeyboardInterrupt
            return PILOT_REPEATS, None, False
        needed = max(
            _repeats_needed(evidence, metric.link.change)
            for metric, answer in zip(measured, scores.swap_effects, strict=True)
            for evidence in answer.evidence
        )
        enough = needed == PILOT_REPEATS and n_rows == self.data.rows.n_rows
        return needed, (scores, measured) if alike else None, alike and enough

    def ask(
        self,
        donors: MarginalSampler,
        *,
        spread: SpreadSampler | None = None,
        keep: bool = False,
        what: str = "Weighing",
    ) -> Measured:
        """Run the engine once for each output that metrics read.

        Returns
        -------
        scores : Scores
            Of all metrics, in their order.
        metrics : tuple of Metric
            Those there was time for.
        """
        responses = list(dict.fromkeys(metric.response for metric in self.metrics))
        # predictions, and scores where these come after all of them
        passes = sum(
            1 + any(metric.per_row is None for metric in self.metrics if metric.response == response)
            for response in responses
        )
        total = len(self.features) * donors.n_repeats * donors.n_receivers * passes
        sampler: Sampler = spread or donors
        if self.given is not None:
            sampler = self.given.sampler(donors)
        swap_effects: dict[str, tuple[SwapEffect, ...]] = {}
        first: Scores | None = None
        with tracking(what, total, self.progress) as advance, self._in_time(advance) as step:
            for response in responses:
                metrics = tuple(metric for metric in self.metrics if metric.response == response)
                measurement = Measurement(
                    metrics,
                    self.values.weights,
                    self.values.segment,
                    len(self.values.segments),
                    keep=keep and first is None,
                )
                try:
                    scores = self.session.measure(
                        self.data,
                        self.features,
                        sampler,
                        measurement,
                        replace(self.resources, batch_seconds=self._batch_seconds, deadline=self.deadline),
                        orders=Orders(len(self.features), donors.seed) if self.chained else None,
                        advance=step,
                    )
                except KeyboardInterrupt:
                    if first is None:
                        raise
                    first = replace(first, complete=False)
                    break
                if first is not None and (scores.n_features, scores.n_rows) != (
                    first.n_features,
                    first.n_rows,
                ):
                    first = replace(first, complete=False)
                    break
                first = first or scores
                each = len(self.values.segments) + 1
                for number, metric in enumerate(metrics):
                    swap_effects[metric.name] = scores.swap_effects[number * each : (number + 1) * each]
                if not scores.complete:
                    break
        assert first is not None
        measured = tuple(metric for metric in self.metrics if metric.name in swap_effects)
        in_order = tuple(answer for metric in measured for answer in swap_effects[metric.name])
        return replace(first, swap_effects=in_order), measured

    @property
    def _batch_seconds(self) -> float | None:
        """A small part of what is left."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic()) / 20

    @contextmanager
    def _in_time(self, advance: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
        def step(work: int) -> None:
            advance(work)
            if self.late:
                raise TimeUp

        yield step


def _repeats_needed(evidence: Evidence, function: Function) -> int:
    """Shuffles that make their noise small; few given other columns, since their bins grow with them."""
    if isinstance(evidence, GivenEvidence):
        told = [unit for unit, offer in enumerate(evidence.offers) if offer != "nothing"]
        return evidence.units(told).repeats_needed(function, most=GIVEN_REPEATS) if told else PILOT_REPEATS
    return repeats_needed(evidence.moments, function) if evidence.moments else PILOT_REPEATS
