"""How a model's predictions move as one feature moves: validate, adapt, choose points, predict, put into words."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_jobs, check_missing, check_seed, is_whole, seed_of
from weighin._base.errors import InputError
from weighin._base.progress import tracking
from weighin._base.versions import provenance
from weighin._effects.curves import accumulated_local_effects, partial_dependence
from weighin._effects.direction import Moves, chances
from weighin._engine import Resources, Session
from weighin._metrics import resolve_metric
from weighin._models import Model, as_model, declared
from weighin._models.chosen_output import ChosenOutput, ballots, choose_output
from weighin._models.levels import levels_of
from weighin._results.curves import around_mean
from weighin._results.directions import MoveChances
from weighin._results.effect import FeatureEffect
from weighin._results.effects import Effects
from weighin._tables.columns import Column
from weighin._tables.containers import as_table
from weighin._tables.features import Feature, renamed, select
from weighin._tables.frames import n_rows_of, rows_of
from weighin._tables.grid import Grid, choose_grid

# rows of a larger table, for the points; more would show the same ones
LOOKED_AT = 10_000
ORDERED_ONLY = "not defined for levels without an order"
TOO_FEW = "not defined for one value or too few rows"

ONE_BY_ONE = (
    "effects say what the model predicts for a row with other values, which must not depend on other rows"
)


@dataclass(frozen=True)
class _Curves:
    """The curves of one feature, and their moves, from which directions follow once all features are done."""

    effect: FeatureEffect
    moves: Moves
    moves_ale: Moves | None


def effects(
    model: Any,
    X: Any = None,
    features: Iterable[str] | None = None,
    *,
    feature_names: Iterable[str] | None = None,
    output: str | int | None = None,
    outputs: str | None = None,
    classes: Sequence[Any] | None = None,
    grid: int = 20,
    n_rows: int | None = 1000,
    n_curves: int = 50,
    missing: str = "raise",
    random_state: int | None = None,
    batch_size: int | None = None,
    device: Any = None,
    n_jobs: int | None = None,
    max_memory: int = 256,
    progress: bool | None = None,
) -> Effects:
    """Show how a trained model's predictions move as one feature moves: which way, how far, and how surely.

    Parameters
    ----------
    model : fastai TabularLearner, torch module, scikit-learn estimator or function
        Trained. It comes back as it was.
    X : table, optional
        What the model takes, anything that `weigh` takes; it stays untouched. A learner does without, and takes its
        validation set. No target is needed.
    features : iterable of str, optional
        Only these; all by default.
    feature_names : iterable of str, optional
        What to call the columns of a matrix.
    output : str or int, optional
        Which class or which target, by name or place, where a model predicts several. By default the second of two
        classes, the class predicted most of more, the first target; the result names it.
    outputs, classes
        As for `weigh`.
    grid : int
        Points per feature, at least 2, all of them values of rows: every distinct number where there are no more;
        else quantiles, without the outermost 2.5% of the rows (for 20 points). Of levels the most frequent.
    n_rows : int, optional
        Average over so many rows, drawn at random; None for all of them. Of a table of more than 10,000 rows the points
        come from 10,000 drawn at random, or `n_rows` where that is more.
    n_curves : int
        Keep the curves of so many single rows.
    missing : {"raise", "drop", "mean"}
        What to do with missing values in columns where training had none.
    random_state : int, optional
        Seed, >= 0, of the rows drawn. Drawn and recorded when not given.
    batch_size, device, n_jobs, max_memory, progress
        As for `weigh`. The predictions of all rows at all points of one feature are held at once.

    Returns
    -------
    Effects
        Partial dependence, accumulated local effects and single curves of each feature, and its direction in a word.

    Raises
    ------
    InputError
        On arguments or a table that cannot be used; nothing was changed.
    ModelError
        If weighin cannot read the model, or its predictions are not finite, or depend on the rows beside.

    Notes
    -----
    Partial dependence moves all rows to a value and averages what the model predicts; with correlated columns that
    asks the model about rows that do not occur. Accumulated local effects only move rows between neighbouring points.
    Where the two differ, the columns that go with the feature are why: see `associations`. Moving a value takes its
    missing-value indicator along, as every swap of weighin does, and what is predicted is what a user of the model
    sees: probabilities for a classifier. Neither says what would happen in the world: they describe the model.

    References
    ----------
    Friedman (2001), Ann. Statist. 29(5). Goldstein et al. (2015), JCGS 24(1). Apley & Zhu (2020), JRSS B 82(4).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(300, 3))
    >>> result = effects(lambda rows: 3 * rows[:, 0] - rows[:, 1] ** 2, X, random_state=0)
    >>> result.claims()
    {'x0': 'rises', 'x1': 'peaks', 'x2': ''}
    """
    _check_arguments(grid, n_rows, n_curves, missing, random_state, batch_size, n_jobs, max_memory)
    adapted: Model = as_model(model, device=device, outputs=outputs, classes=classes)
    seed = seed_of(random_state)
    levels = levels_of(model) if isinstance(X, str | Path) else None
    table = as_table(X, feature_names=feature_names, levels=levels, seed=seed)
    X, total = _some_rows(table.X, n_rows, seed)
    data = adapted.encode(X, None, missing, False)
    own_names = {feature.columns: feature for feature in data.features}
    if isinstance(features, Sized) and len(data.features) < len(features) in (total, data.rows.n_rows):
        raise InputError(
            f"features holds {len(features):,} values, one for each row, as a target does: effects needs no y. "
            "Leave it out, or name features: features=['age', 'dose']."
        )
    chosen = select(renamed(data.features, table.feature_names), features)
    kept = data.rows.n_rows
    n = kept if n_rows is None else min(n_rows, kept)
    drawn = np.random.default_rng(seed).permutation(kept)[:n]
    # a model knows its columns by the names it gave them
    columns = adapted.raw_columns(data, [own_names[feature.columns] for feature in chosen], X, grid)
    grids = [choose_grid(column, grid) for column in columns]
    stack = data.rows.take(np.concatenate([drawn, *(points.givers for points in grids)]))
    edges = np.cumsum([n, *(len(points.givers) for points in grids)])
    swaps = [(f, np.arange(*ends)) for f, ends in zip(chosen, itertools.pairwise(edges), strict=True)]
    context = adapted.metric_context(data)
    response = resolve_metric("prediction_change", None, context).response
    meant_by = declared(adapted, response)
    if meant_by.kind == "unknown":
        meant_by = context.meaning()
    votes = meant_by.kind == "label" and bool(meant_by.classes)
    # which output is meant is known from the first predictions on
    meant: list[ChosenOutput] = []
    pending = iter(zip(chosen, grids, columns, strict=True))

    def use(before: NDArray[Any], after: NDArray[Any]) -> _Curves:
        if votes:
            before, after = (ballots(pred, len(meant_by.classes)) for pred in (before, after))
        if not meant:
            meant.append(choose_output(output, meant_by, before))
        feature, points, column = next(pending)
        predicted = after[..., meant[0].place].astype(np.float64)
        return _effect(feature, points, column, drawn, predicted, n_curves, meant[0].spread)

    n_predictions = sum(len(points.givers) for points in grids) * n
    with Session(adapted) as session, tracking("Effects", n_predictions, progress) as advance:
        results, probe = session.predict_given(
            stack,
            swaps,
            use,
            n_receivers=n,
            table=(data.rows, drawn),
            response=response,
            resources=Resources(batch_size, n_jobs, max_memory * 2**20, not_at_once=ONE_BY_ONE),
            advance=advance,
        )
    chosen_output = meant[0]
    remark = [chosen_output.remark] if chosen_output.remark else []
    notes = [*table.notes, *data.notes, *context.notes(()), *remark]
    rows = f"the {total:,} rows given" if total else data.what
    if n < (total or kept):
        rows = f"{n:,} of {rows}, drawn at random"
        notes.append(f"Averages over {n:,} of {total or kept:,} rows, drawn at random.")
    if probe.noise:
        notes.append(
            f"The model is stochastic: two predictions of the same rows differ by up to {probe.noise:.3g}."
        )
    return Effects(
        effects=_directed(results),
        output=chosen_output.name,
        what=chosen_output.what,
        mean_prediction=chosen_output.mean,
        spread=chosen_output.spread,
        n_rows=n,
        rows=rows,
        model=adapted.name,
        random_state=seed,
        notes=tuple(notes),
        **provenance(),
    )


def _some_rows(X: Any, n_rows: int | None, seed: int) -> tuple[Any, int | None]:
    """Draw the rows of a large table that are looked at, before they are encoded; and say how many there were."""
    try:
        total = 0 if X is None else n_rows_of(X)
    except (TypeError, IndexError, StopIteration):
        # the model knows what it takes
        total = 0
    most = max(LOOKED_AT, n_rows or total)
    if total <= most:
        return X, None
    return rows_of(X, np.sort(np.random.default_rng([seed, 1]).choice(total, most, replace=False))), total


def _effect(
    feature: Feature,
    grid: Grid,
    column: Column,
    drawn: NDArray[np.int64],
    predicted: NDArray[np.float64],
    n_curves: int,
    spread: float,
) -> _Curves:
    """Make the curves of a feature from predictions of all rows at all points, and at "missing" as the last one."""
    k, ordered, places = grid.n_points, grid.kind != "nominal", column.values[drawn]
    average = partial_dependence(predicted)
    averaged = average.first(k)
    local = (
        accumulated_local_effects(predicted[:k], places, grid.values, grid.shares) if ordered and k else None
    )
    effect = FeatureEffect(
        feature=feature.name,
        kind=grid.kind,
        values=grid.values,
        labels=grid.labels,
        shares=grid.shares,
        missing_share=grid.missing_share,
        left_out=grid.left_out,
        pd=average.curve,
        pd_centered=partial_dependence(around_mean(predicted, grid.shares)).curve,
        ale=None if local is None else local.curve,
        no_ale="" if local is not None else TOO_FEW if ordered else ORDERED_ONLY,
        curves=np.ascontiguousarray(predicted[:, :n_curves].T),
        chances=MoveChances(),
        chances_ale=None,
        spread=spread,
        dates=column.kind == "date",
        reach_se=averaged.error_of_range(),
    )
    moves_ale = None if local is None else Moves.of(local, spread)
    return _Curves(effect, Moves.of(averaged, spread, ordered=ordered), moves_ale)


def _directed(curves: Sequence[_Curves]) -> tuple[FeatureEffect, ...]:
    """Say what decides the directions, of mean curves and of local ones each among all features."""
    local = iter(chances([of_one.moves_ale for of_one in curves if of_one.moves_ale is not None]))
    return tuple(
        replace(of_one.effect, chances=of_mean, chances_ale=None if of_one.moves_ale is None else next(local))
        for of_one, of_mean in zip(curves, chances([of_one.moves for of_one in curves]), strict=True)
    )


def _check_arguments(
    grid: Any,
    n_rows: Any,
    n_curves: Any,
    missing: Any,
    random_state: Any,
    batch_size: Any,
    n_jobs: Any,
    max_memory: Any,
) -> None:
    def check(name: str, value: Any, least: int, *, optional: bool = False) -> None:
        if (value is None and optional) or is_whole(value, least):
            return
        raise InputError(
            f"{name} must be an integer >= {least}{' or None' if optional else ''}, got {value!r}."
        )

    check("grid", grid, 2)
    check("n_rows", n_rows, 2, optional=True)
    check("n_curves", n_curves, 0)
    check_seed(random_state)
    check("batch_size", batch_size, 1, optional=True)
    check("max_memory", max_memory, 1)
    check_missing(missing)
    check_jobs(n_jobs)
