"""Weigh a dataset of Ray where its blocks lie: one part of each block, summed up on the driver."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from weighin._base.errors import InputError
from weighin._base.optional import require
from weighin._base.progress import tracking
from weighin._engine import Resources
from weighin._models import type_names
from weighin._results.importance import Importance
from weighin._weigh.given import asked_for
from weighin._weigh.parts.joining import joined
from weighin._weigh.parts.part import Part
from weighin._weigh.parts.plan import PART_ROWS, PartsPlan, plan_parts
from weighin._weigh.parts.weigher import NAMES_FROM, PartWeigher
from weighin._weigh.same_rows import sum_of_rows
from weighin._weigh.to_result import beside

# rows of the first blocks by which the run is planned
SAMPLE_ROWS = 20_000


def is_ray_dataset(X: Any) -> bool:
    """Whether it is a dataset of Ray: told by its type, nothing is imported."""
    return type(X).__module__.startswith("ray.data") and hasattr(X, "map_batches")


def check_for_ray(unfit: Mapping[str, bool]) -> None:
    """Refuse what is not done block by block. `unfit`: whether it was asked for, by name."""
    what = next((name for name, wanted in unfit.items() if wanted), None)
    if what is not None:
        raise InputError(
            f"A dataset of Ray is weighed block by block, which does not go with {what}. Leave it out, or weigh a "
            "sample: dataset.random_sample(0.01).to_pandas()."
        )


def weigh_on_ray(
    model: Any,
    dataset: Any,
    asked: Mapping[str, Any],
    seed: int,
    resources: Resources,
    *,
    device: Any = None,
    progress: bool | None = None,
) -> Importance:
    """Weigh all rows of a dataset.

    `asked`: arguments of `plan_parts`, but for the model, the sample and the seed. `resources`: of each worker. Raises
    InputError on what a cluster cannot do: values that are no names of columns.
    """
    ray = require("ray", "ray", "weigh a dataset of Ray")
    for name in ("y", "within", "by", "sample_weight"):
        if asked[name] is not None and not isinstance(asked[name], str):
            raise InputError(
                f"{name} must be the name of a column of the dataset, got {type(asked[name]).__name__}."
            )
    blocks = dataset.randomize_block_order(seed=seed)
    sample = blocks.limit(SAMPLE_ROWS).to_pandas()
    ask = {**asked, "random_state": seed, "part_rows": PART_ROWS}
    plans = [plan_parts(model, sample, **{**ask, "given": given}) for given in asked_for(asked["given"])]
    shared = ray.put(pickle_of(model)), ray.put(pickle_of(plans))
    gpu = _gpus(ray, model, device)
    blocks = blocks.repartition(target_num_rows_per_block=PART_ROWS)
    with _in_order(blocks):
        outputs = blocks.map_batches(
            BlockWeigher,
            batch_size=None,
            batch_format="pandas",
            fn_constructor_args=(*shared, resources, "cuda" if gpu and device is None else device),
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=_workers(ray, gpu)),
            num_cpus=1,
            num_gpus=gpu or None,
        )
        parts: list[list[Part]] = [[] for _ in plans]
        rests = []
        with tracking("Weighing on Ray", dataset.count(), progress) as advance:
            for row in outputs.iter_rows():
                found, rest, n_rows = pickle.loads(row["found"])
                for mine, more in zip(parts, found, strict=True):
                    mine += more
                rests += [] if rest is None else [rest]
                advance(n_rows)
    return _result(model, plans, parts, rests, resources, device)


class BlockWeigher:
    """What each worker holds: the model and the plans, once."""

    def __init__(self, model: Any, plans: Any, resources: Resources, device: Any) -> None:
        import ray

        held = pickle.loads(ray.get(model))
        self.plans: list[PartsPlan] = pickle.loads(ray.get(plans))
        self.weighers = [PartWeigher(held, plan, resources, device=device).__enter__() for plan in self.plans]

    def __call__(self, block: Any) -> dict[str, Any]:
        """Weigh a block, in parts of about equal size; too few rows go back to be put together with others."""
        terms = self.plans[0].terms
        if len(block) < least_rows(self.plans):
            return {"found": [pickle.dumps(([[] for _ in self.plans], block, len(block)))]}
        n_parts = -(-len(block) // terms.part_rows)
        # a block is named by its rows: a task that runs again gives the same part
        name = int(sum_of_rows(None, block), 16) >> 4
        order = np.random.default_rng([terms.random_state, name]).permutation(len(block))
        block = block.iloc[order]
        cuts = [block.iloc[rows] for rows in np.array_split(np.arange(len(block)), n_parts)]
        found = [
            [weigher.part(rows, NAMES_FROM + name + k) for k, rows in enumerate(cuts)]
            for weigher in self.weighers
        ]
        return {"found": [pickle.dumps((found, None, len(block)))]}


def least_rows(plans: list[PartsPlan]) -> int:
    """Rows that allow as many shuffles as planned."""
    return 2 * max(plan.terms.n_repeats for plan in plans) + 1


def pickle_of(thing: Any) -> bytes:
    """A model or plan as bytes, functions of a notebook too."""
    from ray import cloudpickle

    return bytes(cloudpickle.dumps(thing))


def _result(
    model: Any,
    plans: list[PartsPlan],
    parts: list[list[Part]],
    rests: list[Any],
    resources: Resources,
    device: Any,
) -> Importance:
    notes = [
        "Blocks came in random order, and rows exchanged values with those of a block of up to "
        f"{PART_ROWS:,} rows, in random order there: dataset.random_shuffle() puts all rows in random order first."
    ]
    if rests:
        import pandas as pd

        rest = pd.concat(rests, ignore_index=True)
        if len(rest) >= least_rows(plans):
            for plan, mine in zip(plans, parts, strict=True):
                with PartWeigher(model, plan, resources, device=device) as weigher:
                    mine.append(weigher.part(rest, NAMES_FROM - 1 + 2**62))
        else:
            notes.append(f"{len(rest):,} rows of blocks that were too small for shuffles were left out.")
    main: Importance | None = None
    for mine in parts:
        if not mine:
            raise InputError("The dataset has too few rows to weigh: take() them, and weigh the table.")
        n_rows = sum(part.n_rows for part in mine)
        result = joined(mine, rows=f"{n_rows:,} rows of a dataset of Ray", notes=notes)
        main = result if main is None else beside(main, result)
    assert main is not None
    return main


def _workers(ray: Any, gpu: int) -> int:
    """As many as there are processors, or GPUs."""
    return max(1, int(ray.cluster_resources().get("GPU" if gpu else "CPU", 1)))


def _gpus(ray: Any, model: Any, device: Any) -> int:
    """A GPU for each worker, where there are some and the model is one of torch, or one was asked for."""
    if device is not None:
        return int(str(device).startswith("cuda"))
    of_torch = bool({"torch.Module", "fastai.Learner"} & type_names(model))
    return int(of_torch and ray.cluster_resources().get("GPU", 0) >= 1)


@contextmanager
def _in_order(dataset: Any) -> Iterator[None]:
    """Blocks are put together in the order they have, whichever worker is done first: so parts are the same again."""
    options = dataset.context.execution_options
    before, options.preserve_order = options.preserve_order, True
    try:
        yield
    finally:
        options.preserve_order = before
