"""What has scikit-learn's conventions, and the tables it reads."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecosystem.trial import NUMBERS, RAW, Trial, case, codes, games, log_loss, mae, poisson_deviance


@case("scikit-learn", "weigh(pipeline, df, y)", "scikit-learn")
def sklearn_pipeline() -> Trial:
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    df = games()
    prep = make_column_transformer((OneHotEncoder(), ["league"]), remainder="passthrough")
    model = make_pipeline(prep, HistGradientBoostingRegressor(max_iter=20)).fit(df[RAW], df.margin)
    return Trial(model, df[RAW], df.margin, model.predict, mae)


@case("scikit-learn, several targets", "weigh(MultiOutputClassifier, df, y)", "scikit-learn")
def sklearn_several_targets() -> Trial:
    from sklearn.linear_model import LogisticRegression
    from sklearn.multioutput import MultiOutputClassifier

    df = games()
    y = df[["won", "grade"]]
    model = MultiOutputClassifier(LogisticRegression()).fit(df[NUMBERS], y)

    def loss(target: Any, pred: Any) -> float:
        return float(np.mean([log_loss(codes(target.iloc[:, k]), pred[k]) for k in range(2)]))

    return Trial(model, df[NUMBERS], y, model.predict_proba, loss)


@case("XGBoost", "weigh(XGBClassifier, df, y)", "xgboost-cpu")
def xgboost_wrapper() -> Trial:
    from xgboost import XGBClassifier

    df = games().astype({"league": "category"})
    model = XGBClassifier(n_estimators=10, enable_categorical=True, n_jobs=1).fit(df[RAW], df.flag)
    return Trial(model, df[RAW], df.flag, model.predict_proba, log_loss)


@case("XGBoost, native", "weigh(booster, df, y)", "xgboost-cpu")
def xgboost_native() -> Trial:
    import xgboost

    df = games().astype({"league": "category"})
    data = xgboost.DMatrix(df[RAW], df.flag, enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 10)
    return Trial(
        booster,
        df[RAW],
        df.flag,
        lambda X: booster.predict(xgboost.DMatrix(X, enable_categorical=True)),
        log_loss,
    )


@case("XGBoost, native, classes", "weigh(booster, df, y)", "xgboost-cpu")
def xgboost_native_classes() -> Trial:
    import xgboost

    df = games()
    data = xgboost.DMatrix(df[NUMBERS], df.level)
    booster = xgboost.train({"objective": "multi:softprob", "num_class": 3, "nthread": 1}, data, 10)
    return Trial(booster, df[NUMBERS], df.level, lambda X: booster.predict(xgboost.DMatrix(X)), log_loss)


@case("LightGBM", "weigh(LGBMRegressor, df, y)", "lightgbm")
def lightgbm_wrapper() -> Trial:
    from lightgbm import LGBMRegressor

    df = games().astype({"league": "category"})
    model = LGBMRegressor(n_estimators=10, n_jobs=1, verbose=-1).fit(df[RAW], df.margin)
    return Trial(model, df[RAW], df.margin, model.predict, mae)


@case("LightGBM, native", "weigh(booster, df, y)", "lightgbm")
def lightgbm_native() -> Trial:
    import lightgbm

    df = games().astype({"league": "category"})
    options = {"objective": "binary", "verbose": -1, "num_threads": 1}
    booster = lightgbm.train(options, lightgbm.Dataset(df[RAW], df.flag), 10)
    return Trial(booster, df[RAW], df.flag, booster.predict, log_loss)


@case("LightGBM, native, counts", "weigh(booster, df, y)", "lightgbm")
def lightgbm_native_counts() -> Trial:
    import lightgbm

    df = games()
    options = {"objective": "poisson", "verbose": -1, "num_threads": 1}
    booster = lightgbm.train(options, lightgbm.Dataset(df[NUMBERS], df.touchdowns), 10)
    return Trial(booster, df[NUMBERS], df.touchdowns, booster.predict, poisson_deviance)


@case("CatBoost", "weigh(CatBoostClassifier, df, y)", "catboost")
def catboost_wrapper() -> Trial:
    from catboost import CatBoostClassifier

    df = games()
    model = CatBoostClassifier(
        iterations=10, cat_features=["league"], thread_count=1, verbose=0, allow_writing_files=False
    ).fit(df[RAW], df.grade)
    return Trial(model, df[RAW], df.grade, model.predict_proba, log_loss, codes(df.grade))


@case("CatBoost, native, Pool", "weigh(model, pool)", "catboost")
def catboost_native_pool() -> Trial:
    import pandas as pd
    from catboost import CatBoost, Pool

    df = games()
    pool = Pool(df[NUMBERS], df.won)
    model = CatBoost(
        {
            "loss_function": "Logloss",
            "iterations": 10,
            "thread_count": 1,
            "verbose": 0,
            "allow_writing_files": False,
        }
    ).fit(pool)

    def predict(X: pd.DataFrame) -> Any:
        return model.predict(Pool(X), prediction_type="Probability")

    return Trial(model, pool, None, predict, log_loss, codes(df.won), df[NUMBERS])


@case("statsmodels, formula", "weigh(results, df, y)", "statsmodels")
def statsmodels_formula() -> Trial:
    import statsmodels.formula.api as smf

    df = games()
    results = smf.logit("flag ~ elo + C(league) * week", df).fit(disp=0)
    return Trial(results, df, None, results.predict, log_loss, df.flag)


@case("statsmodels, array", "weigh(results, X, y)", "statsmodels")
def statsmodels_array() -> Trial:
    import statsmodels.api as sm

    df = games()
    X = sm.add_constant(df[NUMBERS])
    results = sm.GLM(df.touchdowns, X, family=sm.families.Poisson()).fit()
    return Trial(results, X, df.touchdowns, results.predict, poisson_deviance)


def _survival(df: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    time = np.exp(1 - df.elo.to_numpy() + 0.2 * rng.normal(size=len(df)))
    return time, rng.random(len(df)) < 0.7


@case("scikit-survival", "weigh(forest, df, y)", "scikit-survival")
def survival_forest() -> Trial:
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.metrics import concordance_index_censored
    from sksurv.util import Surv

    df = games()
    time, event = _survival(df)
    y = Surv.from_arrays(event, time)
    model = RandomSurvivalForest(20, random_state=0).fit(df[NUMBERS], y)

    def concordance(target: Any, pred: Any) -> float:
        return float(concordance_index_censored(event, time, pred)[0])

    return Trial(model, df[NUMBERS], y, model.predict, concordance)


@case("lifelines", "weigh(fitter, df)", "lifelines")
def lifelines_cox() -> Trial:
    from lifelines import CoxPHFitter
    from lifelines.utils import concordance_index

    df = games()[NUMBERS]
    df["time"], df["event"] = _survival(df)
    fitter = CoxPHFitter().fit(df, "time", "event")

    def concordance(target: Any, pred: Any) -> float:
        return float(concordance_index(df.time, -np.asarray(pred), df.event))

    return Trial(fitter, df, None, fitter.predict_partial_hazard, concordance)


@case("lifelines, accelerated failure time", "weigh(fitter, df)", "lifelines")
def lifelines_aft() -> Trial:
    from lifelines import WeibullAFTFitter
    from lifelines.utils import concordance_index

    df = games()[RAW]
    df["time"], df["event"] = _survival(df)
    fitter = WeibullAFTFitter().fit(df, "time", "event", formula="elo + league")

    def concordance(target: Any, pred: Any) -> float:
        return float(concordance_index(df.time, np.asarray(pred), df.event))

    return Trial(fitter, df, None, fitter.predict_median, concordance)


@case("interpret", "weigh(ebm, df, y)", "interpret-core")
def interpret_ebm() -> Trial:
    from interpret.glassbox import ExplainableBoostingClassifier

    df = games()
    model = ExplainableBoostingClassifier(max_rounds=20, n_jobs=1, interactions=0, outer_bags=1).fit(
        df[RAW], df.won
    )
    return Trial(model, df[RAW], df.won, model.predict_proba, log_loss, codes(df.won))


@case("ngboost", "weigh(NGBRegressor, X, y)", "ngboost")
def ngboost_regressor() -> Trial:
    from ngboost import NGBRegressor

    df = games()
    model = NGBRegressor(n_estimators=20, verbose=False).fit(df[NUMBERS], df.margin)
    return Trial(model, df[NUMBERS], df.margin, model.predict, mae)


@case("imbalanced-learn", "weigh(pipeline, df, y)", "imbalanced-learn")
def imbalanced_pipeline() -> Trial:
    from imblearn.over_sampling import RandomOverSampler
    from imblearn.pipeline import make_pipeline
    from sklearn.linear_model import LogisticRegression

    df = games()
    model = make_pipeline(RandomOverSampler(random_state=0), LogisticRegression()).fit(df[NUMBERS], df.won)
    return Trial(model, df[NUMBERS], df.won, model.predict_proba, log_loss, codes(df.won))


@case("skrub", "weigh(tabular_pipeline, df, y)", "skrub")
def skrub_pipeline() -> Trial:
    from sklearn.linear_model import Ridge
    from skrub import tabular_pipeline

    df = games()
    model = tabular_pipeline(Ridge()).fit(df[RAW], df.margin)
    return Trial(model, df[RAW], df.margin, model.predict, mae)


@case("feature-engine", "weigh(pipeline, df, y)", "feature-engine")
def feature_engine_pipeline() -> Trial:
    from feature_engine.encoding import MeanEncoder
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    df = games()
    model = make_pipeline(MeanEncoder(variables=["league"]), Ridge()).fit(df[RAW], df.margin)
    return Trial(model, df[RAW], df.margin, model.predict, mae)


@case("pytabkit", "weigh(RealMLP_TD_Regressor, df, y)", "pytabkit")
def pytabkit_mlp() -> Trial:
    from pytabkit import RealMLP_TD_Regressor

    df = games()
    model = RealMLP_TD_Regressor(n_epochs=2, device="cpu", random_state=0, verbosity=0, n_cv=1)
    model.fit(df[RAW], df.margin)
    return Trial(model, df[RAW], df.margin, model.predict, mae)


@case("TabNet", "weigh(TabNetClassifier, df, y)", "pytorch-tabnet")
def tabnet_classifier() -> Trial:
    from pytorch_tabnet.tab_model import TabNetClassifier

    df = games()
    model = TabNetClassifier(seed=0, verbose=0, device_name="cpu")
    model.fit(df[NUMBERS].to_numpy(np.float32), df.won.to_numpy(), max_epochs=2, drop_last=False)

    def predict(X: Any) -> Any:
        return model.predict_proba(X.to_numpy(np.float32))

    return Trial(model, df[NUMBERS], df.won, predict, log_loss, codes(df.won))


def _linear(make: Any) -> Trial:
    """A regression on the same numbers in another kind of table."""
    from sklearn.linear_model import Ridge

    df = games()[[*NUMBERS, "margin"]]
    model = Ridge().fit(df[NUMBERS], df.margin)
    return Trial(model, make(df[NUMBERS]), df.margin, model.predict, mae, rows=df[NUMBERS])


@case("polars", "weigh(model, polars_df, y)", "polars")
def table_polars() -> Trial:
    import polars

    return _linear(polars.from_pandas)


@case("polars, lazy", "weigh(model, lazy_df, y)", "polars")
def table_polars_lazy() -> Trial:
    import polars

    return _linear(lambda df: polars.from_pandas(df).lazy())


@case("pyarrow", "weigh(model, arrow_table, y)", "pyarrow")
def table_pyarrow() -> Trial:
    import pyarrow

    return _linear(pyarrow.Table.from_pandas)


@case("DuckDB", "weigh(model, relation, y)", "duckdb")
def table_duckdb() -> Trial:
    import duckdb

    return _linear(lambda df: duckdb.sql("SELECT elo, rest, week FROM df"))


@case("dask", "weigh(model, dask_df, y)", "dask")
def table_dask() -> Trial:
    import dask.dataframe

    return _linear(lambda df: dask.dataframe.from_pandas(df, npartitions=3))


@case("xarray", "weigh(model, dataset, y)", "xarray")
def table_xarray() -> Trial:
    return _linear(lambda df: df.to_xarray())
