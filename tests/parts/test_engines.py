"""Parts on other engines, by the lines of docs/scale.md: where these are installed."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from in_parts import FEATURES, SEED, cut, model, plan_of, shuffled, table

import weighin

pytestmark = pytest.mark.slow
PAGE = Path(__file__).resolve().parents[2] / "docs" / "scale.md"


def lines_for(engine: str) -> Any:
    """Code of a section of the page."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.search(rf"^## {engine}\n.*?```python\n(.*?)```", text, re.S | re.M)
    assert section is not None
    return compile(section[1], f"scale.md, {engine}", "exec")


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    """Ray with two workers on this machine."""
    ray = pytest.importorskip("ray")
    os.environ["RAY_DATA_DISABLE_PROGRESS_BARS"] = "1"
    here = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    ray.init(
        num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": here}},
    )  # fmt: skip
    yield ray
    ray.shutdown()


def dataset_of(ray: Any, frame: Any) -> Any:
    """Blocks of uneven sizes."""
    edges = [0, 9000, 20_000, 20_005, 33_000, len(frame)]
    return ray.data.from_pandas([frame.iloc[first:end] for first, end in itertools.pairwise(edges)])


@pytest.mark.filterwarnings("ignore")
def test_a_dataset_of_ray_is_weighed_where_it_lies(ray):
    frame = table(40_000)
    names = {"weighin": weighin, "model": model, "dataset": dataset_of(ray, frame[[*FEATURES, "y"]])}
    exec(lines_for("Ray"), names)
    imp, kept = names["imp"], frame[[*FEATURES, "y"]].drop(range(20_000, 20_005))
    whole = weighin.weigh(model, kept, "y", metric="mse", random_state=0)
    assert imp.n_rows == 39_995
    assert "5 rows of blocks that were too small for shuffles were left out." in imp.notes
    assert imp.baseline == pytest.approx(whole.baseline, rel=1e-12)
    assert (abs(imp.importances_mean - whole.importances_mean) <= 4 * whole.se_shuffle).all()
    np.testing.assert_allclose(imp.se, whole.se, 0.1)
    assert any("Blocks came in random order" in note for note in imp.notes)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("calls", [3, 7, 15])
def test_a_worker_of_ray_that_is_killed_changes_no_number(ray, tmp_path, calls):
    frame = table(40_000)[[*FEATURES, "y"]]
    dataset = dataset_of(ray, frame).repartition(4)
    asked = {
        "metric": "mse",
        "n_repeats": 5,
        "random_state": SEED,
        "given": [None, ["b"]],
        "features": ["a", "kind"],
    }
    good = weighin.weigh(model, dataset, "y", **asked)
    driver, log = os.getpid(), tmp_path / "calls"

    def killed_once(rows: Any) -> Any:
        if os.getpid() != driver:
            with log.open("a") as file:
                file.write("x")
            if log.stat().st_size == calls:
                os.kill(os.getpid(), 9)
        return model(rows)

    bad = weighin.weigh(killed_once, dataset, "y", **asked)
    assert log.stat().st_size > calls
    for given in good.givens:
        np.testing.assert_array_equal(bad.of(given=given).importances, good.of(given=given).importances)
        np.testing.assert_array_equal(bad.of(given=given).se, good.of(given=given).se)


@pytest.mark.filterwarnings("ignore")
def test_ray_refuses_what_is_not_done_block_by_block(ray):
    dataset = dataset_of(ray, table(40_000)[[*FEATURES, "y"]])
    with pytest.raises(weighin.InputError, match="does not go with precision"):
        weighin.weigh(model, dataset, "y", precision=0.1)
    with pytest.raises(weighin.InputError, match="does not go with several models"):
        weighin.weigh([model, model], dataset, "y")
    with pytest.raises(weighin.InputError, match="sample_weight must be the name of a column"):
        weighin.weigh(model, dataset, "y", sample_weight=np.ones(40_000))


@pytest.mark.filterwarnings("ignore")
def test_ray_dask_and_memory_give_the_same_numbers_for_the_same_parts(ray):
    frame = table()[[*FEATURES, "y"]]
    whole = weighin.weigh(model, frame, "y", n_repeats=5, metric="mse", random_state=SEED)
    rows = shuffled(frame)
    plan = plan_of(rows)
    weigh = ray.remote(weighin.weigh_part)
    parts = ray.get([weigh.remote(model, part, plan, number) for number, part in enumerate(cut(rows))])
    np.testing.assert_allclose(weighin.join_parts(parts).importances, whole.importances, 1e-9, 1e-9)


@pytest.mark.filterwarnings("ignore")
def test_dask():
    dask = pytest.importorskip("dask")
    frames = pytest.importorskip("dask.dataframe")
    frame = table()[[*FEATURES, "y"]]
    whole = weighin.weigh(model, frame, "y", n_repeats=5, metric="mse", random_state=SEED)
    rows = shuffled(frame)
    partitions = [dask.delayed(part) for part in cut(rows)]
    names = {
        "weighin": weighin, "model": model, "plan": plan_of(rows),
        "frame": frames.from_delayed(partitions, meta=rows.iloc[:0]),
    }  # fmt: skip
    with dask.config.set(scheduler="synchronous"):
        exec(lines_for("Dask"), names)
    np.testing.assert_allclose(names["imp"].importances, whole.importances, 1e-9, 1e-9)
    np.testing.assert_allclose(names["imp"].se, whole.se, 1e-9, 1e-9)


def test_duckdb():
    duckdb = pytest.importorskip("duckdb")
    frame = table(30_000)[[*FEATURES, "y"]]
    duckdb.register("games", frame)
    duckdb.sql("SELECT setseed(0.5)").fetchall()
    names = {"weighin": weighin, "model": model, "plan": plan_of(frame), "n_parts": 5}
    try:
        exec(lines_for("DuckDB"), names)
    finally:
        duckdb.sql("DROP TABLE IF EXISTS mixed")
        duckdb.unregister("games")
    imp = names["imp"]
    whole = weighin.weigh(model, frame, "y", n_repeats=5, metric="mse", random_state=0)
    assert imp.n_rows == 30_000
    assert imp.baseline == pytest.approx(whole.baseline, rel=1e-12)
    assert (abs(imp.importances_mean - whole.importances_mean) <= 4 * whole.se_shuffle).all()
    assert not any("random order" in note for note in imp.notes)
