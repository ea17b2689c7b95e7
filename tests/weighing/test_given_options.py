"""Importance given other columns with everything else that `weigh` takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import weighin
from weighin import Importance, Interrupted

# each fits what columns tell of each other
pytestmark = pytest.mark.slow

NUMBERS, NAMES = ["elo", "spread", "rest", "week"], ["home", "neutral"]


def games(n: int = 500, seed: int = 0) -> pd.DataFrame:
    """Numbers, whole numbers, categories, truth values, missing values, a date."""
    rng = np.random.default_rng(seed)
    elo = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "elo": elo,
            "spread": 0.8 * elo + 0.6 * rng.normal(size=n),
            "rest": np.where(rng.random(n) < 0.1, np.nan, 7 + elo + rng.normal(size=n)),
            "week": rng.integers(1, 30, n) + (elo > 0),
            "home": np.where(elo + rng.normal(size=n) > 0, "Army", "Navy"),
            "neutral": rng.random(n) < 0.3,
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 700, n), "D"),
        }
    )
    frame["margin"] = 3 * frame["spread"] + frame["elo"] + frame["rest"].fillna(9) + (frame["home"] == "Army")
    frame["margin"] += rng.normal(size=n)
    return frame


def prepared() -> object:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    return make_column_transformer((numbers, NUMBERS), (OneHotEncoder(sparse_output=False), NAMES))


def ridge(frame: pd.DataFrame) -> object:
    return make_pipeline(prepared(), Ridge()).fit(frame[NUMBERS + NAMES], frame["margin"])


def weigh(model, X, y, **options) -> Importance:
    asked = {"metric": "mse", "random_state": 0, "n_repeats": 5, "given": "rest", "progress": False} | options
    return weighin.weigh(model, X, y, **asked)


FRAME = games()
X, Y = FRAME[NUMBERS + NAMES], FRAME["margin"].to_numpy()


def test_an_encoder_before_a_network_gives_the_numbers_of_one_pipeline():
    torch = pytest.importorskip("torch")
    model = ridge(FRAME)
    encoder, last = model[0], model[1]
    network = torch.nn.Linear(len(last.coef_), 1, dtype=torch.float64)
    with torch.no_grad():
        network.weight[:] = torch.tensor(last.coef_)[None]
        network.bias[:] = float(last.intercept_)
    whole = weigh(model, X, Y)
    parts = weigh((encoder, network), X, Y)
    np.testing.assert_allclose(parts.importances, whole.importances, rtol=1e-6, atol=1e-9)
    assert set(whole.kernels.values()) == {"generic"}
    assert set(parts.kernels.values()) <= {"sum", "levels"}


def test_a_missing_value_moves_with_its_indicator():
    seen = []

    def model(frame: pd.DataFrame) -> np.ndarray:
        seen.append(frame[["rest", "elo"]].copy())
        return frame["rest"].fillna(0).to_numpy()

    weigh(model, X, Y, features=["rest"])
    swapped = pd.concat(seen)
    real = set(X["rest"].dropna())
    there = swapped["rest"].dropna()
    assert swapped["rest"].isna().mean() == pytest.approx(X["rest"].isna().mean(), abs=0.03)
    assert not set(there) <= real


def test_whole_numbers_dates_and_categories_stay_what_they_are():
    seen = []

    def model(frame: pd.DataFrame) -> np.ndarray:
        seen.append(frame.copy())
        return frame["week"].to_numpy() + frame["day"].dt.month.to_numpy()

    table = FRAME[[*NUMBERS, *NAMES, "day"]].assign(
        small=FRAME["elo"].astype(np.float32),
        big=FRAME["week"].astype("Int64"),
        plain=FRAME["rest"].astype(object),
    )
    before = table.copy()
    weigh(model, table, Y, features=["week", "day", "home", "neutral", "small", "big", "plain"])
    swapped = pd.concat(seen)
    assert (swapped.dtypes == table.dtypes).all()
    for name in ("week", "day", "home", "neutral", "big"):
        assert set(swapped[name]) <= set(table[name])
    pd.testing.assert_frame_equal(table, before)


def test_groups_that_share_members_are_weighed_beside_their_members():
    groups = {"team": ["elo", "spread"], "two": ["spread", "rest"], "mixed": ["home", "spread"]}
    model = ridge(FRAME)
    imp = weigh(model, X, Y, groups=groups)
    alone = weigh(model, X, Y, groups={"team": ["elo", "spread"]}, features=["rest"])
    for name in ("rest", "team"):
        np.testing.assert_allclose(
            imp.importances[imp.features.index(name)],
            alone.importances[alone.features.index(name)],
            rtol=1e-9,
        )
    assert np.isfinite([imp.importances_mean, imp.ci_lower, imp.ci_upper, imp.pvalue]).all()
    assert "spread" not in imp.given_reports["team"].given


def test_metrics_segments_strata_and_weights():
    weights = np.random.default_rng(1).random(len(X))
    imp = weigh(
        ridge(FRAME),
        X,
        Y,
        metric=["mse", "mae", "rmse", "r2"],
        by="neutral",
        within="home",
        given=[None, "rest"],
    )
    assert len(imp.parts) == 4 * 3 * 2 - 1
    given = imp.of(given="rest")
    parts = [imp.of("mse", segment, given="rest") for segment in imp.segments]
    shares = [part.n_rows / given.n_rows for part in parts]
    mean = sum(share * part.importances_mean for share, part in zip(shares, parts, strict=True))
    np.testing.assert_allclose(mean, given.importances_mean, rtol=1e-6)
    # nobody gets another home where nobody gives to it
    assert given.importances_mean[given.features.index("home")] == 0
    equal = weigh(ridge(FRAME), X, Y, sample_weight=np.full(len(X), 3.0))
    plain = weigh(ridge(FRAME), X, Y)
    np.testing.assert_allclose(equal.importances, plain.importances, rtol=1e-9)
    np.testing.assert_allclose(equal.ci_upper, plain.ci_upper, rtol=1e-6)
    weighed = weigh(ridge(FRAME), X, Y, sample_weight=weights)
    assert not np.allclose(weighed.importances, plain.importances)


def test_classes_two_and_more():
    won = (np.median(Y) < Y).astype(int)
    model = make_pipeline(prepared(), LogisticRegression()).fit(X, won)
    imp = weigh(model, X, won, metric=["log_loss", "accuracy"])
    assert np.isfinite(imp.pvalue).all()
    assert imp.importances_mean.argmax() == imp.features.index("spread")
    three = np.digitize(Y, np.quantile(Y, [0.3, 0.6]))
    several = weigh(
        make_pipeline(prepared(), LogisticRegression()).fit(X, three), X, three, metric="log_loss"
    )
    assert np.isfinite([several.ci_lower, several.pvalue]).all()


def test_prediction_change_needs_no_target():
    imp = weigh(ridge(FRAME), X, None, metric="prediction_change")
    assert (imp.importances_mean >= 0).all()
    assert np.isfinite(imp.ci_lower).all()
    assert np.isnan(imp.pvalue[imp.features.index("spread")])


def test_models_get_the_same_swaps():
    model, other = ridge(FRAME), ridge(games(seed=1))
    first, second = weigh([model, other], X, Y)
    np.testing.assert_array_equal(first.importances, weigh(model, X, Y).importances)
    np.testing.assert_array_equal(second.importances, weigh(other, X, Y).importances)
    comparison = weighin.compare(first, second)
    assert np.isfinite(comparison.ci_lower).all()


@pytest.mark.parametrize("options", [{"batch_size": 7}, {"n_jobs": 2}, {"max_memory": 1}])
def test_numbers_do_not_depend_on_how_they_were_made(options):
    model = ridge(FRAME)
    np.testing.assert_allclose(
        weigh(model, X, Y, **options).importances, weigh(model, X, Y).importances, rtol=1e-9
    )


def test_another_seed_gives_other_swaps():
    model = ridge(FRAME)
    assert not np.allclose(weigh(model, X, Y, random_state=1).importances, weigh(model, X, Y).importances)


def test_auto_takes_a_few_shuffles():
    assert 5 <= weigh(ridge(FRAME), X, Y, n_repeats="auto").n_repeats <= 12


def test_predictions_are_as_many_as_without():
    n_predicted = []

    def model(frame: pd.DataFrame) -> np.ndarray:
        n_predicted[-1] += len(frame)
        return frame["spread"].to_numpy() + frame["elo"].to_numpy()

    for given in (None, "rest"):
        n_predicted.append(0)
        weigh(model, X[["elo", "spread"]], Y, given=given)
    assert n_predicted[1] <= n_predicted[0]


def test_what_is_finished_is_kept_after_ctrl_c():
    calls = []
    model = ridge(FRAME)
    n_free = 0

    def stopping(frame: pd.DataFrame) -> np.ndarray:
        calls.append(len(frame))
        if n_free and len(calls) > n_free:
            raise KeyboardInterrupt
        return model.predict(frame)

    weigh(stopping, X, Y, given=None)
    n_free, calls = len(calls), []
    with pytest.raises(Interrupted) as caught:
        weigh(stopping, X, Y, given=[None, "rest"])
    result = caught.value.result
    assert not result.complete
    np.testing.assert_allclose(result.importances, weigh(model, X, Y, given=None).importances, rtol=1e-9)


def test_a_short_time_leaves_both_numbers():
    imp = weigh(ridge(FRAME), X, Y, given=[None, "rest"], max_seconds=60, n_repeats="auto")
    assert imp.givens == ("", "rest")


def test_halves_merge():
    model = ridge(FRAME)
    first = weigh(model, X, Y, features=["elo", "spread"])
    second = weigh(model, X, Y, features=["rest"])
    both = first.merge(second)
    assert set(both.given_reports) == {"elo", "spread", "rest"}
    assert np.isfinite(both.ci_lower).all()
    with pytest.raises(weighin.InputError, match="given is"):
        first.merge(weigh(model, X, Y, features=["rest"], given=None))
    with pytest.raises(weighin.InputError, match="n_rows is"):
        first.merge(weigh(model, X[:400], Y[:400], features=["rest"]))


def test_a_model_that_mixes_rows_is_called_on_the_whole_table():
    def model(frame: pd.DataFrame) -> np.ndarray:
        return (frame["spread"] - frame["spread"].mean()).to_numpy() + frame["elo"].to_numpy()

    imp = weigh(model, X[["elo", "spread"]], Y)
    assert set(imp.kernels.values()) == {"whole table"}
    plain = weigh(lambda frame: (frame["spread"] + frame["elo"]).to_numpy(), X[["elo", "spread"]], Y)
    np.testing.assert_allclose(imp.importances_mean[0], plain.importances_mean[0], rtol=0.3)


def test_a_learner_that_scales_in_a_way_of_its_own_is_refused(regression):
    import learners

    table = learners.games(n_rows=300)
    assert np.isfinite(weigh(regression, table, None).importances_mean).all()
    normalize = next(proc for proc in regression.dls.train_ds.procs.fs if type(proc).__name__ == "Normalize")
    before = dict(normalize.means)
    encode = regression.dls.test_dl

    def other(*args, **options):
        loader = encode(*args, **options)
        loader.dataset.conts = loader.dataset.conts**3
        return loader

    regression.dls.test_dl = other
    try:
        with pytest.raises(weighin.ModelError, match="does not follow"):
            weigh(regression, table, None)
    finally:
        del regression.dls.test_dl
    assert dict(normalize.means) == before


def test_a_learner_with_its_own_rows_and_with_the_same_as_a_table(regression):
    items = regression.dls.valid.dataset
    assert len(items) > 20
    imp = weigh(regression, None, None)
    assert np.isfinite(imp.importances_mean).all()
    assert set(imp.kernels.values()) == {"sum", "levels"}


def test_more_strata_than_are_told_apart_get_a_note():
    rng = np.random.default_rng(0)
    w, v = rng.normal(size=(2, 780))
    X = pd.DataFrame({"w": w, "v": w + v})
    within = np.repeat(np.arange(65), 12)
    imp = weighin.weigh(
        lambda rows: rows["v"], X, v, metric="mse", given="rest", within=within, n_repeats=5, random_state=0
    )
    assert any("more than 64 strata as one" in note for note in imp.notes)
