"""Gradient boosting of other houses: what they make of names, categories and labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.inspection import permutation_importance as theirs
from sklearn.metrics import log_loss, mean_absolute_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from weighin import InputError, ModelError, permutation_importance, weigh

pytestmark = pytest.mark.slow

N = 120
rng = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "elo": rng.normal(size=N),
        "week": rng.integers(1, 5, N),
        "conference": rng.choice(["ACC", "MAC", "SEC"], N),
    }
)
MARGIN = FRAME["elo"] + FRAME["week"] * (FRAME["conference"] == "SEC") + 0.3 * rng.normal(size=N)
RESULT = np.where(MARGIN < 0, "lost", np.where(MARGIN < 1.5, "close", "won"))
WON = np.where(MARGIN > 0.7, "yes", "no")
CATEGORIES = FRAME.astype({"conference": "category"})


def lightgbm(kind: str, **options: Any) -> Any:
    module = pytest.importorskip("lightgbm")
    return getattr(module, f"LGBM{kind}")(
        n_estimators=10, min_child_samples=3, n_jobs=1, verbose=-1, **options
    )


def xgboost(kind: str, **options: Any) -> Any:
    module = pytest.importorskip("xgboost")
    return getattr(module, f"XGB{kind}")(n_estimators=10, n_jobs=1, enable_categorical=True, **options)


def catboost(kind: str, **options: Any) -> Any:
    module = pytest.importorskip("catboost")
    cats = {"cat_features": ["conference"], "allow_writing_files": False}
    return getattr(module, f"CatBoost{kind}")(iterations=10, thread_count=1, verbose=0, **cats, **options)


@pytest.mark.parametrize("maker", [lightgbm, xgboost, catboost])
def test_regressors_on_categories(maker: Callable[..., Any]) -> None:
    model = maker("Regressor").fit(CATEGORIES, MARGIN)
    imp = weigh(model, CATEGORIES, MARGIN, random_state=0)
    assert imp.baseline == pytest.approx(mean_absolute_error(MARGIN, model.predict(CATEGORIES)), rel=1e-6)
    assert imp.features == ("elo", "week", "conference")
    assert (imp.importances_mean > 0.1).all()
    found, expected = (
        call(model, CATEGORIES, MARGIN, scoring="r2", random_state=0)
        for call in (permutation_importance, theirs)
    )
    np.testing.assert_allclose(found.importances, expected.importances, rtol=1e-9)


# weeks are categories too, of numbers: their values are no codes
CODED = FRAME.assign(week=FRAME["week"] * 10).astype({"conference": "category", "week": "category"})


@pytest.mark.slow
@pytest.mark.parametrize("maker", [lightgbm, xgboost])
def test_texts_are_the_categories_that_a_booster_stores(maker: Callable[..., Any]) -> None:
    model = maker("Regressor").fit(CODED, MARGIN)
    native = model.get_booster() if hasattr(model, "get_booster") else model.booster_
    raw = CODED.astype({"conference": str, "week": int})
    expected = weigh(model, CODED, MARGIN, n_repeats=2, random_state=0)
    for table in (raw, raw.set_index(raw.index[::-1]), pl.from_pandas(raw)):
        for booster in (model, native):
            found = weigh(booster, table, MARGIN.to_numpy(), n_repeats=2, random_state=0)
            np.testing.assert_array_equal(found.importances, expected.importances)
    with pytest.raises(InputError, match=r"Column 'conference' holds 'XYZ', which the .* was not trained on"):
        weigh(native, raw.assign(conference="XYZ"), MARGIN)


@pytest.mark.slow
@pytest.mark.parametrize("maker", [lightgbm, xgboost])
def test_texts_are_the_categories_of_a_booster_that_ends_a_pipeline(maker: Callable[..., Any]) -> None:
    raw = CODED.astype({"conference": str, "week": int})
    scale = ColumnTransformer(
        [("s", StandardScaler(), ["elo"])], remainder="passthrough", verbose_feature_names_out=False
    )
    own = FunctionTransformer(
        lambda X: X.assign(**{name: X[name].astype(CODED[name].dtype) for name in ("conference", "week")})
    )
    for before in ("passthrough", scale.set_output(transform="pandas")):
        model = Pipeline([("before", before), ("booster", maker("Regressor"))]).fit(CODED, MARGIN)
        expected = weigh(model, CODED, MARGIN, n_repeats=2, random_state=0)
        assert expected.importances_mean[-1] > 0.1
        found = weigh(model, raw, MARGIN, n_repeats=2, random_state=0)
        np.testing.assert_array_equal(found.importances, expected.importances)
        with pytest.raises(
            InputError, match=r"Column 'conference' holds 'XYZ', which the .* was not trained on"
        ):
            weigh(model, raw.assign(conference="XYZ"), MARGIN)
    # steps that make categories themselves get the table as it is
    model = Pipeline([("before", own), ("booster", maker("Regressor"))]).fit(CODED, MARGIN)
    found = weigh(model, raw, MARGIN, n_repeats=2, random_state=0)
    assert found.baseline == pytest.approx(np.abs(MARGIN - model.predict(raw)).mean(), rel=1e-6)
    search = GridSearchCV(maker("Regressor"), {"n_estimators": [10]}, cv=2).fit(CODED, MARGIN)
    found = weigh(search, raw, MARGIN, n_repeats=2, random_state=0)
    assert found.baseline == pytest.approx(np.abs(MARGIN - search.predict(CODED)).mean(), rel=1e-6)


@pytest.mark.parametrize("maker", [lightgbm, xgboost])
def test_texts_that_a_booster_knows_no_categories_of_are_refused(maker: Callable[..., Any]) -> None:
    model = maker("Regressor").fit(FRAME.assign(conference=1.0), MARGIN)
    with pytest.raises(InputError, match=r"'conference' holds text.* of dtype category"):
        weigh(model, FRAME, MARGIN)


@pytest.mark.slow
@pytest.mark.parametrize("y", [WON, RESULT])
@pytest.mark.parametrize("maker", [lightgbm, catboost])
def test_classifiers_of_text_labels(maker: Callable[..., Any], y: Any) -> None:
    model = maker("Classifier").fit(CATEGORIES, y)
    imp = weigh(model, CATEGORIES, y, random_state=0)
    assert imp.metric == "log_loss"
    assert imp.baseline == pytest.approx(log_loss(y, model.predict_proba(CATEGORIES)), rel=1e-6)
    scoring = ["accuracy", "neg_log_loss"]
    found, expected = (
        call(model, CATEGORIES, y, scoring=scoring, random_state=0)
        for call in (permutation_importance, theirs)
    )
    for name in scoring:
        np.testing.assert_allclose(found[name].importances, expected[name].importances, rtol=1e-9)


def test_labels_of_xgboost_are_numbers() -> None:
    y = np.unique(RESULT, return_inverse=True)[1]
    model = xgboost("Classifier").fit(CATEGORIES, y)
    assert weigh(model, CATEGORIES, y, metric="accuracy", random_state=0).baseline == model.score(
        CATEGORIES, y
    )


@pytest.mark.parametrize("maker", [lightgbm, xgboost])
def test_boosters_at_the_end_of_a_pipeline(maker: Callable[..., Any]) -> None:
    encoder = make_column_transformer((OneHotEncoder(), ["conference"]), remainder="passthrough")
    model = make_pipeline(encoder.set_output(transform="default"), maker("Regressor")).fit(FRAME, MARGIN)
    imp = weigh(model, FRAME, MARGIN, random_state=0)
    np.testing.assert_array_equal(
        imp.importances, weigh(model, pl.from_pandas(FRAME), MARGIN, random_state=0).importances
    )


def test_lightgbm_writes_blanks_in_names_its_own_way() -> None:
    X = CATEGORIES.rename(columns={"elo": "elo of home"})
    model = lightgbm("Regressor").fit(X, MARGIN)
    expected = weigh(lightgbm("Regressor").fit(CATEGORIES, MARGIN), CATEGORIES, MARGIN, random_state=0)
    found = weigh(model, X[["conference", "elo of home", "week"]], MARGIN, random_state=0)
    assert found.features == ("elo of home", "week", "conference")
    np.testing.assert_array_equal(found.importances, expected.importances)
    with pytest.raises(InputError, match=r"'elo_of_home' is missing"):
        weigh(model, X.drop(columns="elo of home"), MARGIN)


# stands for CatBoost, which keeps names in a word of its own and takes columns by position


class ByPosition:
    feature_names_: list[str] | None = None

    def fit(self, X: Any, y: Any) -> Any:
        self.feature_names_ = [str(name) for name in getattr(X, "columns", range(X.shape[1]))]
        return self

    def predict(self, X: Any) -> Any:
        X = np.asarray(X, dtype=float)
        return X[:, 0] + 10 * X[:, 1]


ByPosition.__module__ = "catboost.core"


def test_catboosts_names_count() -> None:
    X = FRAME[["elo", "week"]]
    model = ByPosition().fit(X, MARGIN)
    found = weigh(model, X[["week", "elo"]].assign(conference="SEC"), MARGIN, random_state=0)
    assert found.features == ("elo", "week")
    np.testing.assert_array_equal(found.importances, weigh(model, X, MARGIN, random_state=0).importances)
    with pytest.raises(InputError, match=r"'elo' is missing\. Did you mean 'ello'"):
        weigh(model, X.rename(columns={"elo": "ello"}), MARGIN)
    matrix = weigh(model, X.to_numpy(), MARGIN, random_state=0)
    assert matrix.features == ("elo", "week")
    unnamed = ByPosition().fit(X.to_numpy(), MARGIN)
    assert weigh(unnamed, X, MARGIN, random_state=0).features == ("elo", "week")
    with pytest.raises(ModelError, match=r"The catboost ByPosition is not fitted\."):
        weigh(ByPosition(), X, MARGIN)


@pytest.mark.parametrize(
    ("objective", "target", "metric"),
    [
        ("reg:squarederror", MARGIN, "mae"),
        ("count:poisson", FRAME["week"], "mean_poisson_deviance"),
        ("reg:quantileerror", MARGIN, "pinball_loss"),
        ("binary:logistic", MARGIN > 0, "log_loss"),
        ("binary:logitraw", MARGIN > 0, "log_loss"),
        ("binary:hinge", MARGIN > 0, "accuracy"),
        ("multi:softprob", FRAME["week"] - 1, "log_loss"),
        ("multi:softmax", FRAME["week"] - 1, "accuracy"),
    ],
)
def test_the_objective_of_an_xgboost_booster_chooses_the_metric(
    objective: str, target: Any, metric: str
) -> None:
    xgboost = pytest.importorskip("xgboost")
    options = {"objective": objective, "nthread": 1, "max_depth": 2}
    options |= {"num_class": 4} if objective.startswith("multi") else {}
    options |= {"quantile_alpha": 0.8} if "quantile" in objective else {}
    data = xgboost.DMatrix(CATEGORIES, target.astype(float), enable_categorical=True)
    booster = xgboost.train(options, data, 5)
    imp = weigh(booster, CATEGORIES, target.astype(float), n_repeats=2, random_state=0)
    assert imp.metric == metric
    assert imp.features == ("elo", "week", "conference")
    pred = booster.predict(data)
    if objective == "reg:quantileerror":
        gap = MARGIN - pred
        assert imp.baseline == pytest.approx(np.maximum(0.8 * gap, -0.2 * gap).mean(), rel=1e-5)
    elif objective == "binary:logitraw":
        assert imp.baseline == pytest.approx(log_loss(target, 1 / (1 + np.exp(-pred))), rel=1e-5)
    elif metric == "accuracy":
        assert imp.baseline == pytest.approx((pred == target).mean())


def test_a_matrix_takes_the_names_of_the_booster() -> None:
    xgboost = pytest.importorskip("xgboost")
    X = FRAME[["elo", "week"]]
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(X, MARGIN), 5)
    one, other = (weigh(booster, table, MARGIN, random_state=0) for table in (X, X.to_numpy()))
    assert one.features == other.features == ("elo", "week")
    np.testing.assert_allclose(one.importances, other.importances, rtol=1e-6)


@pytest.mark.parametrize(
    ("objective", "target", "metric"),
    [
        ("regression", MARGIN, "mae"),
        ("poisson", FRAME["week"], "mean_poisson_deviance"),
        ("quantile", MARGIN, "pinball_loss"),
        ("binary", MARGIN > 0, "log_loss"),
        ("multiclass", FRAME["week"] - 1, "log_loss"),
    ],
)
def test_the_objective_of_a_lightgbm_booster_chooses_the_metric(
    objective: str, target: Any, metric: str, tmp_path: Any
) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    options = {"objective": objective, "verbose": -1, "num_threads": 1, "min_data_in_leaf": 3, "alpha": 0.8}
    options |= {"num_class": 4} if objective == "multiclass" else {}
    booster = lightgbm.train(options, lightgbm.Dataset(CATEGORIES, target.astype(float)), 5)
    booster.save_model(tmp_path / "model.txt")
    stored = lightgbm.Booster(model_file=tmp_path / "model.txt")
    for model in (booster, stored):
        imp = weigh(model, CATEGORIES, target.astype(float), n_repeats=2, random_state=0)
        assert imp.metric == metric
    if objective == "quantile":
        gap = MARGIN - booster.predict(CATEGORIES)
        assert imp.baseline == pytest.approx(np.maximum(0.8 * gap, -0.2 * gap).mean())


def test_catboost_itself_gives_probabilities_of_its_classes() -> None:
    module = pytest.importorskip("catboost")
    options = {"loss_function": "MultiClass", "iterations": 5, "verbose": 0, "thread_count": 1}
    model = module.CatBoost({**options, "cat_features": ["conference"], "allow_writing_files": False})
    model.fit(CATEGORIES, RESULT)
    imp = weigh(model, CATEGORIES, RESULT, n_repeats=2, random_state=0)
    proba = model.predict(CATEGORIES, prediction_type="Probability")
    assert imp.metric == "log_loss"
    assert imp.baseline == pytest.approx(log_loss(RESULT, proba, labels=list(model.classes_)))


def test_a_pool_is_a_table_with_its_target() -> None:
    module = pytest.importorskip("catboost")
    X = FRAME[["elo", "week"]]
    model = module.CatBoostRegressor(iterations=5, verbose=0, thread_count=1, allow_writing_files=False)
    model.fit(X, MARGIN)
    one = weigh(model, module.Pool(X, MARGIN), n_repeats=2, random_state=0)
    other = weigh(model, X, MARGIN, n_repeats=2, random_state=0)
    # a pool holds single precision
    np.testing.assert_allclose(one.importances, other.importances, rtol=1e-5)
    with pytest.raises(InputError, match="does not give them back: pass the table"):
        weigh(model, module.Pool(CATEGORIES, MARGIN, cat_features=["conference"]))
