"""Modules cut at their first linear layer: equal to their own forward, and left alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

import weighin
from weighin._models.seam import Seam, find_seam

N_LEVELS = (3, 5)
N_CONT = 4


class Residual(nn.Module):
    """One-hot, embedded and continuous columns beside each other, then residual blocks."""

    def __init__(self, skip: bool = False) -> None:
        super().__init__()
        self.embed = nn.Embedding(N_LEVELS[1], 3)
        self.first = nn.Linear(N_LEVELS[0] + 3 + N_CONT, 8)
        self.block = nn.Sequential(
            nn.BatchNorm1d(8), nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 8)
        )
        self.head = nn.Sequential(nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 2))
        self.skip = skip

    def encode(self, x_cat: Tensor, x_cont: Tensor) -> Tensor:
        return torch.cat(
            [one_hot(x_cat[:, 0], N_LEVELS[0]).float(), self.embed(x_cat[:, 1]), x_cont.tanh()], 1
        )

    def forward(self, x_cat: Tensor, x_cont: Tensor) -> Tensor:
        x = self.first(self.encode(x_cat, x_cont))
        x = self.head(x + self.block(x))
        return x + x_cont[:, :1] if self.skip else x


class Tokens(nn.Module):
    """One token per column, which attend to each other."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.randn(N_CONT, 8))
        self.attention = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.head = nn.Linear(8, 1)

    def forward(self, x_cat: Tensor, x_cont: Tensor) -> Tensor:
        return self.head(self.attention(x_cont[:, :, None] * self.scale).mean(1))


class Mixed(nn.Module):
    """Two columns meet before the first linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(N_CONT, 3)

    def forward(self, x_cat: Tensor, x_cont: Tensor) -> Tensor:
        return self.first(x_cont * x_cont[:, :1])


class Twice(nn.Module):
    """The first linear layer runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(N_CONT, N_CONT)

    def forward(self, x_cat: Tensor, x_cont: Tensor) -> Tensor:
        return self.first(self.first(x_cont).relu())


def rows(n: int = 300) -> tuple[Tensor, Tensor]:
    return torch.stack([torch.randint(0, k, (n,)) for k in N_LEVELS], 1), torch.randn(n, N_CONT)


def call(module: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
    return module(*inputs)


def cut(module: nn.Module, inputs: Any = None) -> Seam | None:
    training = module.training
    module.eval()
    found = find_seam(module, inputs or rows(), call)
    module.train(training)
    return found


def test_a_residual_network_is_a_sum_at_its_first_layer() -> None:
    torch.manual_seed(0)
    model = Residual().eval()
    seam = cut(model)
    assert seam is not None
    assert seam.owned == ((0, 1, 2), (3, 4, 5), (6,), (7,), (8,), (9,))
    inputs = rows(50)
    no_cat = torch.empty(50, 0, dtype=torch.long)
    with torch.inference_mode():
        torch.testing.assert_close(
            seam.view(no_cat, seam.encode(inputs)), model(*inputs), rtol=1e-5, atol=1e-5
        )


def test_threads_do_not_meet_at_the_seam() -> None:
    torch.manual_seed(0)
    seam = cut(Residual())
    assert seam is not None
    sums = [torch.randn(200, 8) for _ in range(40)]
    with torch.inference_mode():
        expected = [seam.view.finish(z.clone()) for z in sums]

    @torch.inference_mode()
    def finish(z: Tensor) -> Tensor:
        return seam.view.finish(z.clone())

    with ThreadPoolExecutor(4) as pool:
        for a, b in zip(expected, pool.map(finish, sums), strict=True):
            torch.testing.assert_close(a, b)


def test_the_module_is_left_alone() -> None:
    torch.manual_seed(0)
    model = Residual()
    parts = list(model.modules())
    state = {name: (value.data_ptr(), value.clone()) for name, value in model.state_dict().items()}
    model.eval()
    model.block[3].train()
    modes = [part.training for part in parts]
    find_seam(model, rows(), call)
    assert list(model.modules()) == parts
    assert [part.training for part in parts] == modes
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in parts)
    for name, value in model.state_dict().items():
        assert value.data_ptr() == state[name][0]
        assert torch.equal(value, state[name][1])


def test_what_is_no_sum_is_refused() -> None:
    torch.manual_seed(0)
    for model in (Tokens(), Mixed(), Twice(), Residual(skip=True), nn.LSTM(3, 2), nn.Identity()):
        assert cut(model) is None


def test_a_level_that_the_probe_does_not_meet_is_refused() -> None:
    torch.manual_seed(0)
    cat, cont = rows(2000)
    cat[:, 0] = 2 * (cat[:, 0] > 0)
    assert cut(Residual(), (cat, cont)) is not None
    cat[779, 0] = 1  # neither the smallest nor the largest, and on no even distance from the others
    assert cut(Residual(), (cat, cont)) is None


