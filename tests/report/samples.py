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


def effects(names: Any, notes: tuple[str, ...] = ()) -> Any:
    """Give effects: a curve, levels, a curve, ..."""
    from weighin import Effects

    found = [levels(name) if i % 2 else curve(name, 2 - 0.2 * i) for i, name in enumerate(names)]
    return Effects(tuple(found), "", "the prediction", 0.0, 4.0, 1000, notes=notes)


def curve(name: str, slope: float, n_curves: int = 50) -> Any:
    """A feature whose mean curve is a line."""
    grid = np.linspace(-2, 2, 20)
    return _effect(name, "numeric", grid, [f"{x:.3g}" for x in grid], slope * grid, "rises", n_curves)


def levels(name: str, of: Any = ("red", "green", "</script>"), missing_share: float = 0.1) -> Any:
    """A feature of names, missing in a tenth of the rows."""
    mean = np.array(
        [*range(len(of)), 3.0 if missing_share else 0.0][: len(of) + bool(missing_share)], dtype=float
    )
    return _effect(name, "nominal", np.arange(len(of)), of, mean, "differs", 0, missing_share)


def _effect(
    name: str, kind: str, values: Any, labels: Any, mean: Any, direction: str, n: int, missing: float = 0.0
) -> Any:
    from weighin._results.curves import Curve
    from weighin._results.directions import MoveChances
    from weighin._results.effect import FeatureEffect

    chances = {
        "rises": MoveChances(up=0.0),
        "falls": MoveChances(down=0.0),
        "differs": MoveChances(up=0.0, ordered=False),
    }

    rng = np.random.default_rng(0)
    average = Curve(mean, np.full(len(mean), 0.02), np.full(len(mean), 500.0))
    return FeatureEffect(
        feature=name, kind=kind, values=np.asarray(values, float), labels=tuple(labels),
        shares=np.full(len(values), 1 / len(values)), missing_share=missing, left_out=0, pd=average,
        pd_centered=average, ale=None, no_ale="", curves=mean + rng.normal(size=(n, 1)),
        chances=chances[direction], chances_ale=None, spread=4.0, reach_se=0.1,
    )  # fmt: skip


def associations(names: Any, strength: float = 0.7123, notes: tuple[str, ...] = ()) -> Any:
    """Give associations: the first two names go together."""
    from weighin import Associations

    n = len(names)
    square = np.eye(n)
    square[0, 1] = square[1, 0] = strength
    cluster = (tuple(names[:2]),) if abs(strength) >= 0.7 else ()
    return Associations(
        tuple(names), ("numeric",) * n, square, (("spearman",) * n,) * n, cluster, tuple(names),
        {names[0]: 2.3, names[1]: 1.0}, 0.7, 2000, 0, notes,
    )  # fmt: skip


def ablation(names: Any) -> Any:
    """Give an ablation that drops each feature."""
    import weighin
    from weighin._inference.refits import Spread
    from weighin._results.change import Change

    spread = Spread("rows x fits", 0.01, 0.0, 0.0, 10, 1000, 1e9)
    fits = (12.0,) * 10
    changes = tuple(
        Change(name, "drop", tuple(names), (name,), (), fits, fits, 0.1 * k - 0.5, spread, 700)
        for k, name in enumerate(names)
    )
    return weighin.Ablation(changes, "mae", False, 0.1, scores=fits, fits=10, features=tuple(names))


def other_page(kind: str) -> str:
    """Give the page of another result, names from the data in it."""
    import weighin

    names = [*HOSTILE, "spread"]
    if kind == "comparison":
        one, two = weighed(names=names), weighed(names=names, simulated=True)
        return weighin.compare(one, two, labels=("the old one", "a" * 100)).to_html() or ""
    made = {"ablation": ablation, "effects": effects, "associations": associations}
    return made[kind](names).to_html() or ""
