"""Weigh not one model but a way of training: importances over fits, each on rows it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weighin._base.checks import check_counts, check_jobs, list_of_names
from weighin._base.errors import InputError
from weighin._refit.fits.criterion import Criterion
from weighin._refit.fits.design import make_design
from weighin._refit.fits.importances import WeighedFits
from weighin._refit.fits.run import Job, failures, run_fits, task_of
from weighin._refit.fits.store import Store
from weighin._refit.fits.weighing import N_REPEATS
from weighin._refit.recipes.fingerprint import digest
from weighin._refit.recipes.recipe import Recipe
from weighin._results.refits import Refits


def weigh_refits(
    recipe: Recipe,
    X: Any,
    *,
    fits: int = 10,
    metric: str | Callable[..., float] | None = None,
    greater_is_better: bool | None = None,
    outputs: str | None = None,
    classes: Sequence[Any] | None = None,
    groups: Mapping[str, Iterable[str]] | None = None,
    n_repeats: int = N_REPEATS,
    split: Any = None,
    id: str | None = "id",
    keep_together: str | None = None,
    random_state: int | None = None,
    n_jobs: int | None = None,
    store: Path | str | None = None,
    progress: bool | None = None,
) -> Refits:
    """Train a model several times and weigh each one on rows it was not trained on.

    The interval of `weigh` speaks of one trained model. This one speaks of the way of training: it holds what another
    seed, and another draw of rows, would have changed.

    Parameters
    ----------
    recipe : Recipe
        How the model is trained.
    X : table
        Raw rows with the target, split by `split`; where the recipe brings training rows, all of these are weighed on.
    fits : int
        How many times. One fit gives no interval for the way of training.
    metric : str or callable, optional
        As `weigh` takes it.
    greater_is_better : bool, optional
        Direction of a metric weighin does not know.
    outputs, classes
        What the models' outputs mean, as `weigh` takes it.
    groups : mapping of str to iterable of str, optional
        Each group is weighed as one more feature.
    n_repeats : int
        Shuffles per feature, the same in all fits on the same rows.
    split : str, array or pair, optional
        As `ablate` takes it: "random" by default.
    id, keep_together : str, optional
        As `ablate` takes them: columns that must not be on both sides.
    random_state : int, optional
        Seed, >= 0. Drawn and recorded when not given.
    n_jobs : int, optional
        Processes, by joblib; does not change numbers.
    store : path, optional
        Folder for finished fits; the same call goes on there.
    progress : bool, optional
        Show a progress bar with the time left; by default where somebody can see it.

    Returns
    -------
    Refits
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
    >>> games = pd.DataFrame(rng.normal(size=(200, 3)), columns=["spread", "week", "margin"])
    >>> games["margin"] += 5 * games["spread"]
    >>> recipe = Recipe.from_estimator(LinearRegression(), features=["spread", "week"], target="margin")
    >>> weighed = weigh_refits(recipe, games, fits=5, random_state=0)
    >>> weighed.to_frame()["feature"].tolist()
    ['spread', 'week']
    """
    check_counts(n_repeats=n_repeats)
    check_jobs(n_jobs)
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
    criterion = Criterion(metric, greater_is_better, outputs, classes)
    if groups is not None and not isinstance(groups, Mapping):
        raise InputError(f"groups must map a name to a list of features, got {groups!r}.")
    members = groups and {
        name: tuple(list_of_names(columns, f"groups[{name!r}]")) for name, columns in groups.items()
    }
    key = digest(repr(recipe.features))
    n_folds = len(design.splits.folds)
    jobs = [
        Job(key, recipe.features, fold, fit, weighed=True) for fit in range(fits) for fold in range(n_folds)
    ]
    plan = design.about(criterion, groups=members, n_repeats=n_repeats)
    task = task_of(design, criterion, parts=False, n_repeats=n_repeats, groups=members)
    kept = Store(store, plan, {"full": key})
    outcomes = run_fits(task, design, jobs, kept, n_jobs=n_jobs, progress=progress)
    weighed = WeighedFits.of([outcomes[job] for job in jobs], design)
    first = weighed.folds[0][0]
    notes = failures([[outcomes[job] for job in jobs if job.fold == fold] for fold in range(n_folds)])
    if fits == 1:
        notes.append("One fit: no interval for this way of training, only one for this single model.")
    if n_folds > 1:
        notes.append("The first model's numbers are those of the first fold.")
    scores = design.weights @ [[outcome.score for outcome in fold] for fold in weighed.folds]
    return Refits(
        features=weighed.names,
        importances=weighed.importances,
        one_model=np.column_stack([first.weights[name] for name in ("importance", "lower", "upper")]),
        spreads=weighed.spreads,
        few_rows=weighed.few_rows,
        one_model_few_rows=first.weights["few_rows"],
        baseline=float(np.mean(scores)),
        metric=first.metric,
        greater_is_better=first.greater_is_better,
        fits=fits,
        **design.made(notes),
    )
