"""Which features does a trained tabular network weigh, how much, and how sure are you?

>>> import weighin
>>> imp = weighin.weigh(learn, df)  # doctest: +SKIP
>>> imp.plot()  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weighin._associations.associations import associations
    from weighin._base.errors import (
        FetchError,
        InputError,
        MetricError,
        MissingDependencyError,
        ModelError,
        OutputExistsError,
        UntrustedFileError,
        WeighinError,
    )
    from weighin._compare.compare import compare
    from weighin._compat.article import PermutationImportance
    from weighin._compat.sklearn import permutation_importance
    from weighin._effects.effects import effects
    from weighin._interactions.interactions import interactions
    from weighin._refit.ablate.run import ablate
    from weighin._refit.recipes.recipe import Recipe
    from weighin._refit.refits.run import weigh_refits
    from weighin._results.ablated_variant import AblatedVariant
    from weighin._results.ablation import Ablation
    from weighin._results.associations import Associations
    from weighin._results.citation import cite
    from weighin._results.compared_feature import ComparedFeature
    from weighin._results.comparison import Comparison
    from weighin._results.effect import FeatureEffect
    from weighin._results.effects import Effects
    from weighin._results.feature_associations import FeatureAssociations
    from weighin._results.given_feature import GivenFeature
    from weighin._results.group_interaction import GroupInteraction
    from weighin._results.importance import Importance
    from weighin._results.interactions import Interactions
    from weighin._results.interrupted import Interrupted
    from weighin._results.one_feature import Difference, FeatureImportance, LeaveOneOut
    from weighin._results.pair_interaction import PairInteraction
    from weighin._results.refits import Refits
    from weighin._results.refitted_feature import RefittedFeature
    from weighin._results.shares import Shares
    from weighin._results.shares_numbers import FeatureShare
    from weighin._shares.shares import shares
    from weighin._weigh.all_rows import AllRows
    from weighin._weigh.parts.joining import join_parts
    from weighin._weigh.parts.part import Part
    from weighin._weigh.parts.plan import PartsPlan, plan_parts
    from weighin._weigh.parts.weigher import weigh_part
    from weighin._weigh.weigh import weigh

__version__ = "0.1.0"

_HOMES = {
    "AblatedVariant": "_results.ablated_variant",
    "Ablation": "_results.ablation",
    "AllRows": "_weigh.all_rows",
    "Associations": "_results.associations",
    "ComparedFeature": "_results.compared_feature",
    "Comparison": "_results.comparison",
    "Difference": "_results.one_feature",
    "Effects": "_results.effects",
    "FeatureAssociations": "_results.feature_associations",
    "FeatureEffect": "_results.effect",
    "FeatureImportance": "_results.one_feature",
    "FeatureShare": "_results.shares_numbers",
    "FetchError": "_base.errors",
    "GivenFeature": "_results.given_feature",
    "GroupInteraction": "_results.group_interaction",
    "Importance": "_results.importance",
    "InputError": "_base.errors",
    "Interactions": "_results.interactions",
    "Interrupted": "_results.interrupted",
    "LeaveOneOut": "_results.one_feature",
    "MetricError": "_base.errors",
    "MissingDependencyError": "_base.errors",
    "ModelError": "_base.errors",
    "OutputExistsError": "_base.errors",
    "PairInteraction": "_results.pair_interaction",
    "Part": "_weigh.parts.part",
    "PartsPlan": "_weigh.parts.plan",
    "PermutationImportance": "_compat.article",
    "Recipe": "_refit.recipes.recipe",
    "Refits": "_results.refits",
    "RefittedFeature": "_results.refitted_feature",
    "Shares": "_results.shares",
    "UntrustedFileError": "_base.errors",
    "WeighinError": "_base.errors",
    "ablate": "_refit.ablate.run",
    "associations": "_associations.associations",
    "cite": "_results.citation",
    "compare": "_compare.compare",
    "effects": "_effects.effects",
    "interactions": "_interactions.interactions",
    "join_parts": "_weigh.parts.joining",
    "permutation_importance": "_compat.sklearn",
    "plan_parts": "_weigh.parts.plan",
    "shares": "_shares.shares",
    "weigh": "_weigh.weigh",
    "weigh_part": "_weigh.parts.weigher",
    "weigh_refits": "_refit.refits.run",
}

__all__ = [
    "AblatedVariant",
    "Ablation",
    "AllRows",
    "Associations",
    "ComparedFeature",
    "Comparison",
    "Difference",
    "Effects",
    "FeatureAssociations",
    "FeatureEffect",
    "FeatureImportance",
    "FeatureShare",
    "FetchError",
    "GivenFeature",
    "GroupInteraction",
    "Importance",
    "InputError",
    "Interactions",
    "Interrupted",
    "LeaveOneOut",
    "MetricError",
    "MissingDependencyError",
    "ModelError",
    "OutputExistsError",
    "PairInteraction",
    "Part",
    "PartsPlan",
    "PermutationImportance",
    "Recipe",
    "Refits",
    "RefittedFeature",
    "Shares",
    "UntrustedFileError",
    "WeighinError",
    "ablate",
    "associations",
    "cite",
    "compare",
    "effects",
    "interactions",
    "join_parts",
    "permutation_importance",
    "plan_parts",
    "shares",
    "weigh",
    "weigh_part",
    "weigh_refits",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: ``import weighin`` alone loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'weighin' has no attribute {name!r}")
    import random

    drawn = random.getstate()
    try:
        home = importlib.import_module(f"weighin.{_HOMES[name]}")
    finally:
        # rich draws a number when it is loaded
        random.setstate(drawn)
    value = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


# in a notebook a progress bar has to know what its cell showed before
if "ipykernel" in sys.modules:
    from weighin._base.notebook_line import watch_cells

    watch_cells()
