"""Which features does a trained tabular network weigh, how much, and how sure are you?

>>> import weighin
>>> imp = weighin.weigh(learn, df)  # doctest: +SKIP
>>> imp.plot()  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weighin._ablate import ablate
    from weighin._company import Company as Company
    from weighin._company import company
    from weighin._compare import Comparison as Comparison
    from weighin._compare import compare
    from weighin._compat._article import PermutationImportance
    from weighin._compat._sklearn import permutation_importance
    from weighin._effects import Effects as Effects
    from weighin._effects import effects
    from weighin._errors import (
        FetchError,
        InputError,
        MetricError,
        MissingDependencyError,
        ModelError,
        OutputExistsError,
        UntrustedFileError,
        WeighinError,
    )
    from weighin._recipes import Recipe
    from weighin._refits import weigh_refits
    from weighin._result import Importance
    from weighin._weigh import Interrupted, weigh

__version__ = "0.1.0"

# what is listed in __all__, and the classes of results that one is given rather than calls
_HOMES = {
    "Ablation": "_ablate",
    "Company": "_company",
    "Comparison": "_compare",
    "Effects": "_effects",
    "FetchError": "_errors",
    "Importance": "_result",
    "InputError": "_errors",
    "Interrupted": "_weigh",
    "MetricError": "_errors",
    "MissingDependencyError": "_errors",
    "ModelError": "_errors",
    "OutputExistsError": "_errors",
    "PermutationImportance": "_compat._article",
    "Recipe": "_recipes",
    "Refits": "_refits",
    "UntrustedFileError": "_errors",
    "WeighinError": "_errors",
    "ablate": "_ablate",
    "company": "_company",
    "compare": "_compare",
    "effects": "_effects",
    "permutation_importance": "_compat._sklearn",
    "weigh": "_weigh",
    "weigh_refits": "_refits",
}

__all__ = [
    "FetchError",
    "Importance",
    "InputError",
    "Interrupted",
    "MetricError",
    "MissingDependencyError",
    "ModelError",
    "OutputExistsError",
    "PermutationImportance",
    "Recipe",
    "UntrustedFileError",
    "WeighinError",
    "ablate",
    "company",
    "compare",
    "effects",
    "permutation_importance",
    "weigh",
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
        random.setstate(drawn)  # rich draws a number when it is loaded
    value = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
