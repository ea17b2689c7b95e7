"""Modules of pytorch-frame, which take a TensorFrame: its tensors become the encoded columns."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from weighin._base.errors import InputError
from weighin._models.protocol import Encoded
from weighin._models.torch import TorchModel
from weighin._tables.features import Feature


class TorchFrameModel(TorchModel):
    """A module on a TensorFrame, or on a materialized Dataset, which also have the target."""

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Lay the tensors of a TensorFrame out as columns."""
        frame = getattr(X, "tensor_frame", X)
        if not hasattr(frame, "feat_dict"):
            raise InputError(
                f"A module of pytorch-frame takes a TensorFrame, got {type(X).__name__}: give dataset.tensor_frame of "
                "the materialized Dataset, or dataset.convert_to_tensor_frame(df)."
            )
        odd = [str(kind) for kind, part in frame.feat_dict.items() if not isinstance(part, Tensor)]
        if odd:
            raise InputError(
                f"weighin moves columns of plain tensors; those of {', '.join(odd)} are lists or embeddings."
            )
        self.module = _OfTensors(self.own, frame)
        features: list[Feature] = []
        for kind, part in frame.feat_dict.items():
            start, width = sum(len(feature.columns) for feature in features), part[0, 0].numel()
            for place, name in enumerate(frame.col_names_dict[kind]):
                first = start + place * width
                features.append(Feature(name, tuple(range(first, first + width))))
        parts = [part.flatten(1) for part in frame.feat_dict.values()]
        keys = tuple(kind.value for kind in frame.feat_dict)
        return self._encoded(parts, keys, tuple(features), frame.y if y is None and needs_target else y)


class _OfTensors(torch.nn.Module):
    """A module on the tensors of a TensorFrame, by the names of their kinds."""

    def __init__(self, module: torch.nn.Module, like: Any) -> None:
        super().__init__()
        self.module, self.names, self.kind = module, like.col_names_dict, type(like)
        self.shapes = {kind: tuple(part.shape[1:]) for kind, part in like.feat_dict.items()}

    def forward(self, **parts: Tensor) -> Any:
        """Put the frame together again."""
        tensors = {kind: parts[kind.value].reshape(-1, *shape) for kind, shape in self.shapes.items()}
        return self.module(self.kind(tensors, self.names))
