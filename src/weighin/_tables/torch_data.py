"""torch's data sets and loaders: inputs and target from one pass over the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from weighin._base.errors import InputError
from weighin._base.random_state import random_state_kept

BATCH_ROWS = 1024


def is_torch_data(X: Any) -> bool:
    """Whether it is a data set or a loader of torch; imports nothing."""
    return any(
        cls.__module__.startswith("torch.utils.data") and cls.__name__ in ("Dataset", "DataLoader")
        for cls in type(X).__mro__
    )


def read_torch_data(data: Any, most_bytes: int) -> tuple[Any, Any, tuple[str, ...]]:
    """Read all rows once.

    A loader that shuffles all rows of its data set is read in the order of the data set; any other choice of rows
    (a sampler of subsets, of weights, rows left over) as it comes. Inputs and target come from the same pass always.

    Returns `X`: everything but the last of what a row has; all of it where there is one; `y`: the last of what a row
    has; `notes`: what a reader must know of the rows. Raises InputError on no rows, or more than `most_bytes` of them.
    """
    import torch
    from torch.utils.data import DataLoader, RandomSampler, SequentialSampler

    loader, notes = data, []
    if not isinstance(data, DataLoader):
        loader = DataLoader(data, batch_size=BATCH_ROWS)
    elif isinstance(data.sampler, RandomSampler) and not data.sampler.replacement and _is_whole(data):
        loader = DataLoader(data.dataset, batch_size=BATCH_ROWS, collate_fn=data.collate_fn)
        notes.append("The loader shuffles: its rows were read in the order of its data set.")
    elif not isinstance(data.sampler, SequentialSampler):
        notes.append(f"Rows as the loader's {type(data.sampler).__name__} drew them, once.")
    batches, n_bytes = [], 0
    with random_state_kept():
        for batch in loader:
            batches.append(batch if isinstance(batch, list | tuple) else [batch])
            n_bytes += sum(getattr(part, "nbytes", 0) for part in _tensors(batches[-1]))
            if n_bytes > most_bytes:
                raise InputError(
                    f"{type(data).__name__} gives more than {most_bytes / 1e9:.1f} GB, or never ends: give fewer rows."
                )
    if not batches:
        raise InputError(f"{type(data).__name__} has no rows.")
    if not all(isinstance(part, torch.Tensor) for part in _tensors(batches[0])):
        raise InputError(f"{type(data).__name__} must give tensors, got {type(batches[0][0]).__name__}.")
    whole: Any = getattr(data, "dataset", None)
    left_out = len(whole) - sum(map(_rows_of, batches)) if hasattr(whole, "__len__") else 0
    if left_out > 0:
        notes.append(f"The loader leaves out {left_out:,} of the {len(whole):,} rows of its data set.")

    def joined(place: int) -> Any:
        parts = [batch[place] for batch in batches]
        if isinstance(parts[0], Mapping):
            return {key: torch.cat([part[key] for part in parts]) for key in parts[0]}
        return torch.cat(parts)

    *inputs, target = [joined(place) for place in range(len(batches[0]))]
    if not inputs:
        return target, None, tuple(notes)
    return inputs[0] if len(inputs) == 1 else tuple(inputs), target, tuple(notes)


def _is_whole(loader: Any) -> bool:
    """Whether the sampler draws every row of the data set."""
    return loader.batch_size is not None and len(loader.sampler) == len(loader.dataset)


def _tensors(batch: Iterable[Any]) -> Iterable[Any]:
    return chain.from_iterable(part.values() if isinstance(part, Mapping) else [part] for part in batch)


def _rows_of(batch: Iterable[Any]) -> int:
    return len(next(iter(_tensors(batch))))
