"""Networks read as a sum of parts under a head: equal to their own forward, and left alone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from fastai.tabular.model import TabularModel
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from weighin._models.fold import split_view

ACTIVATIONS = (nn.ReLU, nn.GELU, nn.SiLU, nn.LeakyReLU, nn.ELU, nn.Tanh, nn.Sigmoid, nn.PReLU, nn.Softplus)


def worn(model: nn.Module) -> nn.Module:
    """The model as if trained: every statistic and weight of BatchNorm away from where it starts."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d) and module.running_mean is not None:
                module.running_mean.normal_()
                module.running_var.uniform_(0.3, 3)
                if module.weight is not None:
                    module.weight.normal_()
                    module.bias.normal_()
            if isinstance(module, nn.Embedding):
                module.weight.normal_()
    return model


def evaluated(model: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    twin = copy.deepcopy(model).eval()

    def forward(cat: Tensor, cont: Tensor) -> Tensor:
        with torch.no_grad():
            return twin(cat, cont) if isinstance(model, TabularModel) else twin(cont)

    return forward


def rows(levels: list[int], n_cont: int, n: int = 64) -> tuple[Tensor, Tensor]:
    cat = torch.stack([torch.randint(0, k, (n,)) for k in levels], 1) if levels else torch.empty(n, 0).long()
    return cat, torch.randn(n, n_cont)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    levels=st.lists(st.integers(2, 9), max_size=3),
    n_cont=st.integers(0, 4),
    n_out=st.integers(1, 3),
    layers=st.lists(st.integers(1, 12), max_size=3),
    act=st.sampled_from(ACTIVATIONS),
    y_range=st.sampled_from([None, (-2.0, 5.0)]),
    options=st.fixed_dictionaries(
        {
            "ps": st.sampled_from([None, 0.3]),
            "embed_p": st.sampled_from([0.0, 0.2]),
            "use_bn": st.booleans(),
            "bn_final": st.booleans(),
            "bn_cont": st.booleans(),
            "lin_first": st.booleans(),
        }
    ),
)
def test_every_tabular_model_of_fastai_is_read(
    seed: int,
    levels: list[int],
    n_cont: int,
    n_out: int,
    layers: list[int],
    act: Any,
    y_range: tuple[float, float] | None,
    options: dict[str, Any],
) -> None:
    if not levels and not n_cont:
        n_cont = 1
    torch.manual_seed(seed)
    emb_szs = [(k, 1 + k // 2) for k in levels]
    model = worn(TabularModel(emb_szs, n_cont, n_out, layers, y_range=y_range, act_cls=act(), **options))
    cat, cont = rows(levels, n_cont)
    forward = evaluated(model)
    view = split_view(model, cat, cont, forward)
    assert view is not None
    cat, cont = rows(levels, n_cont)
    torch.testing.assert_close(view(cat, cont), forward(cat, cont), rtol=1e-4, atol=1e-4)


LAYERS: dict[str, Callable[[int], nn.Module]] = {
    "norm": lambda width: nn.BatchNorm1d(width),
    "plain norm": lambda width: nn.BatchNorm1d(width, affine=False),
    "dropout": lambda width: nn.Dropout(0.5),
    "relu": lambda width: nn.ReLU(inplace=True),
    "tanh": lambda width: nn.Tanh(),
    "gelu": lambda width: nn.GELU(),
    "layer norm": lambda width: nn.LayerNorm(width),
    "nested": lambda width: nn.Sequential(
        nn.Linear(width, width, bias=False), nn.BatchNorm1d(width), nn.ELU()
    ),
    "linear": lambda width: nn.Linear(width, width),
}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31),
    st.lists(st.sampled_from(["norm", "dropout"]), max_size=2),
    st.lists(st.sampled_from(sorted(LAYERS)), max_size=6),
    st.sampled_from([torch.float32, torch.float64]),
)
def test_every_sequential_is_read(seed: int, before: list[str], after: list[str], dtype: torch.dtype) -> None:
    torch.manual_seed(seed)
    width, n_cont = 7, 5
    model = nn.Sequential(
        *(LAYERS[name](n_cont) for name in before),
        nn.Linear(n_cont, width),
        *(LAYERS[name](width) for name in after),
        nn.Linear(width, 2),
    )
    worn(model.to(dtype))
    cat, cont = rows([], n_cont)
    forward = evaluated(model)
    view = split_view(model, cat, cont.to(dtype), forward)
    assert view is not None
    assert view.bias.dtype == dtype
    cont = torch.randn(33, n_cont, dtype=dtype)
    tolerance = 1e-4 if dtype == torch.float32 else 1e-10
    torch.testing.assert_close(view(cat[:33], cont), forward(cat, cont), rtol=tolerance, atol=tolerance)


