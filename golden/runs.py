"""The runs: model families, metrics, strata, weights, segments, groups and the rest, by name."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from golden import api, models
from golden.models import COLUMNS, N_TRAIN, NUMBERS, estimator, games, learner, network, xgboost

RUNS: dict[str, Callable[[], Any]] = {}


def _run(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def keep(run: Callable[[], Any]) -> Callable[[], Any]:
        RUNS[name] = run
        return run

    return keep


def _weighed(name: str, model: Callable[[], Any], X: Any = None, y: Any = None, **options: Any) -> None:
    """Add a run of `weigh`; what is callable is made when it runs."""

    def run() -> Any:
        return api.weigh(model(), *(some() if callable(some) else some for some in (X, y)), **options)

    RUNS[name] = run


def _table(columns: list[str] = NUMBERS, n_rows: int = 240) -> Callable[[], Any]:
    return lambda: games(n_rows)[columns]


def _target(name: str = "margin", n_rows: int = 240) -> Callable[[], Any]:
    return lambda: games(n_rows)[name].to_numpy()


def mean_cube(y: Any, pred: Any) -> float:
    """A callable metric."""
    return float(np.mean(np.abs(np.ravel(y) - np.ravel(pred)) ** 3))


def _won() -> Any:
    return (games()["won"] == "yes").astype(int).to_numpy()


def _grades() -> Any:
    return np.searchsorted(["bad", "fair", "good"], games()["grade"].to_numpy(dtype=str))


def _tensors() -> Any:
    return models.codes(), models.matrix().astype(np.float32)


def _named_tensors() -> Any:
    x_cat, x_cont = _tensors()
    return {"x_cat": torch.from_numpy(x_cat), "x_cont": torch.from_numpy(x_cont)}


def _of(kind: str, target: str = "margin") -> Callable[[], Any]:
    return lambda: estimator(kind, target)


SPREADS = {"spreads": ["spread", "echo"]}
N_LARGE = 12_000
LARGE, LARGE_Y = _table(NUMBERS, N_LARGE), _target("margin", N_LARGE)
TABLE, MARGIN = _table(), _target()
ALL, WON = _table(COLUMNS), _target("won")
LINEAR, BOOSTED, LOGISTIC = _of("linear"), _of("boosted"), _of("logistic", "won")
PIPELINE, PIPELINE_WON = _of("pipeline"), _of("pipeline classes", "won")

_weighed("linear: mae", LINEAR, TABLE, MARGIN)
_weighed(
    "linear: mae, mse, rmse, r2, 5 shuffles",
    LINEAR, TABLE, MARGIN, metric=["mae", "mse", "rmse", "r2"], n_repeats=5,
)  # fmt: skip
_weighed("linear: one shuffle", LINEAR, TABLE, MARGIN, metric="rmse", n_repeats=1)
_weighed(
    "linear: weights, rmse, r2", LINEAR, TABLE, MARGIN, metric=["rmse", "r2"], sample_weight=games()["weight"]
)
_weighed("linear: groups auto", LINEAR, TABLE, MARGIN, metric="mse", groups="auto")
_weighed("linear: rows kept", LINEAR, TABLE, MARGIN, metric=["rmse", "mae"], n_repeats=4, keep_rows=True)
_weighed("linear: precision", LINEAR, LARGE, LARGE_Y, metric="mse", precision=0.05)
_weighed("linear: several blocks", LINEAR, LARGE, LARGE_Y, metric=["mae", "r2"], n_repeats=2)
_weighed("pipeline: mae by week", PIPELINE, ALL, MARGIN, metric=["mae", "r2"], by="week")
_weighed("pipeline: within home", PIPELINE, ALL, MARGIN, metric=["mae", "rmse"], within="home", n_repeats=6)
_weighed(
    "pipeline: features, group",
    PIPELINE, ALL, MARGIN, features=["home", "spread", "elo"], groups=SPREADS, n_repeats=5,
)  # fmt: skip
_weighed("pipeline: median, without moments", PIPELINE, ALL, MARGIN, metric="neg_median_absolute_error")
_weighed("boosted: rmse", BOOSTED, TABLE, MARGIN, metric="rmse")
_weighed(
    "boosted: within, weights, by", BOOSTED, TABLE, MARGIN, metric="mse",
    within=games()["week"].to_numpy(), by=games()["home"].to_numpy(), sample_weight=games()["weight"], n_repeats=4,
)  # fmt: skip
_weighed(
    "boosted classes: log_loss, roc_auc", _of("boosted classes", "won"), TABLE, WON,
    metric=["log_loss", "roc_auc"], n_repeats=5,
)  # fmt: skip
_weighed("logistic: roc_auc", LOGISTIC, TABLE, WON, metric="roc_auc")
_weighed(
    "logistic: roc_auc, accuracy by week, weights", LOGISTIC, TABLE, WON, metric=["roc_auc", "accuracy"],
    by=games()["week"], sample_weight=games()["weight"], n_repeats=4,
)  # fmt: skip
_weighed("logistic: default metric", LOGISTIC, TABLE, WON)
_weighed(
    "pipeline classes: log_loss, accuracy, roc_auc, balanced", PIPELINE_WON, ALL, WON,
    metric=["log_loss", "accuracy", "roc_auc", "balanced_accuracy"], n_repeats=5, groups=SPREADS,
)  # fmt: skip
_weighed(
    "three classes: f1_macro, accuracy, log_loss", _of("boosted classes", "grade"), TABLE, _target("grade"),
    metric=["f1_macro", "accuracy", "neg_log_loss"], n_repeats=5,
)  # fmt: skip
_weighed(
    "three classes: prediction_change", _of("boosted classes", "grade"), TABLE, metric="prediction_change"
)
_weighed("function: rmse", lambda: models.formula, models.matrix, MARGIN, metric="rmse")
_weighed(
    "function: a callable", lambda: models.formula, models.matrix, MARGIN, metric=mean_cube, greater_is_better=False,
    n_repeats=5,
)  # fmt: skip
_weighed("function: prediction_change", lambda: models.formula, models.matrix, metric="prediction_change")
_weighed(
    "function: precision of r2", lambda: models.formula, lambda: models.matrix(N_LARGE), LARGE_Y,
    metric="r2", precision=0.05, features=["x0", "x2", "x3"],
)  # fmt: skip
_weighed("xgboost: mae", lambda: xgboost("numbers"), TABLE, MARGIN, n_repeats=5)
_weighed(
    "xgboost: log_loss, f1", lambda: xgboost("classes"), TABLE, _won, metric=["log_loss", "f1"], n_repeats=5
)
_weighed("sequential: mae", lambda: network("margin"), models.matrix, MARGIN)
_weighed(
    "sequential: two threads, small batches", lambda: network("margin"), models.matrix, MARGIN,
    metric=["mse", "r2"], n_jobs=2, batch_size=50, n_repeats=7, groups={"both": ["x0", "x3"]},
)  # fmt: skip
_weighed(
    "sequential: precision",
    lambda: network("margin"),
    lambda: models.matrix(N_LARGE),
    LARGE_Y,
    precision=0.05,
)
_weighed(
    "sequential: log_loss, accuracy", lambda: network("classes"), models.matrix, _grades,
    metric=["log_loss", "accuracy"], n_repeats=6,
)  # fmt: skip
_weighed("tensors: mae", lambda: network("mixed"), _tensors, MARGIN)
_weighed(
    "dict of tensors: rmse, strata, segments", lambda: network("mixed"), _named_tensors, MARGIN, metric="rmse",
    within=games()["home"].to_numpy(), by=games()["week"].to_numpy(), n_repeats=5,
)  # fmt: skip
_weighed("custom module: mse, rmse", lambda: network("custom"), models.matrix, MARGIN, metric=["mse", "rmse"])
_weighed(
    "custom module: prediction_change", lambda: network("custom"), models.matrix, metric="prediction_change"
)
_weighed("learner: its metric, validation set", learner)
_weighed(
    "learner: mae, rmse, loss by week", learner, models.with_gaps, metric=["mae", "rmse", "loss"], by="week",
    n_repeats=5,
)  # fmt: skip
_weighed(
    "learner: weights, strata, groups", learner, models.with_gaps, sample_weight="weight", within="home",
    groups=SPREADS, n_repeats=4, keep_rows=True,
)  # fmt: skip
_weighed("learner: prediction_change", learner, models.with_gaps, metric="prediction_change", n_repeats=5)
_weighed("learner of classes: accuracy, loss", lambda: learner("grade"), metric=["accuracy", "loss"])


@cache
def _pair() -> tuple[Any, ...]:
    return tuple(
        api.weigh(
            [estimator("linear"), estimator("boosted")],
            games()[NUMBERS],
            games()["margin"],
            metric=["rmse", "mae", "r2"],
            n_repeats=5,
        )
    )


RUNS["several models"] = _pair


@_run("compare: same rows")
def _paired() -> Any:
    first, second = _pair()
    told = {metric: api.compare(first, second, metric=metric) for metric in ("rmse", "mae")}
    return {**told, "labelled": api.compare(first, second, labels=("line", "trees"))}


@_run("compare: other rows")
def _unpaired() -> Any:
    frame = games()
    halves = [frame[:120], frame[120:]]
    found = [api.weigh(estimator("linear"), half[NUMBERS], half["margin"], n_repeats=5) for half in halves]
    return api.compare(*found, labels=("early", "late"))


@_run("merge")
def _merged() -> Any:
    frame = games()
    options = {"metric": ["rmse", "mae"], "by": "week", "n_repeats": 5}
    parts = [["home", "week", "elo"], ["rest", "spread", "echo"]]
    found = [
        api.weigh(estimator("pipeline"), frame[COLUMNS], frame["margin"], features=part, **options)
        for part in parts
    ]
    return api.merge(*found)


@_run("saved and loaded")
def _reloaded() -> Any:
    frame = games()
    found = api.weigh(
        estimator("pipeline"),
        frame[COLUMNS],
        frame["margin"],
        metric=["r2", "mae"],
        by="home",
        groups=SPREADS,
        n_repeats=3,
        keep_rows=False,
    )
    with tempfile.TemporaryDirectory() as folder:
        return api.reloaded(found, Path(folder) / "result.json")


def _network_recipe() -> Any:
    return api.recipe_of("learner", learner(), epochs=2, lr=0.03)


def _line_recipe() -> Any:
    from sklearn.linear_model import Ridge

    return api.recipe_of("estimator", Ridge(), target="margin", features=NUMBERS)


@_run("ablate: line, random splits")
def _ablated() -> Any:
    return api.ablate(
        _line_recipe(),
        games(),
        drop=["rest", "spread", ["spread", "echo"]],
        add={"product": "spread * elo"},
        replace={"spread,echo": {"both": "spread + echo"}},
        fits=5,
        unit="points",
    )


@_run("ablate: line, near zero, by time")
def _near_zero() -> Any:
    return api.ablate(_line_recipe(), games(), drop="near-zero", fits=4, metric="rmse", split="time:season")


@_run("ablate: network")
def _ablated_network() -> Any:
    return api.ablate(_network_recipe(), games(), drop=["rest", "home"], fits=3, metric="mae")


@_run("refits: line")
def _refits() -> Any:
    return api.weigh_refits(_line_recipe(), games(), fits=4, metric="r2", groups=SPREADS, n_repeats=4)


@_run("refits: network, by time")
def _network_refits() -> Any:
    return api.weigh_refits(_network_recipe(), games(), fits=3, split="time:season", n_repeats=3)


@_run("effects")
def _effects() -> Any:
    return {
        "pipeline": api.effects(estimator("pipeline"), games()[COLUMNS], grid=8, n_curves=5),
        "boosted": api.effects(
            estimator("boosted"), games()[NUMBERS], ["elo", "spread"], n_rows=100, n_curves=4
        ),
        "classes": api.effects(
            estimator("boosted classes", "grade"), games()[NUMBERS], output="good", grid=6, n_curves=3
        ),
        "learner": api.effects(learner(), models.with_gaps(), grid=6, n_curves=3),
        "custom": api.effects(network("custom"), models.matrix(), grid=6, n_curves=3),
    }


@_run("associations")
def _associations() -> Any:
    frame = models.with_gaps()
    return {"all": api.associations(frame[COLUMNS]), "loose": api.associations(frame, NUMBERS, threshold=0.5)}


@_run("a page with effects, associations and all")
def _with_all() -> Any:
    frame = games()
    found = api.weigh(
        estimator("pipeline"), frame[COLUMNS], frame["margin"], metric=["mae", "r2"], by="week", n_repeats=5
    )
    found = api.with_effects(found, api.effects(estimator("pipeline"), frame[COLUMNS], grid=6, n_curves=3))
    return api.with_associations(found, api.associations(frame[COLUMNS]))


@_run("scikit-learn's function")
def _sklearn() -> Any:
    frame = games()
    X, y = frame[COLUMNS], frame["margin"]
    weights = frame["weight"]
    model = estimator("pipeline")
    return {
        "one": api.sklearn_drop_in(model, X, y, random_state=0),
        "several": api.sklearn_drop_in(
            model, X, y, scoring=["r2", "neg_mean_absolute_error"], n_repeats=3, random_state=1
        ),
        "weights": api.sklearn_drop_in(model, X, y, sample_weight=weights, n_repeats=3, random_state=2),
        "part": api.sklearn_drop_in(model, X, y, max_samples=0.5, n_repeats=3, random_state=3),
        "classes": api.sklearn_drop_in(
            estimator("logistic", "won"), X[NUMBERS], frame["won"], scoring="roc_auc", random_state=4
        ),
    }


@_run("the article's class")
def _article() -> Any:
    np.random.seed(5)
    found = api.article_drop_in(learner(), models.with_gaps()[N_TRAIN:], bs=32)
    return {"table": found, "validation set": api.article_drop_in(learner())}
