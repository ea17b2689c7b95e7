"""How far from the data a shuffle leads: 1 for independent columns, clearly more where columns hold each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import weighin
from weighin._associations.associations import off_data


def independent(n, p, seed):
    """Numbers of several shapes, with holes, and names."""
    rng = np.random.default_rng(seed)
    columns = {f"x{j}": rng.lognormal(sigma=1 + j % 2, size=n) for j in range(p - 3)}
    columns["hole"] = np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n))
    columns["name"] = rng.choice(["a", "b", "c", "d"], n, p=[0.6, 0.3, 0.08, 0.02])
    columns["few"] = rng.integers(0, 4, n)
    return pd.DataFrame(columns)


@pytest.mark.parametrize(
    ("n", "p", "within"), [(60, 4, 0.45), (400, 5, 0.2), (2000, 4, 0.15), (1000, 20, 0.15)]
)
def test_independent_columns_stay_among_the_data(n, p, within):
    for seed in range(4 if n < 1000 else 1):
        ratios = np.array(list(off_data(independent(n, p, seed), random_state=seed).values()))
        assert abs(ratios - 1).max() < within
        assert ratios.mean() == pytest.approx(1, abs=within / 3)


def correlated(n, rho, p=2, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, p))
    X[:, 1] = rho * X[:, 0] + np.sqrt(1 - rho**2) * X[:, 1]
    return X


def test_the_ratio_grows_with_the_correlation():
    ratios = [off_data(correlated(1000, rho), random_state=0)["x0"] for rho in (0, 0.5, 0.7, 0.9, 0.97)]
    assert ratios == sorted(ratios)
    assert ratios[1] < 1.5 < ratios[2]
    assert ratios[3] > 3


def test_other_columns_do_not_hide_it():
    alone, crowded = (off_data(correlated(1000, 0.9, p), random_state=0)["x0"] for p in (2, 30))
    assert crowded == pytest.approx(alone, rel=0.15)


def test_a_relation_that_turns_is_seen_though_ranks_do_not():
    angle = np.random.default_rng(0).random(1000) * 2 * np.pi
    circle = np.column_stack([np.cos(angle), np.sin(angle), np.random.default_rng(1).normal(size=1000)])
    found = weighin.associations(circle, random_state=0)
    assert abs(found.association[0, 1]) < 0.1
    assert found.off_data["x0"] > 1.5 > found.off_data["x2"]


def test_a_column_of_sums_holds_its_parts():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"home": rng.normal(size=800), "away": rng.normal(size=800)})
    frame["spread"] = frame["home"] - frame["away"]
    ratios = off_data(frame, random_state=0)
    assert min(ratios.values()) > 2


def test_a_name_that_follows_from_another_leaves_the_data():
    rng = np.random.default_rng(0)
    team = rng.integers(0, 10, 1000)
    frame = pd.DataFrame(
        {"team": team.astype(str), "league": (team // 5).astype(str), "x": rng.normal(size=1000)}
    )
    ratios = off_data(frame, random_state=0)
    assert min(ratios["team"], ratios["league"]) > 1.5 > ratios["x"]


def test_moved_together_they_stay():
    X = correlated(1000, 0.95, 3)
    ratios = off_data(X, random_state=0, groups={"pair": ("x0", "x1")})
    assert ratios["x0"] > 3
    assert ratios["pair"] == pytest.approx(1, abs=0.15)


def test_copies_have_a_number_too():
    x = np.random.default_rng(0).normal(size=500)
    ratios = off_data(np.column_stack([x, x]), random_state=0)
    assert np.isfinite(list(ratios.values())).all()
    assert "more than 20 times as far" in " ".join(
        weighin.associations(np.column_stack([x, x]), random_state=0).sentences()
    )


def test_equal_rows_are_no_danger():
    X = np.zeros((100, 3))
    X[:, 0] = np.arange(100) % 2
    assert off_data(X, random_state=0) == {"x0": 1.0, "x1": 1.0, "x2": 1.0}


def test_one_column_has_nothing_to_fit_to():
    assert off_data(np.arange(100.0)[:, None], random_state=0) == {"x0": 1.0}


def test_too_few_rows_tell_nothing():
    found = weighin.associations(correlated(49, 0.9), random_state=0)
    assert np.isnan(list(found.off_data.values())).all()
    assert "times as far" not in found.summary()
    assert "Too few rows" in repr(found["x0"])


def test_sentences_say_how_many_times():
    found = weighin.associations(correlated(1000, 0.9), random_state=0)
    ratio = found.off_data["x0"]
    sentence = (
        f"Shuffling x0 puts rows {ratio:.1f} times as far from any real row as real rows are from each other"
    )
    assert any(sentence in told or f"x0 ({ratio:.1f})" in told for told in found.sentences())
    calm = weighin.associations(correlated(1000, 0.0), random_state=0)
    assert calm.off_data["x0"] < 1.5
    assert "times as far" not in calm.summary()


def test_an_unknown_member_is_said():
    with pytest.raises(weighin.InputError, match="names 'x7'"):
        off_data(correlated(50, 0.5), random_state=0, groups={"pair": ("x0", "x7")})