def test_a_view_leaves_the_model_alone() -> None:
    torch.manual_seed(0)
    model = worn(TabularModel([(5, 3)], 3, 1, [8, 4], ps=0.1))
    model.layers[0].eval()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    cat, cont = rows([5], 3)
    assert split_view(model, cat, cont, evaluated(model)) is not None
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(p.requires_grad and p.grad is None for p in model.parameters())


class Product(TabularModel):
    """Looks like fastai's, and multiplies two columns before the first layer."""

    def forward(self, x_cat: Tensor, x_cont: Tensor) -> Tensor:
        return super().forward(x_cat, x_cont * x_cont[:, :1])


def test_a_network_that_does_something_else_is_refused() -> None:
    torch.manual_seed(0)
    cat, cont = rows([4], 3)
    liar = Product([(4, 2)], 3, 1, [8])
    assert split_view(liar, cat, cont, evaluated(liar)) is None
    assert (
        split_view(nn.Sequential(nn.Tanh(), nn.Linear(3, 1)), cat[:, :0], cont, lambda a, b: b[:, :1]) is None
    )
    assert split_view(nn.LSTM(3, 1), cat[:, :0], cont, lambda a, b: b[:, :1]) is None


@pytest.mark.parametrize("hidden", [8, 3])
def test_statistics_of_the_batch_are_refused(hidden: int) -> None:
    model = nn.Sequential(
        nn.Linear(3, hidden), nn.BatchNorm1d(hidden, track_running_stats=False), nn.Linear(hidden, 1)
    )
    cat, cont = rows([], 3)
    assert split_view(model, cat, cont, evaluated(model)) is None


class ClippedTabular(TabularModel):
    def forward(self, x_cat: Tensor, x_cont: Tensor) -> Tensor:
        return super().forward(x_cat, x_cont.clamp(-5, 5))


class ClippedLinear(nn.Linear):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).clamp(-50, 50)


class ClippedNorm(nn.BatchNorm1d):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).clamp(-20, 20)


class ClippedReLU(nn.ReLU):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).clamp(max=50)


class ClippedDropout(nn.Dropout):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).clamp(-50, 50)


def clip(part: Any, given: Any, out: Tensor) -> Tensor:
    return out.clamp(-50, 50)


def hooked(module: nn.Module, where: str) -> nn.Module:
    module.get_submodule(where).register_forward_hook(clip)
    return module


def patched(module: nn.Module) -> nn.Module:
    forward = module.forward
    module.forward = lambda *given: clip(None, given, forward(*given))
    return module


def perceptron(*between: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(2, 8), *between, nn.ReLU(), nn.Linear(8, 1))


FAR_OFF = [
    lambda: ClippedTabular([(4, 2)], 2, 1, [8]),
    lambda: nn.Sequential(ClippedLinear(2, 8), nn.ReLU(), nn.Linear(8, 1)),
    lambda: perceptron(ClippedNorm(8)),
    lambda: perceptron(ClippedReLU()),
    lambda: perceptron(ClippedDropout()),
    lambda: hooked(TabularModel([(4, 2)], 2, 1, [8]), ""),
    lambda: hooked(TabularModel([(4, 2)], 2, 1, [8]), "layers.0.0"),
    lambda: hooked(TabularModel([(4, 2)], 2, 1, [8]), "bn_cont"),
    lambda: hooked(perceptron(nn.BatchNorm1d(8)), "1"),
    lambda: hooked(perceptron(), ""),
    lambda: patched(perceptron()),
    lambda: patched(TabularModel([(4, 2)], 2, 1, [8])),
]


@pytest.mark.parametrize("build", FAR_OFF)
def test_what_shows_in_no_row_looked_at_does_not_differ_either(build: Callable[[], nn.Module]) -> None:
    """A kind of layer that does something of its own far out, where the rows of the proof are not."""
    torch.manual_seed(0)
    model = worn(build())
    tabular = isinstance(model, TabularModel)
    cat, cont = rows([4] if tabular else [], 2, 100)
    cont[60:] *= 1000

    def forward(cat: Tensor, cont: Tensor) -> Tensor:
        with torch.no_grad():
            return model.eval()(cat, cont) if tabular else model.eval()(cont)

    view = split_view(model, cat, cont, forward)
    if view is not None:
        torch.testing.assert_close(view(cat, cont), forward(cat, cont), rtol=1e-4, atol=1e-4)
