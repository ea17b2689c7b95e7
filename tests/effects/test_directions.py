"""Which way predictions go, and how sure that is."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

import weighin
from kernels import runnable

pytestmark = pytest.mark.slow

torch.set_num_threads(1)


def uniform(n=400, p=3, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, p))


WAYS = {
    "rises": lambda x: 2 * x,
    "falls": lambda x: -np.exp(x),
    "peaks": lambda x: -(x**2),
    "dips": np.abs,
    "mixed": lambda x: np.sin(5 * x),
    "none": lambda x: 0 * x,
}


@pytest.mark.parametrize("way", WAYS)
def test_the_direction_of_a_curve(way):
    found = weighin.effects(lambda X: WAYS[way](X[:, 0]) + X[:, 1], uniform(), random_state=0)
    assert found["x0"].direction == way
    assert found["x1"].direction == "rises"
    assert found["x2"].direction == "none"
    assert found["x1"].arrow == "↗"
    assert len({effect.arrow for effect in found.effects}) == len(
        {effect.direction for effect in found.effects}
    )


def test_a_kink_at_the_end_does_not_spoil_a_direction():
    found = weighin.effects(lambda X: X[:, 0] + 0.6 * X[:, 0] ** 2, uniform(), ["x0"], random_state=0)
    assert found["x0"].direction == "rises"  # it falls by 0.01 at first


def test_a_small_effect_beside_a_large_spread_is_none():
    def at(size):
        return weighin.effects(lambda X: size * X[:, 0] + X[:, 1], uniform(), random_state=0)["x0"].direction

    assert (at(0.2), at(0.02)) == ("rises", "none")


def test_an_unused_feature_is_flat_and_certain():
    found = weighin.effects(lambda X: X[:, 0] * X[:, 1], uniform(), ["x2"], random_state=0)
    frame = found.to_frame(centered=True)
    assert (frame[["effect", "ci_lower", "ci_upper"]] == 0).all(axis=None)  # whatever processor it is
    assert (found.curves("x2", centered=True) == 0).all()
    assert found.sentence("x2") == "The prediction does not move with x2."


@pytest.mark.parametrize("kernel", runnable())
def test_an_unused_feature_is_certain_whichever_way_a_processor_adds(kernel):
    program = """
