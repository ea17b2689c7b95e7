"""Results and dicts that pages are made of."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

HOSTILE = (
    "<script>document.title='owned'</script>",
    "</script><img src=x onerror=\"document.title='owned'\">",
    '=HYPERLINK("http://example.invalid","x")',
    "two\nlines\tand `ticks`",
    "مباراة_الذهاب",
    "turned \u202e around",
    "👩‍👩‍👧 family &amp; {{ 7 * 7 }}",
    "a" * 200,
    "-1+1",
    "${alert(1)} ' \" <!-- <b>",
)


def weighed(n_features: int = 6, names: Any = None, **changes: Any) -> Any:
    """Weigh a linear model: the first third of its features counts, less and less."""
    import pandas as pd
    import torch

    import weighin

    rng = np.random.default_rng(0)
    names = list(names or [f"feature_{i:03d}" for i in range(n_features)])
    X = rng.normal(size=(300, len(names)))
    slopes = np.zeros(len(names))
    slopes[: max(1, len(names) // 3)] = np.linspace(3, 0.5, max(1, len(names) // 3))
    net = torch.nn.Linear(len(names), 1, bias=False)
    net.weight.data = torch.tensor(slopes[None], dtype=torch.float32)
    options = {key: changes.pop(key) for key in ("metric", "by") if key in changes}
    imp = weighin.weigh(
        net,
        pd.DataFrame(X, columns=names),
        X @ slopes + rng.normal(size=300),
        n_repeats=5,
        random_state=0,
        **{"metric": "mae", **options},
    )
    return dataclasses.replace(imp, **changes)


def bare(values: Any, names: Any = None, **fields: Any) -> Any:
    """Give a result of these importances alone, without intervals."""
    import weighin

    values = np.array(values, dtype=float)
    names = tuple(names or [f"f{i}" for i in range(len(values))])
    told = {"baseline": 2.0, "metric": "score", "greater_is_better": True, "n_rows": 50, **fields}
    return weighin.Importance(names, values[:, None], **told)


def effects(names: Any) -> dict[str, Any]:
    """Give effects as `Effects.to_dict` does: a curve, levels, a curve, ..."""
    rng = np.random.default_rng(0)
    found = []
    for i, name in enumerate(names):
        grid = np.linspace(-2, 2, 20)
        mean = (2 - 0.2 * i) * grid
        effect = {
            "feature": name,
            "kind": "numeric",
            "grid": grid.tolist(),
            "mean": mean.tolist(),
            "lower": (mean - 0.3).tolist(),
            "upper": (mean + 0.3).tolist(),
            "curves": [(mean + rng.normal()).tolist() for _ in range(50)],
            "direction": "rises",
            "arrow": "↗",
            "sentence": f"The prediction rises with `{name}`.",
            "note": "",
        }
        if i % 2:
            levels = ["red", "green", None, "</script>"]
            effect |= {"kind": "levels", "grid": levels, "mean": [1.0, 2.0, None, -1.0], "curves": []}
            effect |= {"lower": [0.5, 1.5, None, -1.5], "upper": [1.5, 2.5, None, -0.5], "arrow": "⇅"}
            effect |= {
                "direction": "differs",
                "missing": {"share": 0.1, "mean": 3.0, "lower": 2.0, "upper": 4.0},
            }
        found.append(effect)
    return {"features": found}


def associations(names: Any) -> dict[str, Any]:
    """Give associations as `Associations.to_dict` does."""
    first, second = list(names)[:2]
    return {
        "sentences": [f"`{first}` moves with `{second}` (0.71): shuffling one leaves the other in place."],
        "pairs": [{"feature": first, "other": second, "strength": 0.7123, "measure": "rank correlation"}],
        "clusters": [{"name": "both", "features": [first, second]}],
    }


ABLATION = {
    "sentences": [
        "Without `week` the average miss changes by +0.01 (95 % interval -0.05 to +0.07): safe to drop."
    ],
    "columns": ["variant", "change", "verdict"],
    "rows": [["without week", 0.0123, "safe to drop"]],
}


def other_page(kind: str) -> str:
    """Give the page of a comparison, or of an ablation, names from the data in it."""
    import weighin
    from weighin._inference.refits import Spread
    from weighin._results.change import Change

    names = [*HOSTILE, "spread"]
    if kind == "comparison":
        one, two = weighed(names=names), weighed(names=names, simulated=True)
        return weighin.compare(one, two, labels=("the old one", "a" * 100)).to_html() or ""
    spread = Spread("rows x fits", 0.01, 0.0, 0.0, 10, 1000, 1e9)
    fits = (12.0,) * 10
    changes = tuple(
        Change(name, "drop", names, (name,), (), fits, fits, 0.1 * k - 0.5, spread, 700)
        for k, name in enumerate(names)
    )
    found = weighin.Ablation(changes, "mae", False, 0.1, scores=fits, fits=10, features=tuple(names))
    return found.to_html() or ""
