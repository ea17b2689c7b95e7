"""Put questions to the engine: metrics that read the same output share predictions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from weighin import _engine
from weighin._certainty import FUNCTIONS
from weighin._donors import CyclicDonors
from weighin._engine import Answer, Question, Scores
from weighin._errors import MetricError
from weighin._features import Feature
from weighin._inference import repeats_needed
from weighin._metrics import Metric
from weighin._models import Model
from weighin._models._base import Encoded
from weighin._progress import tracking
from weighin._weighing._row_values import RowValues

PILOT_REPEATS, PILOT_ROWS = 5, 4096
FIXED_REPEATS = 10  # where no moments say how many are needed
BLOCK_ROWS = 4096
SHORT_BLOCK_ROWS = 512  # of a run that may have to stop soon
SHARES = 25  # blocks that can be left out one after the other


class TimeUp(KeyboardInterrupt):
    """The time allowed is over; what is finished counts, as after Ctrl-C."""


@dataclass(frozen=True)
class Asking:
    """All that the questions about one model share.

    Attributes
    ----------
    model, data, features, metrics, values
        An adapted model, its encoded table, what to swap, what to measure, what is known of each row.
    options : dict
        Of `weighin._engine.run`: chunk_rows, n_jobs, memory.
    deadline : float or None
        When to stop, on the clock of `time.monotonic`.
    progress : bool or None
        Whether to show a bar.
    """

    model: Model
    data: Encoded
    features: Sequence[Feature]
    metrics: tuple[Metric, ...]
    values: RowValues
    options: dict[str, Any]
    deadline: float | None = None
    progress: bool | None = None

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
                    f"The metric {metric.name!r} takes no sample weights. A function (y, pred, sample_weight) does."
                )

    def donors(self, n_repeats: int, seed: int) -> CyclicDonors:
        """Who gives to whom: as many different shuffles as asked for, or as the rows allow."""
        n_rows, block_rows = self.data.rows.n_rows, BLOCK_ROWS
        if self.deadline is not None:
            block_rows = SHORT_BLOCK_ROWS
        if not all(self._has_moments(metric) for metric in self.metrics):
            block_rows = min(block_rows, max(n_rows // SHARES, 2 * n_repeats + 2))
        donors = CyclicDonors(n_rows, n_repeats, seed, block_rows, self.values.strata)
        return replace(donors, n_repeats=min(n_repeats, donors.n_repeats_possible))

    def repeats(self, seed: int) -> tuple[int, tuple[Scores, tuple[Metric, ...]] | None]:
        """Find how many shuffles make their noise at most a tenth of the variance of every feature.

        Returns
        -------
        n_repeats : int
        answered : tuple or None
            What `ask` gives already, where the first look was at all rows and was enough, or was interrupted.
        """
        metrics = tuple(metric for metric in self.metrics if self._has_moments(metric))
        donors = self.donors(PILOT_REPEATS, seed)
        if not metrics or donors.n_repeats < PILOT_REPEATS:
            return FIXED_REPEATS, None
        n_first, n_rows = 0, 0
        for block in donors.blocks():
            if n_rows >= PILOT_ROWS:
                break
            n_first, n_rows = n_first + 1, n_rows + block.donors.shape[1]
        some = replace(self, metrics=metrics, values=replace(self.values, segment=None, segments=()))
        scores, measured = some.ask(replace(donors, first=n_first), what="Choosing how many shuffles")
        alike = metrics == self.metrics and self.values.segment is None
        if not scores.complete:
            if not alike:
                raise KeyboardInterrupt
            return PILOT_REPEATS, (scores, measured)  # interrupted: what was finished is the result
        needed = max(
            repeats_needed(evidence, FUNCTIONS[metric.of_mean])
            for metric, answer in zip(measured, scores.answers, strict=True)
            for evidence in answer.evidence
            if isinstance(evidence, tuple)
        )
        enough = alike and n_rows == self.data.rows.n_rows and needed == PILOT_REPEATS
        return needed, (scores, measured) if enough else None

    def ask(
        self, donors: CyclicDonors, *, keep: bool = False, what: str = "Weighing"
    ) -> tuple[Scores, tuple[Metric, ...]]:
        """Run the engine once for each output that metrics read.

        Returns
        -------
        scores : Scores
            Of all metrics, in their order.
        metrics : tuple of Metric
            Those there was time for.
        """
        responses = list(dict.fromkeys(metric.response for metric in self.metrics))
        passes = sum(
            1 + any(metric.per_row is None for metric in self.metrics if metric.response == response)
            for response in responses
        )  # predictions, and scores where these come after all of them
        total = len(self.features) * donors.n_repeats * donors.n_receivers * passes
        answers: dict[str, tuple[Answer, ...]] = {}
        first: Scores | None = None
        with tracking(what, total, self.progress) as advance, self._in_time(advance) as step:
            for response in responses:
                metrics = tuple(metric for metric in self.metrics if metric.response == response)
                question = Question(
                    metrics,
                    self.values.weights,
                    self.values.segment,
                    len(self.values.segments),
                    keep=keep and first is None,
                )
                try:
                    scores = _engine.run(
                        self.model,
                        self.data,
                        self.features,
                        donors,
                        question,
                        advance=step,
                        batch_seconds=self._batch_seconds,
                        **self.options,
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
                    answers[metric.name] = scores.answers[number * each : (number + 1) * each]
                if not scores.complete:
                    break
        assert first is not None
        measured = tuple(metric for metric in self.metrics if metric.name in answers)
        in_order = tuple(answer for metric in measured for answer in answers[metric.name])
        return replace(first, answers=in_order), measured

    @property
    def _batch_seconds(self) -> float | None:
        """A small part of what is left."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic()) / 20

    def _has_moments(self, metric: Metric) -> bool:
        return metric.per_row is not None or metric.values is not None

    @contextmanager
    def _in_time(self, advance: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
        def step(work: int) -> None:
            advance(work)
            if self.deadline is not None and time.monotonic() > self.deadline:
                raise TimeUp

        yield step
