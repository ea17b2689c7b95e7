"""Which features of a trained model act together: validate, adapt, screen, swap, infer, result."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from weighin._base.checks import check_run, is_whole, names_among, seed_of
from weighin._base.errors import InputError, listing, nearest
from weighin._base.progress import tracking
from weighin._base.versions import provenance
from weighin._engine import Measurement, Pairs, PairScores, Resources, Session, TimeUp
from weighin._engine.row_values import RowValues, row_values
from weighin._inference import IDENTITY, Evidence, Function, Inference, joined
from weighin._interactions.predicted import Moving
from weighin._interactions.scale import Measured, measured
from weighin._interactions.surfaces import claimed
from weighin._metrics import PREDICTION_CHANGE
from weighin._models import as_model
from weighin._models.levels import levels_of
from weighin._models.protocol import Encoded
from weighin._results.interactions import Interactions
from weighin._samplers import MarginalSampler
from weighin._tables.containers import as_table
from weighin._tables.features import Feature, renamed, select

# features of which every two are a pair; of more, those with the largest total index
MOST_FEATURES = 30
AUTO, ALL = "auto", "all"


def interactions(
    model: Any,
    X: Any = None,
    *,
    features: Iterable[str] | None = None,
    pairs: Any = "auto",
    surfaces: int = 3,
    groups: Mapping[str, Iterable[str]] | None = None,
    feature_names: Iterable[str] | None = None,
    outputs: str | None = None,
    classes: Sequence[Any] | None = None,
    within: Any = None,
    n_repeats: int = 5,
    max_seconds: float | None = None,
    sample_weight: Any = None,
    random_state: int | None = None,
    missing: str = "raise",
    batch_size: int | None = None,
    device: Any = None,
    n_jobs: int | None = None,
    max_memory: int = 256,
    progress: bool | None = None,
) -> Interactions:
    """Measure which features of a trained model act together, and how much, with intervals.

    Parameters
    ----------
    model, X
        As `weigh` takes them. No target is needed: it is the prediction that is looked at.
    features : iterable of str, optional
        Only pairs of these; of all features by default.
    pairs : "auto", "all" or iterable of (str, str)
        Which pairs. "auto" takes every two of up to 30 features; of more, every two of the 30 that predictions depend
        on most (largest total index), and the result says so. "all" takes every two whatever their number.
    surfaces : int
        Predict the strongest pairs for eight values of each of the two, over 1,000 rows drawn at random, and say how
        the effect of one depends on the other; so many pairs at most, groups left out.
    groups : mapping of str to iterable of str, optional
        Each group is one more feature, all its members swapped together. A group makes no pair with its members.
    feature_names, outputs, classes, within
        As for `weigh`.
    n_repeats : int
        Swaps of each row.
    max_seconds : float, optional
        Stop about then, and say what was reached.
    sample_weight : str or array-like of shape (n_rows,), optional
        As for `weigh`.
    random_state : int, optional
        Seed, >= 0. Drawn and recorded when not given.
    missing, batch_size, device, n_jobs, max_memory, progress
        As for `weigh`.

    Returns
    -------
    Interactions
        Superset importance of every pair and total index of every feature, with intervals.

    Raises
    ------
    InputError
        On arguments or a table that cannot be used, or a single feature; nothing was changed.
    ModelError
        If weighin cannot read the model, or its predictions are not finite.

    Notes
    -----
    With the values of another row, d = f(both swapped) - f(first swapped) - f(second swapped) + f(neither). The mean
    of d squared, divided by 4, is the variance of all effects in which both take part, where features are independent
    (Liu and Owen 2006). It is 0 for a model that adds the two up, whatever their correlation, and never negative. The
    total index of a feature is the mean of (f(swapped) - f)**2 / 2 (Jansen 1999). Shares are parts of the variance of
    the prediction; several outputs count by their mean. Of classes the raw scores are taken (decision function,
    logits), where the model gives them.

    A move of less than a hundred-thousandth of the standard deviation of the predictions, and what rounding explains,
    count as 0. Since d squared is never negative, one swap that shows a move proves that the model is not additive:
    the p-value, one-sided of "not above 0", says whether the rows tell that this amounts to anything.

    References
    ----------
    Liu and Owen (2006), "Estimating Mean Dimensionality of Analysis of Variance Decompositions", JASA 101(474). Jansen
    (1999), Computer Physics Communications 117. Holm (1979), Scand. J. Statist. 6(2).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> found = interactions(lambda rows: 2 * rows[:, 0] * rows[:, 1] + rows[:, 2], X, random_state=0)
    >>> [line.features for line in found.lines() if line.claimed]
    [('x0', 'x1')]
    """
    check_run(
        n_repeats=n_repeats,
        max_seconds=max_seconds,
        random_state=random_state,
        missing=missing,
        batch_size=batch_size,
        n_jobs=n_jobs,
        max_memory=max_memory,
    )
    if not is_whole(surfaces, 0):
        raise InputError(f"surfaces must be an integer >= 0, got {surfaces!r}.")
    if isinstance(n_repeats, str):
        raise InputError(f"n_repeats must be an integer >= 1, got {n_repeats!r}.")
    seed = seed_of(random_state)
    if isinstance(features, Iterator):
        features = list(features)
    adapted = as_model(model, device=device, outputs=outputs, classes=classes)
    first = model[0] if isinstance(model, list | tuple) and model else model
    table = as_table(X, None, feature_names, levels_of(first) if isinstance(X, str | Path) else None)
    table, (within, sample_weight) = table.align(within=within, sample_weight=sample_weight)
    deadline = None if max_seconds is None else time.monotonic() + max_seconds
    with Session(adapted) as session:
        data = adapted.encode(table.X, None, missing, False)
        own = {feature.columns: feature for feature in data.features}
        data = replace(
            data, notes=(*table.notes, *data.notes), features=renamed(data.features, table.feature_names)
        )
        chosen = select(data.features, features, groups)
        asked = _asked(pairs, chosen)
        values = row_values(table.X, data, within=within, by=None, sample_weight=sample_weight)
        resources, scale = Resources(batch_size, n_jobs, int(max_memory) * 2**20), measured(adapted, data)
        experiment = _Experiment(
            session, data, chosen, scale, values, n_repeats, seed, resources, deadline, progress
        )
        try:
            found = experiment.result(asked)
            return experiment.with_surfaces(found, surfaces, own, table.X)
        except TimeUp:
            raise InputError(
                f"max_seconds={max_seconds:g} ran out before anything was finished; allow more time."
            ) from None


def _asked(pairs: Any, chosen: Sequence[Feature]) -> tuple[tuple[int, int], ...] | None:
    """Places of the pairs asked for among the features; None for those with the largest total index."""
    names = [feature.name for feature in chosen]
    possible = [
        (j, k)
        for j, k in itertools.combinations(range(len(chosen)), 2)
        if not set(chosen[j].columns) & set(chosen[k].columns)
    ]
    if isinstance(pairs, str):
        if pairs not in (AUTO, ALL):
            raise InputError(f'pairs must be "auto", "all" or a list of pairs of names, got {pairs!r}.')
        if not possible:
            raise InputError(f"Two features make a pair, and there is one only: {listing(names)}.")
        return None if pairs == AUTO and len(chosen) > MOST_FEATURES else tuple(possible)
    if not isinstance(pairs, Iterable):
        raise InputError(f'pairs must be "auto", "all" or a list of pairs of names, got {pairs!r}.')
    wanted = []
    for pair in pairs:
        both = names_among(pair, names, "pairs")
        if len(both) != 2:
            raise InputError(f"pairs holds {pair!r}: each pair must have two names.{nearest('', names)}")
        j, k = sorted(map(names.index, both))
        if (j, k) not in possible:
            raise InputError(f"pairs holds {pair!r}, which have a column in common: no pair of two.")
        wanted.append((j, k))
    if not wanted:
        raise InputError("pairs is empty: name at least one pair, or leave it out.")
    return tuple(dict.fromkeys(wanted))


@dataclass(frozen=True)
class _Experiment:
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
        return self._made(
            first or scores, scores, shown, features, places, sampler.n_repeats, notes, screened
        )

    def with_surfaces(self, found: Interactions, most: int, own: Any, table: Any) -> Interactions:
        """Add surfaces of the strongest pairs, where there is time for them and rows can be moved one by one."""
        by_name = {feature.name: feature for feature in self.features if not feature.members}
        pairs = [
            (by_name[first], by_name[second])
            for first, second in (line.features for line in found.lines() if line.claimed)
            if first in by_name and second in by_name
        ][:most]
        if not pairs or not found.complete:
            return found
        moving = Moving(self.session, self.data, self.measured, own, table, self.seed, self.resources)
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
                replace(self.resources, batch_seconds=left),
                step,
            )

    @contextmanager
    def _in_time(self, advance: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
        def step(work: int) -> None:
            advance(work)
            if self.deadline is not None and time.monotonic() > self.deadline:
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
                f"{scores.noise:.3g}; that noise counts as acting together in every pair."
            )
        if scores.why_at_once:
            notes.append(
                f"{scores.why_at_once}: each swap was predicted on the whole table in one call. Intervals assume "
                "independent rows, which these are not."
            )
        if scores.unproven:
            notes.append(
                "Whether a row's prediction depends on which rows are predicted together was checked on a few "
                f"rows only: {scores.unproven}."
            )
        if not scores.complete:
            late = self.deadline is not None and time.monotonic() > self.deadline
            notes.append(
                f"{'Stopped because time ran out' if late else 'Interrupted'} after {scores.n_rows:,} of {n_rows:,} "
                f"rows, drawn at random, and {len(finished):,} of {len(places):,} pairs."
            )
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
            notes=tuple(notes),
            **provenance(),
        )


def _inferred(evidence: Sequence[Evidence], function: Function) -> Inference:
    return joined([part.infer(function) for part in evidence])


def _variance(evidence: Sequence[Evidence]) -> float:
    """Mean squared distance of the predictions from their mean."""
    from weighin._inference import means

    return float(means(evidence[0].moments).rows[0])
