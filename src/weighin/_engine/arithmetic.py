"""Matrix products of less precision than the network's own, for those who ask for it, and what that does to numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from weighin._base.errors import InputError, ModelError
from weighin._base.random_state import restored
from weighin._engine.kernels import View
from weighin._engine.measurement import Scores
from weighin._engine.plan import Resources
from weighin._samplers import MarginalSampler, Sampler

TF32, BFLOAT16 = "tf32", "bfloat16"


def with_arithmetic(view: View, arithmetic: str | None) -> View:
    """The network with layers after the first in other arithmetic.

    Raises ModelError where nothing is known of its layers: a row may then be predicted otherwise beside other rows.
    Raises InputError where the device has no such arithmetic.
    """
    if arithmetic is None:
        return view
    if view.split is None or view.split.opaque:
        raise ModelError(
            f"arithmetic={arithmetic!r} is for networks whose layers weighin reads one by one, and "
            f"{view.model.name} is none of them. Leave arithmetic out."
        )
    kind = str(view.probe.pred.device.type)
    if arithmetic == TF32 and kind != "cuda":
        raise InputError(f"arithmetic='tf32' is for NVIDIA's GPUs, and the model is on {kind!r}.")
    if arithmetic == TF32:
        return view
    split: Any = view.split
    return replace(view, split=replace(split, view=split.view.in_half()))


@contextmanager
def products_in(arithmetic: str | None) -> Iterator[None]:
    """Let a GPU round what matrix products are made of to 10 bits, until the block ends."""
    if arithmetic != TF32:
        yield
        return
    import torch

    products: Any = torch.backends.cuda.matmul
    # newer versions warn of the older name
    name, value = ("fp32_precision", "tf32") if hasattr(products, "fp32_precision") else ("allow_tf32", True)
    before = getattr(products, name)
    with restored(lambda: setattr(products, name, before)):
        setattr(products, name, value)
        yield


def imprecision(measure: Callable[..., Scores], sampler: Sampler, resources: Resources) -> str:
    """What arithmetic does to importances, in words, measured on the first block of rows.

    `measure`: gives scores of a sampler with `resources`.
    """
    few: Any = getattr(sampler, "free", sampler)
    few = replace(few, first=1) if isinstance(few, MarginalSampler) else few
    less, full = (
        measure(few, resources=allowed).change.mean(1)
        for allowed in (resources, replace(resources, arithmetic=None))
    )
    moved, largest = (float(abs(change).max(initial=0.0)) for change in (less - full, full))
    return (
        f"Matrix products were made in {resources.arithmetic}: on {few.n_receivers:,} rows that moves importances by "
        f"up to {moved / (largest or 1.0):.1%} of the largest."
    )
