"""What interactions say and show, and that they come back from a file."""

from __future__ import annotations

import numpy as np
import pytest

import weighin
from pages import asks_nobody, without_scripts


def bent(table):
    """The first matters where the second is near 0; it turns with the third."""
    return 4 * table[:, 0] * np.exp(-(table[:, 1] ** 2)) + 3 * table[:, 2] * table[:, 3]


@pytest.fixture(scope="module")
def found() -> weighin.Interactions:
    rows = np.random.default_rng(0).standard_normal((1_000, 5))
    return weighin.interactions(bent, rows, feature_names=["dose", "age", "a", "b", "c"], random_state=0)


def test_the_table_ranks_pairs_and_then_features(found):
    frame = found.to_frame(backend="pandas")
    assert frame["kind"].tolist() == ["pair"] * 10 + ["total"] * 5
    assert frame.loc[0, ["feature", "other"]].tolist() == ["a", "b"]
    assert frame["value"][:10].is_monotonic_decreasing
    assert frame["share"][0] == found["b", "a"].share
    assert (frame["ci_lower"] <= frame["value"]).all()
    assert frame["pvalue_holm"].notna().sum() == 10
    assert frame.loc[(frame["kind"] == "total") & (frame["feature"] == "c"), "value"].tolist() == [0]


def test_sentences_name_the_pairs_and_how_one_effect_depends_on_the_other(found):
    said = found.summary()
    assert said.splitlines()[0].startswith("a and b act together: ")
    assert "dose and age act together: " in said
    assert "dose matters more where age is near" in said
    assert "than where age is" in said
    assert "Where b is high (" in said or "Where a is high (" in said
    assert "it falls (by" in said


def test_a_surface_is_the_mean_prediction_at_values_of_both(found):
    (surface,) = [surface for surface in found.surfaces if set(surface.features) == {"dose", "age"}]
    assert surface.values.shape == (8, 8)
    first, second = (
        np.array([float(label.replace("−", "-")) for label in axis.labels]) for axis in surface.axes
    )
    # the product of a and b averages out, up to a constant over the rows that is taken
    expected = 4 * first[:, None] * np.exp(-(second**2))
    np.testing.assert_allclose(surface.values - surface.values.mean(), expected - expected.mean(), atol=0.01)
    assert surface.dependence is not None
    assert surface.dependence.kind == "grows"
    assert surface.dependence.ci_lower > 0


def test_surfaces_of_what_chance_explains_say_nothing():
    """The three act together, and no two of them alone: their surfaces are flat, up to chance."""
    rows = np.random.default_rng(2).standard_normal((400, 3))
    found = weighin.interactions(lambda t: t[:, 0] * t[:, 1] * t[:, 2], rows, random_state=0)
    assert len(found.surfaces) == 3
    assert all(line.claimed for line in found.lines())
    assert sum(surface.dependence is not None for surface in found.surfaces) <= 1


def test_levels_are_named_and_groups_have_no_surface():
    import pandas as pd

    rng = np.random.default_rng(0)
    table = pd.DataFrame({"ward": rng.choice(["east", "west"], 600), "dose": rng.normal(size=600)})

    def model(given):
        return np.where(given["ward"] == "east", 3.0, -1.0) * given["dose"]

    found = weighin.interactions(model, table, random_state=0)
    assert "Where ward is east, the prediction rises with dose" in found.summary()
    assert "where ward is west, it falls" in found.summary()
    table["c"] = 0.0
    grouped = weighin.interactions(
        model, table, groups={"g": ["dose", "c"]}, pairs=[("ward", "g")], random_state=0
    )
    assert grouped.surfaces == ()
    assert weighin.interactions(model, table, surfaces=0, random_state=0).surfaces == ()


def test_it_comes_back_from_a_file(found, tmp_path):
    found.save(tmp_path / "found.json")
    again = weighin.Interactions.load(tmp_path / "found.json")
    assert again.summary() == found.summary()
    assert str(again) == str(found)
    assert again.lines(0.8) == found.lines(0.8)
    np.testing.assert_array_equal(again.surfaces[0].values, found.surfaces[0].values)


