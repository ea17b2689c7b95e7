"""Arrows for the way predictions go, once an importance knows them."""

from __future__ import annotations

import numpy as np
import pytest

import weighin
from charts import result
from weighin._base.text import ARROWS


def test_arrows_are_one_letter_each():
    assert all(len(sign) == 1 for sign in ARROWS.values())
    assert len(set(ARROWS.values())) == len(ARROWS)


def test_arrows_are_in_every_view_once_they_are_given():
    plain = result([3.0, 2.0, 1.0], ["spread", "elo", "week"])
    imp = plain.with_effects({"spread": "falls", "elo": "dips"})
    assert plain.directions == {}
    assert imp.directions == {"spread": "falls", "elo": "dips"}
    for text in (str(imp), imp._repr_html_()):
        assert "Arrows: which way predictions go as the feature grows." in text
    assert "spread ↘" in str(imp)
    assert 'elo <span title="dips">\N{UNION}</span></th>' in imp._repr_html_()
    assert "↘" not in str(plain) + plain._repr_html_()


def test_arrows_stay_with_a_saved_and_a_merged_result(tmp_path):
    imp = result([3.0, 2.0], ["spread", "elo"]).with_effects({"spread": "falls"})
    imp.save(tmp_path / "i.json")
    assert weighin.Importance.load(tmp_path / "i.json").directions == {"spread": "falls"}
    rest = result([1.0], ["week"]).with_effects({"week": "none"})
    assert imp.merge(rest).directions == {"spread": "falls", "week": "none"}


def test_what_effects_found_is_understood_also_of_other_features():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    model = lambda x: 2 * x[:, 0] - x[:, 1]  # noqa: E731
    imp = weighin.weigh(
        model, x, model(x), metric=["mae", "rmse"], features=["x0", "x1"], n_repeats=2, random_state=0
    )
    imp = imp.with_effects(weighin.effects(model, x))
    assert imp.directions == imp.of("rmse").directions == {"x0": "rises", "x1": "falls"}


@pytest.mark.slow
def test_no_view_has_an_arrow_where_nobody_knows_which_way() -> None:
    x = np.random.default_rng(0).normal(size=(300, 2))
    model = lambda x: 5 * x[:, 0] + np.sin(9 * x[:, 1])  # noqa: E731
    few = weighin.effects(model, x[:15], random_state=0)
    assert not any(few.claims().values())
    assert {effect.arrow for effect in few.effects} == {""}
    imp = weighin.weigh(model, x, model(x), n_repeats=2, random_state=0).with_effects(few)
    assert imp.directions == {}
    for text in (str(imp), imp.to_html(), str(few), few.to_html(), repr(few["x0"])):
        assert not any(word in text for word in ("→", "hardly moves", "barely moves"))
    assert repr(few["x0"]).startswith("x0: too few rows, range ")


@pytest.mark.parametrize(
    ("effects", "message"),
    [
        ({"spraed": "rises"}, "Unknown feature 'spraed'. Did you mean 'spread'"),
        ({"spread": "up"}, "direction of 'spread' must be one of 'rises', .*, got 'up'"),
        (3, "effects must be a result of weighin.effects or a mapping, got int"),
    ],
)
def test_effects_of_something_else_are_refused(effects, message):
    with pytest.raises(weighin.InputError, match=message):
        result([1.0], ["spread"]).with_effects(effects)
