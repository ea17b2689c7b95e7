"""One call of `interactions`: screen, swap, infer, look closer, result."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from weighin._base.progress import tracking
from weighin._base.versions import provenance
from weighin._engine import Measurement, Pairs, PairScores, Resources, Session, TimeUp
from weighin._engine.row_values import RowValues
from weighin._inference import IDENTITY, Evidence, Function, Inference, joined, means
from weighin._interactions.predicted import Moving
from weighin._interactions.scale import Measured
from weighin._interactions.surfaces import claimed
from weighin._metrics import PREDICTION_CHANGE
from weighin._models.protocol import Encoded
from weighin._results.interactions import Interactions
from weighin._results.interrupted import Interrupted
from weighin._samplers import MarginalSampler
from weighin._tables.features import Feature

# features of which every two are a pair; of more, those with the largest total index
MOST_FEATURES = 30
# of the standard deviation of predictions: where more of a move counts as rounding, a note says so
MOST_BLUR = 0.3


@dataclass(frozen=True)
class Experiment:
    """One call of `interactions`, checked."""

    session: Session
    data: Encoded
    features: tuple[Feature, ...]
    measured: Measured
    values: RowValues
    n_repeats: int
    seed: int
    resources: Resources
    deadline: float | None
    progress: bool | None
    n_surfaces: int
    own: Mapping[tuple[int, ...], Feature]
    table: Any

    @property
    def late(self) -> bool:
        """Whether the time allowed is over."""
        return self.deadline is not None and (time.monotonic() > self.deadline or self.session.time_is_up)

    def result(self, asked: tuple[tuple[int, int], ...] | None) -> Interactions:
        """Screen where that is needed, and measure the pairs."""
        sampler = MarginalSampler(self.data.rows.n_rows, self.n_repeats, self.seed, strata=self.values.strata)
        sampler = replace(sampler, n_repeats=min(self.n_repeats, sampler.n_repeats_possible))
        notes, screened = [*self.data.notes, *self.measured.notes], ""
        if sampler.n_repeats < self.n_repeats:
            notes.append(
                f"The rows allow {sampler.n_repeats} distinct swaps; {self.n_repeats} were asked for."
            )
        first = None
        if asked is None:
            first = self._measure(sampler, self.features, (), "Screening")
            if not first.complete:
                raise TimeUp if self.late else KeyboardInterrupt
            index = _inferred(first.total, IDENTITY.change).estimate
            kept = sorted(np.argsort(-index, kind="stable")[:MOST_FEATURES].tolist())
            asked = tuple(
                (j, k)
                for j, k in itertools.combinations(kept, 2)
                if not set(self.features[j].columns) & set(self.features[k].columns)
            )
            screened = (
                f"Pairs of the {MOST_FEATURES} features that predictions depend on most, of {len(self.features)}: "
                "the other pairs were not measured (pairs='all' measures every one)."
            )
        taken = sorted({place for pair in asked for place in pair})
        features = tuple(self.features[place] for place in taken)
        places = tuple((taken.index(j), taken.index(k)) for j, k in asked)
        scores = self._measure(sampler, features, places, "Pairs")
        shown = self.features if first is not None else features
        found = self._made(
            first or scores, scores, shown, features, places, sampler.n_repeats, notes, screened
        )
        if not found.complete and not self.late:
            raise Interrupted(found, len(places), "pairs")
        # rows that have a say in each other's predictions cannot be moved one by one
        return found if scores.why_at_once or not found.complete else self._with_surfaces(found)

    def _with_surfaces(self, found: Interactions) -> Interactions:
        """Add surfaces of the strongest pairs of single features."""
        by_name = {feature.name: feature for feature in self.features if not feature.members}
        pairs = [
            (by_name[first], by_name[second])
            for first, second in (line.features for line in found.lines() if line.claimed)
            if first in by_name and second in by_name
        ][: self.n_surfaces]
        if not pairs:
            return found
        moving = Moving(
            self.session, self.data, self.measured, self.own, self.table, self.seed, self.resources
        )
        with tracking("Surfaces", len(pairs) * moving.work, self.progress) as advance:
            surfaces = [moving.surface(pair, advance) for pair in pairs]
        return replace(found, surfaces=claimed([surface for surface in surfaces if surface is not None]))

    def _measure(
        self,
        sampler: MarginalSampler,
        features: tuple[Feature, ...],
        places: tuple[tuple[int, int], ...],
        what: str,
    ) -> PairScores:
        pairs = Pairs(features, places, self.measured.scale)
        metric = replace(PREDICTION_CHANGE, response=self.measured.response)
        units = (*features, *pairs.joint)
        total = len(units) * sampler.n_repeats * sampler.n_receivers
        left = None if self.deadline is None else max(0.0, self.deadline - time.monotonic()) / 20
        with tracking(what, total, self.progress) as advance, self._in_time(advance) as step:
            return self.session.collect(
                pairs.collect,
                self.data,
                units,
                sampler,
                Measurement((metric,), self.values.weights),
                replace(self.resources, batch_seconds=left, deadline=self.deadline),
                step,
            )

    @contextmanager
    def _in_time(self, advance: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
        def step(work: int) -> None:
            advance(work)
            if self.late:
                raise TimeUp

        yield step

    def _made(
        self,
        singles: PairScores,
        scores: PairScores,
        shown: tuple[Feature, ...],
        features: tuple[Feature, ...],
        places: tuple[tuple[int, int], ...],
        n_repeats: int,
        notes: list[str],
        screened: str,
    ) -> Interactions:
        """The result, and what there is to know of it."""
        finished = places[: len(scores.moved_pairs)]
        moved = scores.moved_pairs > 0
        n_rows = self.data.rows.n_rows
        if scores.noise:
            notes.append(
                "The model is stochastic: two predictions of the same rows differ by up to "
                f"{scores.noise:.3g}; that noise counts as acting together in every pair, so nothing is claimed."
            )
        if scores.why_at_once:
            notes.append(
                f"{scores.why_at_once}: each swap was predicted on the whole table in one call. Intervals assume "
                "independent rows, which these are not."
            )
        if scores.blur > MOST_BLUR:
            notes.append(
                "Predictions are so far from 0 that their rounding may hide effects: moves of less than about "
                f"{scores.blur:.2g} standard deviations of the predictions count as 0, and numbers are too small. "
                "Predict in double precision, or less a constant."
            )
        if scores.unproven:
            notes.append(
                "Whether a row's prediction depends on which rows are predicted together was checked on a few "
                f"rows only: {scores.unproven}."
            )
        if not scores.complete:
            why = "Stopped because time ran out" if self.late else "Interrupted"
            rows = f"{scores.n_rows:,} of {n_rows:,} rows, drawn at random"
            notes.append(f"{why} after {rows}, and {len(finished):,} of {len(places):,} pairs.")
        total, total_share = (_inferred(singles.total, f) for f in (IDENTITY.change, IDENTITY.relative))
        both, share = (
            _inferred(scores.pairs, f).ignoring(~moved) for f in (IDENTITY.change, IDENTITY.relative)
        )
        variance = float(_variance(singles.total))
        if variance == 0:
            notes.append("The model predicts the same for all rows: nothing has a share of no variance.")
        still = singles.moved == 0
        return Interactions(
            features=tuple(feature.name for feature in shown),
            pairs=tuple((features[j].name, features[k].name) for j, k in finished),
            total=total.ignoring(still),
            total_share=total_share.ignoring(still),
            interaction=both,
            interaction_share=share,
            moved=moved,
            variance=variance,
            n_rows=scores.n_rows,
            n_repeats=n_repeats,
            what=self.measured.what,
            screened=screened,
            rows=self.data.what,
            model=self.session.model.name,
            random_state=self.seed,
            groups={feature.name: feature.members for feature in shown if feature.members},
            kernels={feature.name: kernel for feature, kernel in zip(shown, singles.kernels, strict=True)},
            complete=scores.complete,
            noise=scores.noise,
            notes=tuple(notes),
            **provenance(),
        )


def _inferred(evidence: Sequence[Evidence], function: Function) -> Inference:
    return joined([part.infer(function) for part in evidence])


def _variance(evidence: Sequence[Evidence]) -> float:
    """Mean squared distance of the predictions from their mean."""
    return float(means(evidence[0].moments).rows[0])
