"""From batches of swaps to what they do to metrics, section after section of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from weighin._base.errors import MetricError
from weighin._engine.chain_means import ChainMeans
from weighin._engine.measurement import Scores, SwapEffect
from weighin._engine.moving import MovingSampler
from weighin._engine.moving_means import MovingMeans
from weighin._engine.moving_score import MovingScore
from weighin._engine.row_means import RowMeans
from weighin._engine.run import Advance, Run
from weighin._engine.whole_score import WholeScore
from weighin._inference import RowChanges
from weighin._metrics import as_numpy


class Collected(Protocol):
    """What came out of a run."""

    @property
    def complete(self) -> bool:
        """False when the run was interrupted."""
        ...


def collect(run: Run, advance: Advance) -> Scores:
    """Weigh section after section of features; keep what is finished when interrupted.

    Raises MetricError if a metric is not a number before any swap.
    """
    means, score = (
        (MovingMeans, MovingScore) if isinstance(run.sampler, MovingSampler) else (RowMeans, WholeScore)
    )
    collector = score if run.measurement.whole else ChainMeans if run.orders else means
    done: list[RowMeans | WholeScore] = []
    complete = False
    try:
        for section in run.plan.sections or ((),):
            current = collector(run, section)
            try:
                current.collect(advance)
            finally:
                if current.finished and (not done or current.n_rows == done[0].n_rows):
                    done.append(current)
        complete = True
    except KeyboardInterrupt:
        if not done:
            raise
    # no features were asked for
    if not done:
        done.append(current)
    finished = [feature for part in done for feature in part.finished]
    swap_effects = tuple(_joined(same) for same in zip(*(part.swap_effects for part in done), strict=True))
    for effect, (_, metric, segment) in zip(swap_effects, run.measurement.places, strict=True):
        if segment < 0 and not np.isfinite(effect.baseline):
            target = None if run.data.target is None else as_numpy(run.data.target)
            why = (
                "" if target is None or np.ptp(target) else " y holds one value or class only on these rows."
            )
            raise MetricError(
                f"{metric.name} is {effect.baseline} on the rows before any swap; nothing can be compared "
                f"with it.{why}"
            )
    kernels = tuple(run.kernel.names(finished))
    return Scores(
        swap_effects,
        len(finished),
        done[0].n_rows,
        complete,
        kernels,
        run.view.probe.noise,
        run.view.probe.batch_dependence,
        run.view.probe.why_at_once,
        run.unproven,
        _kept(done),
        run.view.device_in_words(current.why_on_host),
    )


def _joined(parts: Sequence[SwapEffect]) -> SwapEffect:
    """The same metric on the same rows, section after section."""
    change = np.concatenate([part.change for part in parts])
    evidence = tuple(evidence for part in parts for evidence in part.evidence)
    return replace(parts[0], change=change, evidence=evidence)


def _kept(done: Sequence[RowMeans | WholeScore]) -> RowChanges | None:
    """What each swap changed, of all sections."""
    parts = [part.recorder.kept.of(range(len(part.finished))) for part in done if part.recorder is not None]
    return parts[0].joined(parts[1:]) if parts else None
