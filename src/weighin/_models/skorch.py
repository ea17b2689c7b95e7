"""skorch nets: their module with the non-linearity that predictions go through, on tensors made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import narwhals.stable.v2 as nw
import torch
from torch import Tensor

from weighin._base.errors import ModelError
from weighin._metrics import Outputs
from weighin._models.objectives import kind_of, outputs_of
from weighin._models.protocol import Encoded
from weighin._models.torch import TorchModel
from weighin._models.torch_outputs import tensor_of
from weighin._tables.frames import column_names, is_frame

_METHODS = ("predict", "predict_proba", "forward", "forward_iter", "evaluation_step", "infer", "get_dataset")


def is_plain(net: Any) -> bool:
    """Whether a net predicts by skorch's own methods."""
    return all(
        getattr(getattr(type(net), method, None), "__module__", "skorch").startswith("skorch")
        for method in _METHODS
    )


class SkorchModel(TorchModel):
    """A fitted skorch net that predicts by skorch's own methods.

    `device`: where to predict; where the module is by default.
    """

    def __init__(self, net: Any, *, device: Any = None) -> None:
        if not getattr(net, "initialized_", False):
            raise ModelError(f"The skorch {type(net).__name__} is not fitted.")
        self.net = net
        super().__init__(
            _Predicting(net.module_, net._get_predict_nonlinearity()),
            device=device,
            name=f"skorch {type(net).__name__}",
        )

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """As skorch does: a frame is a dict of its columns."""
        if is_frame(X):
            frame = nw.from_native(X, eager_only=True)
            X = {name: frame.select([name]).to_native() for name in column_names(X)}
        return super().encode(X, y, missing, needs_target)

    def outputs(self, response: str = "predict") -> Outputs:
        """Probabilities of a classifier's classes; what the criterion says of others."""
        if kind_of(self.net) == "classifier":
            labels = tuple(label.item() if hasattr(label, "item") else label for label in self.net.classes_)
            return Outputs("probability", labels, why="as a skorch classifier predicts them")
        return outputs_of(self.net)


class _Predicting(torch.nn.Module):
    """A module, and what skorch does with the first of its outputs."""

    def __init__(self, module: torch.nn.Module, nonlinearity: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.module, self.nonlinearity = module, nonlinearity

    def forward(self, *args: Tensor, **kwargs: Tensor) -> Tensor:
        """Predict."""
        n_rows = len(next(iter((*args, *kwargs.values()))))
        return self.nonlinearity(tensor_of(self.module(*args, **kwargs), n_rows))
