"""Importance given other columns: what `weigh` gives, against closed forms and what it has to equal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import weighin
from weighin import Importance, InputError

# each fits what columns tell of each other
pytestmark = pytest.mark.slow


def linear(X: pd.DataFrame) -> np.ndarray:
    return 3 * X["x"].to_numpy() + X["w"].to_numpy()


def table(n: int = 2000, rho: float = 0.9, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    w = rng.normal(size=n)
    x = rho * w + np.sqrt(1 - rho**2) * rng.normal(size=n)
    X = pd.DataFrame({"x": x, "w": w})
    return X, linear(X) + rng.normal(size=n)


def weigh(model, X, y, **options) -> Importance:
    asked = {"metric": "mse", "random_state": 0, "n_repeats": 5, "given": "rest"} | options
    return weighin.weigh(model, X, y, **asked)


def test_a_linear_model_weighs_what_the_closed_form_says():
    imp = weigh(linear, *table())
    truth = 2 * np.array([9, 1]) * (1 - 0.9**2)
    assert (imp.ci_lower <= truth).all()
    assert (truth <= imp.ci_upper).all()
    np.testing.assert_allclose(imp.importances_mean, truth, rtol=0.1)
    assert imp.given == "rest"
    assert imp.given_reports["x"].own_share == pytest.approx(1 - 0.9**2, rel=0.1)
    assert imp.given_reports["x"].given == ("w",)


def test_both_ways_stand_in_one_result():
    X, y = table()
    both = weigh(linear, X, y, given=[None, "rest"])
    assert both.givens == ("", "rest")
    np.testing.assert_array_equal(both.importances, weigh(linear, X, y, given=None).importances)
    alone = weigh(linear, X, y)
    np.testing.assert_array_equal(both.of(given="rest").importances, alone.importances)


def test_nothing_given_is_the_free_importance_bit_by_bit():
    X, y = table(300)
    free = weigh(linear, X, y, given=None)
    for given in ([], {}, {"x": None}, {"w": []}):
        imp = weigh(linear, X, y, given=given)
        np.testing.assert_array_equal(imp.importances, free.importances)
        np.testing.assert_array_equal(imp.ci_lower, free.ci_lower)
        assert imp.given == ""
    one = X[["x"]]
    only = weigh(lambda X: X["x"].to_numpy(), one, y, given="rest")
    np.testing.assert_array_equal(
        only.importances, weigh(lambda X: X["x"].to_numpy(), one, y, given=None).importances
    )
    assert any("No column is left" in note for note in only.notes)


def test_an_unrelated_column_changes_nothing_but_chance():
    X, y = table(2000, rho=0.0)
    imp = weigh(linear, X, y)
    np.testing.assert_allclose(imp.importances_mean, [18, 2], rtol=0.12)


def test_names_a_list_and_a_mapping_say_the_same():
    X, y = table(400)
    X["z"] = np.random.default_rng(1).normal(size=400)
    named = weigh(linear, X, y, given="w")
    assert named.given == "w"
    for given in (["w"], ("w",), {"x": "w", "z": ["w"]}):
        imp = weigh(linear, X, y, given=given)
        for name in ("x", "z"):
            place = imp.features.index(name)
            np.testing.assert_array_equal(imp.importances[place], named.importances[place])
    assert any("w is what the others are given" in note for note in named.notes)
    assert weigh(linear, X, y, given={"x": "w"}).given == "per feature"


def test_a_duplicate_is_refused_by_name():
    X, y = table(400)
    X["copy"] = X["w"]
    imp = weigh(linear, X, y)
    place = imp.features.index("w")
    assert np.isnan(imp.importances_mean[place])
    assert np.isnan(imp.importances[place]).all()
    assert imp.given_reports["w"].inseparable_from[0] == "copy"
    together = weigh(linear, X, y, groups={"both": ["w", "copy"]})
    assert np.isfinite(together.importances_mean[together.features.index("both")])


def test_duplicates_of_each_other_get_one_note():
    rng = np.random.default_rng(0)
    w, v = rng.normal(size=(2, 300))
    X = pd.DataFrame({"w": w, "copy": w, "v": v})
    imp = weigh(lambda rows: rows["w"] + rows["v"], X, w + v, metric="mse", given="rest", random_state=0)
    assert [note for note in [*imp.notes, *imp.tell().notes] if "separated" in note] == [
        "w and copy cannot be separated from each other, so they have no importance of their own: weigh them as a "
        "group, groups={'w and copy': ['w', 'copy']}."
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("rset", "Unknown feature 'rset' in given"),
        (["ww"], "Did you mean 'w'"),
        ({"x": ["y"]}, r"given\['x'\]"),
        ({"u": "rest"}, "given names 'u', which is not weighed"),
        ({"x": ["x", "w"]}, "names x, which is what is shuffled"),
        (3, "given must be"),
    ],
)
def test_what_cannot_be_given_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        weigh(linear, *table(50), given=given)


def test_what_is_not_measured_so_is_refused():
    X, y = table(300)
    with pytest.raises(InputError, match="of unknown form"):
        weigh(linear, X, y, metric="median_absolute_error")
    with pytest.raises(InputError, match="precision"):
        weigh(linear, X, y, n_repeats="auto", precision=0.1)


def test_rows_that_are_kept_have_the_donors_of_each_feature():
    X, y = table(300)
    kept = weigh(linear, X, y, keep_rows=True).kept
    np.testing.assert_allclose(
        kept.changes.mean(axis=(1, 2)), weigh(linear, X, y).importances_mean, rtol=1e-5
    )
    for donors, bins in zip(kept.donors, kept.bins, strict=True):
        assert all(sorted(of_repeat) == list(range(300)) for of_repeat in donors)
        assert (bins[donors] == bins).all()
    assert kept.allowance.shape == kept.changes.shape
    assert (kept.lam >= 0).all()


def test_few_rows_are_said_to_be_few():
    assert any("fewer than 200 rows" in note for note in weigh(linear, *table(50)).notes)


def test_frames_matrices_and_networks_get_the_same_values():
    torch = pytest.importorskip("torch")
    import polars as pl

    X, y = table(500)
    frame = weigh(linear, X, y)
    of_polars = weigh(lambda X: 3 * X["x"].to_numpy() + X["w"].to_numpy(), pl.DataFrame(X), y)
    matrix = weigh(lambda X: 3 * X[:, 0] + X[:, 1], X.to_numpy(), y)
    np.testing.assert_allclose(of_polars.importances, frame.importances, rtol=1e-12)
    truth = 2 * np.array([9, 1]) * (1 - 0.9**2)
    np.testing.assert_allclose(matrix.importances_mean, truth, rtol=0.2)
    network = torch.nn.Linear(2, 1)
    with torch.no_grad():
        network.weight[:] = torch.tensor([[3.0, 1.0]])
        network.bias[:] = 0
    of_network = weigh(network, X.to_numpy(np.float32), y)
    np.testing.assert_allclose(of_network.importances, matrix.importances, rtol=1e-4)
    assert set(of_network.kernels.values()) == {"sum"}


def test_the_file_keeps_it(tmp_path):
    imp = weigh(linear, *table(300), given=[None, "rest"])
    imp.save(tmp_path / "imp.json")
    read = Importance.load(tmp_path / "imp.json")
    np.testing.assert_array_equal(read.of(given="rest").ci_lower, imp.of(given="rest").ci_lower)
