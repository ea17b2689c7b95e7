"""Donors spread over the values of each feature, as `weigh` takes them: when, how many, and what the result says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from weighin import Importance, weigh
from weighin._engine import Resources, Session
from weighin._models import as_model
from weighin._samplers import MarginalSampler
from weighin._weigh import spreading

RNG = np.random.default_rng(0)
N = 400
OF_LEVEL = {"p": 3.0, "q": -1.0, "r": 4.0, "s": 0.0}
TABLE = pd.DataFrame(
    {
        "a": RNG.normal(size=N),
        "level": RNG.choice(list(OF_LEVEL), N),
        "count": RNG.integers(0, 4, N),
        "flag": RNG.random(N) > 0.5,
    }
)


def model(rows: pd.DataFrame) -> np.ndarray:
    return 2 * rows["a"].to_numpy() + rows["level"].map(OF_LEVEL).to_numpy() + rows["count"].to_numpy()


Y = model(TABLE) + RNG.normal(size=N)


@pytest.fixture(autouse=True)
def spread_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "BY_DEFAULT", True)


def weighed(**asked) -> Importance:
    return weigh(
        model, TABLE.head(asked.pop("n", N)), **{"y": Y, "metric": "mse", "random_state": 0, **asked}
    )


def donors_of(imp: Importance) -> str:
    """What the result says of its donors."""
    page = imp.to_html()
    return page[page.index("of each feature, ") :][:200]


@pytest.mark.parametrize("asked", [{}, {"n_repeats": 3}, {"n_repeats": 5}, {"metric": ["rmse", "r2"]}])
def test_donors_are_spread_by_default_and_the_result_says_so(asked):
    imp = weighed(**asked)
    assert imp.n_repeats == asked.get("n_repeats", 5)
    assert "donors spread over its values" in donors_of(imp)
    assert all(imp.se_shuffle <= imp.se)


@pytest.mark.parametrize(
    "asked",
    [
        {"n_repeats": 4},
        {"n_repeats": 1},
        {"sample_weight": np.ones(N)},
        {"max_seconds": 60.0},
        {"keep_rows": True, "n_repeats": 5},
        {"n": 39, "y": Y[:39], "n_repeats": 5},
        {"metric": ["mse", "median_absolute_error"], "n_repeats": 5},
        {"features": ["a"], "within": np.arange(N) % 17, "n_repeats": 5},
    ],
    ids=lambda asked: "-".join(asked),
)
def test_elsewhere_all_features_share_shifts(asked):
    assert "the same donors for all of them" in donors_of(weighed(**asked))


def test_importances_are_those_of_all_pairs():
    imp = weighed()
    a = TABLE["a"].to_numpy()
    error = Y - model(TABLE)
    pairs = (error[:, None] - 2 * (a - a[:, None])) ** 2 - error[:, None] ** 2
    assert imp["a"].importance == pytest.approx(pairs.sum() / (N * (N - 1)), abs=0.5 * imp["a"].se)
    assert imp["flag"].importance == 0


def test_a_feature_has_the_same_numbers_whatever_is_weighed_beside_it():
    imp, alone = weighed(), weighed(features=["level", "count"])
    for name in alone.features:
        assert alone[name].importance == pytest.approx(imp[name].importance, rel=1e-12)
        assert alone[name].se == pytest.approx(imp[name].se, rel=1e-9)
    assert alone.difference("level", "count").se == pytest.approx(
        imp.difference("level", "count").se, rel=1e-9
    )


def test_a_group_shares_shifts_and_may_need_more_of_them():
    imp = weighed(groups={"both": ["a", "level"]})
    assert imp.n_repeats % 2 == 1
    assert imp.n_repeats >= 5
    assert "donors spread over its values for 4 of them, the same for the others" in donors_of(imp)
    apart = imp.difference("both", "a")
    assert apart.ci_lower < 6 < apart.ci_upper or apart.ci_lower > 0


def test_a_saved_result_gives_the_same_intervals(tmp_path):
    imp = weighed()
    imp.save(tmp_path / "imp.json")
    again = Importance.load(tmp_path / "imp.json")
    np.testing.assert_array_equal(again.interval(0.9), imp.interval(0.9))
    assert again == imp


def test_levels_come_in_the_order_of_what_is_predicted_of_them():
    adapted = as_model(model)
    data = adapted.encode(TABLE, Y, "raise", True)
    free = MarginalSampler(N, 5, 0)
    with Session(adapted) as session:
        sampler = spreading.spread_over_values(session, data, data.features, free, "predict", Resources())
    assert sampler is not None
    assert sampler.shuffled == {"level"}
    places = sampler.values["level"](np.arange(N))
    means = pd.Series(model(TABLE)).groupby(TABLE["level"]).mean()
    assert [TABLE["level"][places == place].iloc[0] for place in range(4)] == list(means.sort_values().index)
    np.testing.assert_array_equal(sampler.values["a"](np.arange(7)), TABLE["a"][:7])


def test_a_column_of_too_many_names_and_one_encoded_in_many_columns_have_no_order():
    table = pd.DataFrame({"id": [f"name {i}" for i in range(N)], "a": TABLE["a"]})
    imp = weigh(lambda rows: 2 * rows["a"].to_numpy(), table, Y, metric="mse", random_state=0, n_repeats=5)
    assert "spread over its values for 1 of them" in donors_of(imp)