class Ruled(nn.Module):
    """Rows with a flag, or far out, get what a rule says; or a flag changes another column."""

    def __init__(self, rule: str) -> None:
        super().__init__()
        self.first, self.last, self.rule = nn.Linear(N_CONT, 8), nn.Linear(8, 1), rule

    def forward(self, x_cat: Tensor, x_cont: Tensor) -> Tensor:
        if self.rule == "gate":
            x_cont = torch.where(x_cat[:, :1] > 0, 3 * x_cont, x_cont)
        out = self.last(self.first(x_cont).relu())
        if self.rule == "flag":
            return torch.where(x_cat[:, :1] > 0, 7 * torch.ones_like(out), out)
        return torch.where(x_cont[:, :1] > 4, 0 * out, out) if self.rule == "far" else out


@pytest.mark.parametrize("rule", ["flag", "gate", "far"])
def test_what_a_module_does_with_a_single_row_is_seen(rule: str) -> None:
    torch.manual_seed(0)
    cat, cont = rows(5000)
    cat[:], cont[:] = 0, cont.clamp(-3, 3)
    if rule == "far":
        assert cut(Ruled(rule), (cat, cont)) is not None
    cat[3333, 0], cont[3331, 0] = 1, 5.0
    assert cut(Ruled(rule), (cat, cont)) is None
    assert cut(Ruled("none"), (cat, cont)) is not None


def test_a_layer_with_a_hook_is_not_cut_off() -> None:
    torch.manual_seed(0)
    model = Residual()
    model.head.register_forward_hook(lambda part, given, out: 2 * out)
    seam, inputs = cut(model), rows(50)
    assert seam is not None
    with torch.inference_mode():
        found = seam.view(torch.empty(50, 0, dtype=torch.long), seam.encode(inputs))
        torch.testing.assert_close(found, model.eval()(*inputs), rtol=1e-5, atol=1e-5)
    model.first.register_forward_hook(lambda part, given, out: out.clamp(max=100.0))
    assert cut(model) is None


class Seldom(nn.Module):
    """Does something else where two inputs are large together: below its first linear layer, or past it."""

    def __init__(self, below: bool) -> None:
        super().__init__()
        self.below, self.first, self.last = below, nn.Linear(3, 4), nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        both = ((x[:, :2] > 5).all(1) * 50.0)[:, None]
        out = self.last(self.first(x + both if self.below else x).relu())
        return out if self.below else out + both


@pytest.mark.parametrize("below", [False, True])
def test_what_a_module_does_with_one_row_of_many_is_seen(below: bool) -> None:
    torch.manual_seed(0)
    module, n_rows = Seldom(below), 20_000
    rows = np.random.default_rng(0).uniform(-1, 1, (n_rows, 3)).astype("float32")
    rows[0, :2], rows[5000, :2] = (9, 0), (0, 9)  # the largest are looked at first, and are not together
    rows[12_345, :2] = 8

    def by_hand(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return module(torch.from_numpy(x)).double().numpy()[:, 0]

    asked = {"n_repeats": 1, "random_state": 0}
    found = weighin.weigh(module, rows, rows[:, 0], **asked)
    expected = weighin.weigh(by_hand, rows, rows[:, 0], **asked)
    assert set(found.kernels.values()) == {"generic"}
    assert found.baseline == pytest.approx(expected.baseline, rel=1e-5)
    np.testing.assert_allclose(found.importances, expected.importances, rtol=1e-3, atol=1e-6)


class Small(nn.Module):
    """Without a table of the kinds of its layers, so that it is cut at the first."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x).relu())


class NotCopied(Small):
    """Copies of it are itself."""

    def __deepcopy__(self, memo: dict[int, Any]) -> NotCopied:
        return self


def with_replaced_eval() -> nn.Module:
    module = Small()
    module.eval = lambda: module  # type: ignore[method-assign]
    return module


@pytest.mark.parametrize("make", [Small, NotCopied, lambda: nn.Sequential(NotCopied()), with_replaced_eval])
def test_the_module_of_the_user_is_never_cut(make: Any) -> None:
    torch.manual_seed(0)
    module, X = make(), np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    names = [(name, type(part)) for name, part in module.named_modules()]
    with torch.inference_mode():
        before = module(torch.tensor(X)).numpy()
    imp = weighin.weigh(module, X, X[:, 0], n_repeats=3, random_state=0)
    assert [(name, type(part)) for name, part in module.named_modules()] == names
    with torch.inference_mode():
        np.testing.assert_array_equal(module(torch.tensor(X)).numpy(), before)
    reference = weighin.weigh(
        lambda rows: module(torch.tensor(rows)).detach().numpy()[:, 0],
        X,
        X[:, 0],
        n_repeats=3,
        random_state=0,
    )
    np.testing.assert_allclose(imp.importances_mean, reference.importances_mean, rtol=1e-4, atol=1e-6)
