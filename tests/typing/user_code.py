"""What a user writes, as a type checker sees it. Never run: mypy reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import weighin
from weighin import (
    AblatedVariant,
    Ablation,
    AllRows,
    Associations,
    ComparedFeature,
    Comparison,
    Difference,
    Effects,
    FeatureAssociations,
    FeatureEffect,
    FeatureImportance,
    FeatureShare,
    FetchError,
    GivenFeature,
    GroupInteraction,
    Importance,
    InputError,
    Interactions,
    Interrupted,
    LeaveOneOut,
    MetricError,
    MissingDependencyError,
    ModelError,
    OutputExistsError,
    PairInteraction,
    Part,
    PartsPlan,
    PermutationImportance,
    Recipe,
    Refits,
    RefittedFeature,
    Shares,
    UntrustedFileError,
    WeighinError,
    ablate,
    associations,
    cite,
    compare,
    effects,
    interactions,
    join_parts,
    permutation_importance,
    plan_parts,
    shares,
    weigh,
    weigh_part,
    weigh_refits,
)


def model(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Predict."""
    return X[:, 0]


def one_model_or_several(X: pd.DataFrame, y: NDArray[np.float64]) -> None:
    """One model gives an Importance, a list or a tuple of models gives a tuple."""
    assert_type(weigh(model, X, y), Importance)
    assert_type(weigh(model, X, y, metric=["mae", "rmse"], precision=0.01), Importance)
    assert_type(weigh(model, "games.parquet", "y", rows=AllRows(shuffled=True)), Importance)
    assert_type(weigh([model, model], X, y), tuple[Importance, ...])
    assert_type(weigh((model, model), X, y, n_repeats=5), tuple[Importance, ...])


def every_verb(df: pd.DataFrame, imp: Importance, other: Importance, recipe: Recipe) -> None:
    """Each verb gives its result."""
    assert_type(effects(model, df), Effects)
    assert_type(associations(df), Associations)
    assert_type(cite(imp, style="bibtex"), str)
    assert_type(imp.json_schema(), dict[str, Any])
    assert_type(compare(imp, other, labels=("old", "new")), Comparison)
    assert_type(ablate(recipe, df, drop=[["elo"]]), Ablation)
    assert_type(weigh_refits(recipe, df, fits=5), Refits)
    assert_type(imp["elo"], FeatureImportance)
    assert_type(imp.difference("elo", "week"), Difference)
    assert_type(imp.carried_by_others("elo"), Difference)
    assert_type(imp.leave_one_out("elo"), LeaveOneOut)
    assert_type(imp.interaction("elo"), GroupInteraction)
    assert_type(imp.given_reports["elo"], GivenFeature)
    assert_type(interactions(model, df, pairs=[("elo", "week")]), Interactions)
    assert_type(interactions(model, df)["elo", "week"], PairInteraction)
    assert_type(shares(model, df, df["margin"]), Shares)
    assert_type(shares(model, df, df["margin"])["elo"], FeatureShare)
    assert_type(effects(model, df)["elo"], FeatureEffect)
    assert_type(associations(df)["elo"], FeatureAssociations)
    assert_type(compare(imp, other, labels=("old", "new"))["elo"], ComparedFeature)
    assert_type(ablate(recipe, df, drop=[["elo"]])["elo"], AblatedVariant)
    assert_type(weigh_refits(recipe, df, fits=5)["elo"], RefittedFeature)
    permutation_importance(model, df, df["margin"])


def in_parts(frames: list[pd.DataFrame]) -> None:
    """A plan, parts of it, and a result of them."""
    plan = plan_parts(model, frames[0], "y", metric="mae")
    assert_type(plan, PartsPlan)
    parts = [weigh_part(model, rows, plan, number) for number, rows in enumerate(frames)]
    assert_type(parts[0] + parts[1], Part)
    assert_type(join_parts(parts, len(parts), missing="note"), Importance)


def what_a_result_holds(imp: Importance) -> None:
    """The parts of a result have types."""
    assert_type(imp.features, tuple[str, ...])
    assert_type(imp.baseline, float)
    assert_type(str(imp), str)
    assert_type(Importance.load(Path("importance.json")), Importance)


def errors() -> tuple[type[WeighinError], ...]:
    """Every error is a WeighinError; an interrupt holds what was finished."""
    try:
        weigh(model)
    except Interrupted as stop:
        assert_type(stop.result, Any)
    return (
        FetchError,
        InputError,
        MetricError,
        MissingDependencyError,
        ModelError,
        OutputExistsError,
        UntrustedFileError,
    )


def drop_in(kind: type[PermutationImportance]) -> str:
    """The article's class and the version."""
    assert_type(weighin.__version__, str)
    return kind.__name__
