"""A torch module is left as found."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from modules import X, Y, by_hand, close, importances, mae, perceptron
from sklearn.metrics import mean_absolute_error
from torch import Tensor, nn

from weighin import weigh


class Counting(nn.Module):
    """BatchNorm in the middle, a module that is frozen, one that is shared, hooks; may fail at a call."""

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.norm, self.drop = nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.5)
        self.out = nn.Linear(6, 1)
        self.again = self.out
        self.error, self.calls = error, 0
        self.double()
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name != "first.weight")
        self.train()
        self.drop.eval()  # as users freeze parts
        self.norm.running_mean += 1.0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        if self.error is not None and self.calls > 3:
            raise self.error
        return self.again(self.drop(torch.relu(self.norm(self.first(x)))))


def snapshot(module: nn.Module) -> dict[str, Any]:
    kind, keys, *rest = np.random.get_state()
    return {
        "modes": [(name, part.training) for name, part in module.named_modules()],
        "modules": [id(part) for part in module.modules()],
        "parameters": [
            (id(p), p.data_ptr(), p.requires_grad, p.device, p.dtype) for p in module.parameters()
        ],
        "values": [tensor.tolist() for tensor in module.state_dict().values()],
        "gradients": [None if p.grad is None else (id(p.grad), p.grad.tolist()) for p in module.parameters()],
        "hooks": [
            (
                dict(part._forward_hooks),
                dict(part._forward_pre_hooks),
                dict(part._backward_hooks),
                dict(part._state_dict_hooks),
            )
            for part in module.modules()
        ],
        "attributes": [sorted(vars(part)) for part in module.modules()],
        "random": (random.getstate(), kind, keys.tolist(), rest, torch.get_rng_state().tolist()),
        "torch": (torch.get_num_threads(), torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
    }


def prepared(error: BaseException | None = None) -> tuple[Counting, list[int]]:
    module, seen = Counting(error), list[int]()
    module.train()(torch.tensor(X)).sum().backward()
    module.calls = 0
    module.drop.eval()
    module.norm.register_forward_hook(lambda part, given, out: seen.append(len(out)))
    module.out.register_forward_pre_hook(lambda part, given: None)
    return module, seen


@pytest.mark.parametrize("device", [None, "cpu"])
@pytest.mark.parametrize("metric", ["mae", mean_absolute_error])
def test_a_module_comes_back_as_it_was(metric: Any, device: str | None) -> None:
    module, _ = prepared()
    before = snapshot(module)
    imp = weigh(module, X, Y, metric=metric, random_state=0, device=device)
    assert snapshot(module) == before
    assert imp.notes == ()
    module(torch.tensor(X)).sum().backward()  # and can be trained on


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_also_after_an_exception_or_ctrl_c(error: BaseException) -> None:
    module, _ = prepared(error)
    before = snapshot(module)
    with pytest.raises(type(error)):
        weigh(module, X, Y, random_state=0)
    module_after = snapshot(module)
    assert module_after == before


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_also_when_the_metric_fails(error: BaseException) -> None:
    module, _ = prepared()
    before = snapshot(module)

    def metric(y: Any, pred: Any) -> float:
        raise error

    with pytest.raises(type(error)):
        weigh(module, X, Y, metric=metric, greater_is_better=True)
    assert snapshot(module) == before


def test_hooks_of_the_user_count() -> None:
    """A hook that changes an output is part of the model."""
    module, twin = perceptron(), perceptron()
    module[0].register_forward_hook(
        lambda part, given, out: out * torch.tensor([0.0] * 4 + [2.0] * 4).double()
    )
    with torch.no_grad():
        twin[0].weight *= torch.tensor([0.0] * 4 + [2.0] * 4).double()[:, None]
        twin[0].bias *= torch.tensor([0.0] * 4 + [2.0] * 4).double()
    close(importances(module, X), by_hand(twin, [X], mae))


def test_modules_left_in_training_mode_predict_as_when_evaluated() -> None:
    module = nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 1)
    ).double()
    module.train()(torch.tensor(X) * 3 + 1)
    found = importances(module, X)
    assert module.training
    np.testing.assert_array_equal(found, importances(module.eval(), X))
    np.testing.assert_array_equal(found, importances(module.train(), X))
    close(found, by_hand(module, [X], mae))
