"""The public names of weighin that runs use, each in one place: one that is renamed is renamed here alone."""

from __future__ import annotations

from typing import Any

import weighin

SEED = 7


def _first(*names: str) -> Any:
    """Give the first of these that the package has: new names before old ones."""
    for name in names:
        if hasattr(weighin, name):
            return getattr(weighin, name)
    raise AttributeError(f"weighin has none of {', '.join(names)}")


def weigh(model: Any, X: Any = None, y: Any = None, **options: Any) -> Any:
    """Weigh with a seed, without a progress bar, in one thread."""
    return weighin.weigh(model, X, y, **{"random_state": SEED, "progress": False, "n_jobs": 1, **options})


def compare(first: Any, second: Any, **options: Any) -> Any:
    """Compare two results."""
    return weighin.compare(first, second, **options)


def effects(model: Any, X: Any = None, features: Any = None, **options: Any) -> Any:
    """Ask which way predictions go."""
    fixed = {"random_state": SEED, "progress": False, "n_jobs": 1}
    return weighin.effects(model, X, features, **{**fixed, **options})


def associations(X: Any, features: Any = None, **options: Any) -> Any:
    """Ask which columns go together."""
    return _first("associations", "company")(X, features, **{"random_state": SEED, **options})


def ablate(recipe: Any, frame: Any, **options: Any) -> Any:
    """Train again without some features."""
    return weighin.ablate(recipe, frame, **{"random_state": SEED, "progress": False, "n_jobs": 1, **options})


def weigh_refits(recipe: Any, frame: Any, **options: Any) -> Any:
    """Weigh a way of training."""
    fixed = {"random_state": SEED, "progress": False, "n_jobs": 1}
    return weighin.weigh_refits(recipe, frame, **{**fixed, **options})


def recipe_of(kind: str, *arguments: Any, **options: Any) -> Any:
    """Make a recipe: "learner", "estimator" or "function"."""
    return getattr(weighin.Recipe, f"from_{kind}")(*arguments, **options)


def sklearn_drop_in(*arguments: Any, **options: Any) -> Any:
    """scikit-learn's function."""
    return weighin.permutation_importance(*arguments, **options)


def article_drop_in(*arguments: Any, **options: Any) -> Any:
    """The article's class."""
    return weighin.PermutationImportance(*arguments, **options)


def merge(first: Any, second: Any) -> Any:
    """Join two parts of a result."""
    return first.merge(second)


def reloaded(result: Any, path: Any) -> Any:
    """Save a result and read it again."""
    result.save(path)
    return type(result).load(path)


def with_effects(result: Any, found: Any) -> Any:
    """Add arrows to a result."""
    return result.with_effects(found)


def with_associations(result: Any, found: Any) -> Any:
    """Add columns that go together to a result."""
    for name in ("with_associations", "with_company"):
        if hasattr(result, name):
            return getattr(result, name)(found)
    raise AttributeError("a result takes no associations")


# what is recorded of each kind of result: by the name of its class, under whichever name it has
NUMBERS = {
    "Importance": (
        "importances", "baseline", "importances_mean", "importances_std", "se", "se_shuffle", "ci_lower", "ci_upper",
        "pvalue", "relative", "n_rows", "n_repeats", "random_state", "block_rows", "rows_sum", "features", "groups",
        "ways", "directions", "metric", "greater_is_better", "of_mean", "complete", "on_training_rows", "unfinished",
        "metrics", "segments",
    ),
    "Comparison": (
        "features", "first", "second", "difference", "se", "skewness", "df", "few_rows", "paired", "baselines",
        "ci_lower", "ci_upper", "pvalue", "ranks", "n_rows",
    ),
    "Ablation": ("tolerance", "scores", "baseline", "features", "fits"),
    "Refits": (
        "features", "importances", "one_model", "baseline", "importances_mean", "importances_std", "fits",
    ),
    "Effects": ("features", "mean_prediction", "spread", "n_rows", "direction"),
    "Associations": (
        "features", "kinds", "association", "measures", "clusters", "order", "off_data", "threshold", "n_rows",
        "groups",
    ),
    "PermutationImportance": ("results", "importance", "base_error", "x_names", "na", "y"),
}  # fmt: skip
TEXTS = {
    "Importance": ("model", "rows", "notes", "by"),
    "Comparison": ("labels", "rows", "models", "notes"),
    "Ablation": ("recipe", "split", "notes", "unit"),
    "Refits": ("recipe", "split", "notes"),
    "Effects": ("output", "what", "rows", "model", "notes", "arrows"),
    "Associations": ("notes",),
    "PermutationImportance": (),
}
# methods without arguments that give texts, and those that give frames
TOLD = ("summary", "sentences", "_repr_html_", "to_html")
SHOWN = ("to_frame", "to_matrix")
RENAMED = {"Company": "Associations"}
# attributes by the name they are recorded under, where they have another today
ATTRIBUTES = {"ways": "kernels", "of_mean": "link"}


def attribute(result: Any, name: str) -> Any:
    """Give what is recorded under a name."""
    if kind_of(result) == "Effects" and name in ("direction", "arrows"):
        return {effect.feature: getattr(effect, name.removesuffix("s")) for effect in result.effects}
    return getattr(result, ATTRIBUTES.get(name, name))


def kind_of(result: Any) -> str:
    """Name the class of a result as the tables above do."""
    name = type(result).__name__
    return RENAMED.get(name, name)
