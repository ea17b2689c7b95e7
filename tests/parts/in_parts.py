"""A table in the random order that weighing in memory takes, cut into parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import weighin
from weighin._samplers import row_order

SEED, PART_ROWS = 3, 8192
N_ROWS = 2 * PART_ROWS + 4500


def table(n_rows: int = N_ROWS, seed: int = 0) -> pd.DataFrame:
    """Numbers and names, a target, weights, a region and a season."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n_rows, 3)), columns=["a", "b", "unused"])
    frame["kind"] = rng.choice(["x", "y", "z"], n_rows)
    frame["y"] = 2 * frame.a + frame.b**2 + frame.a * (frame.kind == "z") + rng.normal(size=n_rows)
    frame["weight"] = rng.uniform(0.5, 2.0, n_rows)
    frame["region"] = rng.choice(["north", "south"], n_rows)
    frame["season"] = rng.choice([2023, 2024], n_rows)
    return frame


FEATURES = ["a", "b", "unused", "kind"]


def model(rows: Any) -> Any:
    """Predicts most of the target."""
    return (2 * rows["a"] + rows["b"] ** 2 + rows["a"] * (rows["kind"] == "z")).to_numpy() + 0.3


def shuffled(frame: pd.DataFrame, seed: int = SEED) -> pd.DataFrame:
    """Rows in the order that `weigh` cuts into blocks."""
    return frame.iloc[row_order(len(frame), seed)].reset_index(drop=True)


def cut(frame: pd.DataFrame, part_rows: int = PART_ROWS) -> list[pd.DataFrame]:
    """Parts of whole blocks, the last one larger or smaller."""
    return [frame.iloc[start : start + part_rows] for start in range(0, len(frame), part_rows)]


def plan_of(frame: pd.DataFrame, **asked: Any) -> weighin.PartsPlan:
    """Plan with the first rows as sample."""
    asked = {"metric": "mse", "features": FEATURES, "n_repeats": 5, "random_state": SEED, **asked}
    return weighin.plan_parts(model, frame.iloc[:3000], "y", part_rows=PART_ROWS, **asked)


def parts_of(frame: pd.DataFrame, plan: weighin.PartsPlan) -> list[weighin.Part]:
    """All parts of a table in random order."""
    return [weighin.weigh_part(model, rows, plan, number) for number, rows in enumerate(cut(frame))]