@pytest.mark.slow
def test_the_page_has_the_square_the_tables_and_the_surfaces(found):
    page = found.to_html()
    text = without_scripts(page)
    assert asks_nobody(page)
    for said in (
        "Features that act together",
        "a × b",
        "dose × age",
        "How to read this",
        "superset importance",
    ):
        assert said in text
    assert "| a × b |" in found.to_markdown()
    assert "a × b" in found._repr_html_()


@pytest.mark.slow
def test_charts(found):
    import matplotlib.pyplot as plt

    axes = found.plot(limit=3)
    texts = [text.get_text() for text in axes.texts]
    assert found.lines()[0].shares.value in texts
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b", "dose"]
    axes = found.plot(("age", "dose"), title="Dose")
    assert len([text for text in axes.texts if text.get_text()]) >= 64
    with pytest.raises(weighin.InputError, match="no surface of"):
        found.plot(("a", "c"))
    plt.close("all")


def test_intervals_widen_with_their_level(found):
    narrow, wide = found.interval(0.5), found.interval(0.99)
    assert (wide[0] <= narrow[0]).all()
    assert (narrow[1] <= wide[1]).all()
    assert (found.share_interval()[0] >= 0).all()
    assert found.total_share_interval()[0][0] > 0
    with pytest.raises(weighin.InputError, match="confidence_level"):
        found.interval(1.0)


def test_a_group_beside_its_members():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4_000, 3))
    X[:, 1] = 0.8 * X[:, 0] + 0.6 * X[:, 1]
    y = 2 * X[:, 0] + X[:, 1] + X[:, 2] + rng.standard_normal(4_000)
    imp = weighin.weigh(
        lambda t: 2 * t[:, 0] + t[:, 1] + t[:, 2],
        X,
        y,
        metric="mse",
        groups={"close": ["x0", "x1"], "apart": ["x0", "x2"]},
        random_state=0,
    )
    close, apart = imp.interaction("close"), imp.interaction("apart")
    # 4 b1 b2 cov(x1, x2)
    assert close.ci_lower < 4 * 2 * 0.8 < close.ci_upper
    assert close.interaction == pytest.approx(6.4, rel=0.1)
    assert apart.ci_lower < 0 < apart.ci_upper
    means = dict(zip(imp.features, imp.importances_mean, strict=True))
    assert close.interaction == pytest.approx(means["close"] - means["x0"] - means["x1"])
    assert "close weighs 6." in repr(close)
    assert "more than x0 + x1 one by one" in repr(close)
    assert "Correlated members" in repr(close)
    assert "cannot be told apart" in repr(apart)
    product = weighin.weigh(
        lambda t: 2 * t[:, 0] * t[:, 2],
        X,
        2 * X[:, 0] * X[:, 2],
        metric="mse",
        groups={"both": ["x0", "x2"]},
        random_state=0,
    ).interaction("both")
    # 8 alone, 8 alone, 8 together
    assert product.ci_lower < -8 < product.ci_upper


def test_groups_that_cannot_be_set_beside_their_members():
    X = np.random.default_rng(0).standard_normal((60, 2))
    model = lambda t: t[:, 0]  # noqa: E731 - short
    imp = weighin.weigh(
        model, X, X[:, 0], metric="mse", features=["x0"], groups={"g": ["x0", "x1"]}, random_state=0
    )
    with pytest.raises(weighin.InputError, match="'x1' were not weighed"):
        imp.interaction("g")
    with pytest.raises(weighin.InputError, match="Did you mean 'g'"):
        imp.interaction("gg")
    alone = weighin.weigh(model, X, X[:, 0], metric="mse", random_state=0)
    with pytest.raises(weighin.InputError, match="no groups"):
        alone.interaction("g")
