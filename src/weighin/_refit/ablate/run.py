"""Train without some features and with others, many times, and tell what that does to the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from weighin._base.checks import check_jobs, is_real
from weighin._base.errors import InputError
from weighin._refit.ablate.changes import Trained, ablation_of
from weighin._refit.ablate.near_zero import near_zero
from weighin._refit.ablate.variants import Plan, Variant, make_plan
from weighin._refit.fits.criterion import Criterion
from weighin._refit.fits.design import Design, make_design
from weighin._refit.fits.run import Job, run_fits, task_of
from weighin._refit.fits.store import Outcome, Store
from weighin._refit.recipes.recipe import Recipe
from weighin._results.ablation import Ablation


def ablate(
    recipe: Recipe,
    X: Any,
    *,
    drop: Any = None,
    add: Any = None,
    replace: Mapping[Any, Any] | None = None,
    fits: int = 10,
    metric: str | Callable[..., float] | None = None,
    greater_is_better: bool | None = None,
    outputs: str | None = None,
    classes: Sequence[Any] | None = None,
    split: Any = None,
    id: str | None = "id",
    keep_together: str | None = None,
    tolerance: float | None = None,
    unit: str = "",
    random_state: int | None = None,
    n_jobs: int | None = None,
    store: Path | str | None = None,
    progress: bool | None = None,
) -> Ablation:
    """Train a model again without some features, and with others, and tell whether it got worse or better.

    Every variant and the full model are trained `fits` times, each fit with the same seed and the same rows for all
    of them, and measured on rows they were not trained on. Where rows are drawn anew for each fit, the interval takes
    Nadeau and Bengio's factor; where they stay, it adds the variance of test rows, of fits, and of both together.

    Parameters
    ----------
    recipe : Recipe
        How the model is trained.
    X : table
        Raw rows with the target, split by `split`; where the recipe brings training rows, all of these are tested on.
    drop : str, list or dict, optional
        A feature; a list of features, each tried alone, and of lists of features, each tried together; a mapping from
        labels to one or the other. "each" tries every feature; "near-zero" those whose importance over the fits of
        the full model cannot be told apart from zero, together and then alone.
    add : str, list or dict, optional
        A column that is no feature, or several, each tried alone; a mapping from the name of a new column to an
        expression of SQL over columns (``"home_elo - away_elo"``), a function of the table (without the target) or
        values; or from a label to a list of columns that are added together.
    replace : dict, optional
        From features, ``"home_elo,away_elo"``, to what comes in their place: ``{"elo_diff": "home_elo - away_elo"}``.
    fits : int
        Fits of each variant. One fit gives no interval.
    metric : str or callable, optional
        As `weigh` takes it; by default a learner's first metric, "mae" for numbers, "log_loss" for classes.
    greater_is_better : bool, optional
        Direction of a metric weighin does not know.
    outputs, classes
        What the models' outputs mean, as `weigh` takes it.
    split : str, array or pair, optional
        "random" (the default; a fifth is tested on), "random:0.3", "group:COLUMN", "time:COLUMN" (the last value of
        the column is tested on, what comes before trained on), "time:COLUMN:3" (each of the last three), a mask that
        is True for the rows to test on, or a pair of arrays of row numbers to train and to test on.
    id : str, optional
        Column that names a row. Rows of the same id are refused. Where there is no column "id", none is taken.
    keep_together : str, optional
        Column whose values must not be on both sides of a split; a split that does so is refused.
    tolerance : float, optional
        A loss, or a gain of an added column, below it does not matter; in units of the metric. By default 1% of the
        full model's metric.
    unit : str
        Unit of the metric, for sentences: "points".
    random_state : int, optional
        Seed, >= 0. Drawn and recorded when not given.
    n_jobs : int, optional
        Processes, by joblib: 1 by default, or as ``joblib.parallel_config`` says. Does not change numbers beyond
        rounding: in every fit torch has one thread.
    store : path, optional
        Folder for finished fits. The same call goes on there; more fits and other variants may be added.
    progress : bool, optional
        Show a progress bar with the time left; by default where somebody can see it.

    Returns
    -------
    Ablation
        Table, sentences, chart, JSON.

    Raises
    ------
    InputError
        On arguments or a table that cannot be used, a split that leaks, or a store of another plan.
    ModelError
        If no model could be trained.
    MetricError
        If the metric is not known, or its direction is not.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn.linear_model import LinearRegression
    >>> rng = np.random.default_rng(0)
    >>> games = pd.DataFrame(rng.normal(size=(400, 3)), columns=["spread", "week", "margin"])
    >>> games["margin"] += 5 * games["spread"]
    >>> recipe = Recipe.from_estimator(LinearRegression(), features=["spread", "week"], target="margin")
    >>> ablation = ablate(recipe, games, drop="each", random_state=0)
    >>> ablation.claims()
    {'spread': 'hurts', 'week': 'safe to drop'}
    """
    check_jobs(n_jobs)
    _check_words(tolerance, unit)
    design = make_design(
        recipe,
        X,
        split=split,
        fits=fits,
        id=id,
        keep_together=keep_together,
        random_state=random_state,
        store=store,
    )
    plan, wants_near_zero = make_plan(recipe, design.frame, drop, add, replace)
    criterion = Criterion(metric, greater_is_better, outputs, classes)
    task = task_of(design, criterion, parts=not design.splits.resampled)
    kept = Store(store, design.about(criterion), _keys(plan))
    options: dict[str, Any] = {"n_jobs": n_jobs, "progress": progress}
    notes: list[str] = []
    outcomes: dict[Job, Outcome] = {}
    if wants_near_zero:
        jobs = _jobs(plan, [plan.full], design, fits, weighed=True)
        outcomes = run_fits(task, design, jobs, kept, frame=plan.frame, what="Full model", **options)
        notes.append(_drop_near_zero(plan, design, [outcomes[job] for job in jobs]))
        kept.admit(_keys(plan))
    variants = plan.variants if wants_near_zero else [plan.full, *plan.variants]
    jobs = _jobs(plan, variants, design, fits)
    outcomes |= run_fits(task, design, jobs, kept, frame=plan.frame, **options)
    return ablation_of(Trained(plan, design, outcomes, fits), tolerance, unit, notes)


def _check_words(tolerance: Any, unit: Any) -> None:
    if tolerance is not None and not (is_real(tolerance) and 0 <= tolerance < math.inf):
        raise InputError(f"tolerance must be a number >= 0, in units of the metric, got {tolerance!r}.")
    if not isinstance(unit, str):
        raise InputError(f"unit must be text, such as 'points', got {unit!r}.")


def _keys(plan: Plan) -> dict[str, str]:
    return {variant.label: variant.key(plan.frame) for variant in [plan.full, *plan.variants]}


def _jobs(
    plan: Plan, variants: Sequence[Variant], design: Design, fits: int, *, weighed: bool = False
) -> list[Job]:
    """All jobs, fit after fit: what is there after half of the time is half of the fits of everything."""
    keys = {variant.label: variant.key(plan.frame) for variant in variants}
    return [
        Job(keys[variant.label], variant.features, fold, fit, weighed)
        for fit in range(fits)
        for fold in range(len(design.splits.folds))
        for variant in variants
    ]


def _drop_near_zero(plan: Plan, design: Design, full: Sequence[Outcome]) -> str:
    """Plan to drop what cannot be told apart from zero, together and then singly; say what was found."""
    names, how = near_zero(full, design)
    planned = [variant.dropped for variant in plan.variants if variant.kind == "drop"]
    several = len(plan.recipe.features) > 1
    if not names or not several:
        if not plan.variants:
            raise InputError(f"Nothing to drop: no feature is near zero, or there is only one feature. {how}")
        return f"No feature is near zero. {how}"
    if 1 < len(names) < len(plan.recipe.features) and names not in planned:
        plan.drop(names, "all near zero")
    for name in names:
        if (name,) not in planned:
            plan.drop([name])
    return f"Near zero: {', '.join(names)}. {how}"