import numpy as np, weighin
X = np.random.default_rng(0).uniform(-1, 1, (400, 3))
found = weighin.effects(lambda X: X[:, 0] * X[:, 1], X, ["x2"], random_state=0).to_frame(centered=True)
print(found[["effect", "ci_lower", "ci_upper"]].abs().to_numpy().max())
"""
    environ = {**os.environ, "OPENBLAS_CORETYPE": kernel}
    told = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True)
    assert told.stdout.strip() == "0.0", told.stderr


def test_a_column_a_network_has_no_weights_for_is_flat_to_the_bit():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    with torch.no_grad():
        net[0].weight[:, 2] = 0
    found = weighin.effects(net, uniform().astype(np.float32), random_state=0)
    assert np.ptp(found.curves("x2"), axis=1).max() == 0
    assert found["x2"].direction == "none"


def test_chance_makes_no_direction():
    rng = np.random.default_rng(0)
    directions = []
    for seed in range(30):
        X = rng.normal(size=(60, 2))
        # on average over all rows nothing moves with x0; on these it does, a little
        found = weighin.effects(lambda X: X[:, 0] * X[:, 1], X, ["x0"], random_state=seed)
        directions.append(found["x0"].direction)
        if directions[-1] == "none" and "barely" not in found.sentence("x0"):
            assert "may be chance" in found.sentence("x0")
    assert directions.count("none") >= 28


def test_names_differ_and_have_an_order_by_effect():
    frame = pd.DataFrame({"name": ["a", "b", "c"] * 50, "x": np.arange(150.0)})
    worth = {"a": 1.0, "b": 9.0, "c": 4.0}
    found = weighin.effects(
        lambda rows: rows["name"].map(worth).to_numpy() + 0.01 * rows["x"], frame, random_state=0
    )
    assert found["name"].direction == "differs"
    assert found.level_order("name") == ("b", "c", "a")
    assert found.sentence("name") == "The prediction is highest for name = b and lowest for a, by 8."


def test_truth_values_and_ordered_categories_rise_and_fall():
    size = pd.Categorical(["s", "m", "l"] * 50, categories=["s", "m", "l"], ordered=True)
    frame = pd.DataFrame({"flag": [True, False, False] * 50, "size": size})
    found = weighin.effects(
        lambda rows: 3.0 * rows["flag"].to_numpy() - rows["size"].cat.codes.to_numpy(), frame, random_state=0
    )
    assert found.claims() == {"flag": "rises", "size": "falls"}
    assert found.sentence("flag") == "The prediction rises with flag: by 3 from False to True."


def test_sentences_name_the_turn():
    X = np.round(uniform(400, 2) * 5)
    found = weighin.effects(lambda X: -((X[:, 0] - 1) ** 2) + X[:, 1], X, random_state=0)
    assert (
        found.sentence("x0")
        == "The prediction peaks at x0 = 1: 36 higher than at \N{MINUS SIGN}5, 16 higher than at 5."
    )
    assert found.sentence("x1") == "The prediction rises with x1: by 10 from \N{MINUS SIGN}5 to 5."


def test_the_text_tells_the_largest_first_and_what_rows_that_occur_say():
    X = np.random.default_rng(0).normal(size=(1000, 3))
    X[:, 1] = 0.95 * X[:, 0] + 0.31 * X[:, 1]
    found = weighin.effects(lambda X: X[:, 0] * X[:, 1] + 0.3 * X[:, 0] + X[:, 2] * 0.1, X, random_state=0)
    lines = str(found).splitlines()
    assert lines[0] == "Effects on the prediction"
    starts = [line.split()[:2] for line in lines[4:7]]
    assert [name for name, _ in starts] == found_by_range(found)
    assert starts == [["x0", "↗"], ["x1", "may"], ["x2", "↗"]]
    assert "Predictions are 0.9" in str(found)
    told = next(line for line in found.summary().splitlines() if "with x0" in line)
    assert told.endswith("Among rows as they occur (accumulated local effects): dips.")
    assert repr(found) == str(found)


def found_by_range(found):
    """Names, that which moves predictions most first."""
    frame = found.to_frame().query("kind == 'pd'").groupby("feature")["effect"].agg(np.ptp)
    return list(frame.sort_values(ascending=False).index)


def test_the_interval_of_a_range_holds_for_the_two_points_that_were_looked_for():
    missed = 0
    for seed in range(60):
        X = np.random.default_rng(seed).normal(size=(80, 2))
        # nothing moves with x0 on average over all rows
        low, _ = weighin.effects(lambda X: X[:, 0] * X[:, 1], X, ["x0"], random_state=0)[
            "x0"
        ].reach_interval()
        missed += low > 0
    assert missed <= 6


def test_few_rows_claim_nothing():
    X = uniform(12)
    found = weighin.effects(lambda X: X[:, 0] + X[:, 1] ** 2, X, random_state=0)
    assert not any(found.claims().values())
    assert found.sentence("x0").startswith(
        "Too few rows (fewer than 20) to say how the prediction moves with x0"
    )
    assert "barely" not in found.summary()
    assert "no interval is valid" in str(found)
    assert np.isnan(found["x0"].reach_interval()).all()
    assert "too few rows for an interval" in repr(found["x0"])


def test_directions_follow_the_confidence_level_in_every_view():
    X = np.random.default_rng(3).normal(size=(60, 2))
    # on average over all rows it rises by .3, each row by more or less
    found = weighin.effects(lambda X: X[:, 0] * (0.3 + X[:, 1]), X, ["x0"], grid=2, random_state=3)
    levels = (0.5, 0.8, 0.95, 0.999999)
    words = [found.claims(level)["x0"] for level in levels]
    assert (words[0], words[-1]) == ("rises", "")
    for level, word in zip(levels, words, strict=True):
        row = found.tell(level).tables[0].rows[0]
        assert (row.claimed, row.meaning) == (bool(word), word or row.meaning)
        assert f"{100 * level:g}% interval" in found.to_html(confidence_level=level)
    with pytest.raises(weighin.InputError, match="confidence_level must be between 0 and 1"):
        found.claims(1.5)
