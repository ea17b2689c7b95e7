"""weighin's side: the only file here that knows how the engine is called."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

import weighin
from benchmarks.workloads import Job


@lru_cache(maxsize=2)
def ready(job: Job) -> tuple[Any, Any]:
    """The adapted model and the encoded rows; what every contender has before its time starts."""
    from weighin._models import as_model

    if job.learn is not None:
        model = as_model(job.learn)
        return model, model.encode(job.frame, None, "raise", True)
    model = as_model(job.model)
    inputs = (job.x_cat, job.x_cont) if job.is_torch else job.X
    return model, model.encode(inputs, job.y, "raise", True)


def suits(job: Job) -> bool:
    """Whether weighin reads this kind of model."""
    try:
        ready(job)
    except weighin.ModelError:
        return False
    return True


def run(job: Job, columns: Sequence[int], n_repeats: int, setting: dict[str, Any]) -> np.ndarray:
    """Importances under the job's own permutations, shape (columns, n_repeats), from encoded columns.

    There is nothing to choose; `setting` is told which kernels the engine took.
    """
    from weighin._engine import Measurement, Session
    from weighin._metrics import MSE
    from weighin._samplers import ExplicitSampler

    model, data = ready(job)
    features = [data.features[column] for column in columns]
    sampler = ExplicitSampler(job.permutations[:n_repeats])
    with Session(model) as session:
        scores = session.measure(data, features, sampler, Measurement((MSE,)))
    setting["ways"] = ", ".join(sorted(set(scores.kernels)))
    return scores.change


def whole(job: Job, n_repeats: int) -> None:
    """The whole job as a user calls it: raw rows in, a result with intervals out."""
    weighin.weigh(job.learn, job.frame, n_repeats=n_repeats, random_state=0, progress=False)
