"""Look further after weighing: which way features push, which columns go together."""

from __future__ import annotations

from typing import Any

from weighin._associations.associations import MOST_COLUMNS, associations
from weighin._effects.effects import effects

# as many as a chart shows at first
MOST_ARROWS = 20


def look_further(imp: Any, model: Any, X: Any, **said: Any) -> tuple[Any, Any]:
    """Find which way the heaviest features push, and which columns go together; None for what cannot be asked.

    What is said of the model and of missing values goes to `weighin.effects`.
    """
    heaviest = [imp.features[i] for i in imp.order if imp.features[i] not in imp.groups][:MOST_ARROWS]
    curves, correlated, seed = None, None, imp.random_state
    if model is not None and heaviest:
        curves = effects(model, X, heaviest, random_state=seed, progress=False, **said)
    if X is not None:
        members = [name for group in imp.groups.values() for name in group]
        by_weight = [imp.features[i] for i in imp.order if imp.features[i] not in imp.groups]
        columns = set(list(dict.fromkeys([*members, *by_weight]))[:MOST_COLUMNS])
        if len(columns) > 1:
            in_order = [name for name in (*members, *imp.features) if name in columns]
            correlated = associations(X, list(dict.fromkeys(in_order)), random_state=seed)
    return curves, correlated
