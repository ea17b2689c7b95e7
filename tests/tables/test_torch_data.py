"""torch's data sets and loaders: inputs and target of the same rows, whatever the loader does."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.utils.data import (  # noqa: E402
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    WeightedRandomSampler,
)

import weighin  # noqa: E402
from weighin import InputError  # noqa: E402

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(130, 2, generator=GENERATOR)
Y = X @ torch.tensor([2.0, 1.0]) + torch.randn(130, generator=GENERATOR)
NET = torch.nn.Linear(2, 1)
with torch.no_grad():
    NET.weight[:] = torch.tensor([[2.0, 1.0]])
    NET.bias[:] = 0.0
BY_HAND = float((Y - X @ torch.tensor([2.0, 1.0])).abs().mean())
PLAIN = weighin.weigh(NET, X, Y, random_state=0)


class Pairs(Dataset):
    def __len__(self):
        return 130

    def __getitem__(self, row):
        return {"x": X[row]}, Y[row]


@pytest.mark.parametrize(
    "data",
    [
        TensorDataset(X, Y),
        TensorDataset(X, Y[:, None]),
        DataLoader(TensorDataset(X, Y), batch_size=32),
        DataLoader(TensorDataset(X, Y), batch_size=32, shuffle=True),
    ],
    ids=["set", "column", "loader", "shuffled"],
)
def test_numbers_are_those_of_the_tensors(data):
    state = torch.get_rng_state()
    imp = weighin.weigh(NET, data, random_state=0)
    assert imp.baseline == pytest.approx(BY_HAND, rel=1e-5)
    assert imp.importances_mean.tolist() == pytest.approx(PLAIN.importances_mean.tolist(), rel=1e-5)
    assert torch.equal(torch.get_rng_state(), state)
    shuffles = isinstance(data, DataLoader) and type(data.sampler).__name__ == "RandomSampler"
    assert any("The loader shuffles" in note for note in imp.notes) == shuffles


def test_named_inputs_stay_named():
    class Named(torch.nn.Module):
        def forward(self, x):
            return NET(x)

    assert weighin.weigh(Named(), Pairs(), random_state=0).baseline == pytest.approx(BY_HAND, rel=1e-5)


def test_a_sampler_gives_inputs_and_target_of_one_pass():
    sampler = WeightedRandomSampler(torch.ones(130), 90, generator=torch.Generator().manual_seed(1))
    loader = DataLoader(TensorDataset(X, 2 * X[:, 0] + X[:, 1]), sampler=sampler, batch_size=32)
    imp = weighin.weigh(NET, loader, random_state=0)
    assert imp.baseline == pytest.approx(0, abs=1e-6)
    assert imp.n_rows == 90
    assert "Rows as the loader's WeightedRandomSampler drew them, once." in imp.notes
    assert any("leaves out 40 of the 130 rows" in note for note in imp.notes)


def test_a_data_set_without_a_target_takes_one():
    imp = weighin.weigh(NET, TensorDataset(X), Y, random_state=0)
    assert imp.baseline == pytest.approx(BY_HAND, rel=1e-5)
    with pytest.raises(InputError, match=r"X brings a target along \(TensorDataset\)"):
        weighin.weigh(NET, TensorDataset(X, Y), Y)


def test_what_ends_never_or_holds_nothing_is_refused(monkeypatch):
    class Endless(IterableDataset):
        def __iter__(self):
            while True:
                yield X[0], Y[0]

    monkeypatch.setattr("weighin._tables.containers.MOST_BYTES", 100_000)
    with pytest.raises(InputError, match="or never ends"):
        weighin.weigh(NET, Endless())
    with pytest.raises(InputError, match="TensorDataset has no rows"):
        weighin.weigh(NET, TensorDataset(X[:0], Y[:0]))


def test_a_shuffling_loader_and_rows_that_depend_on_each_other():
    """Statistics of a batch: the whole table is predicted at once, in the order of the data set."""
    net = torch.nn.Sequential(
        torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3, track_running_stats=False), torch.nn.Linear(3, 1)
    )
    with torch.no_grad():
        by_hand = float((net.eval()(X)[:, 0] - Y).abs().mean())
    found = [
        weighin.weigh(
            net, DataLoader(TensorDataset(X, Y), batch_size=32, shuffle=shuffle), n_repeats=2, random_state=0
        )
        for shuffle in (False, True)
    ]
    for imp in found:
        assert imp.baseline == pytest.approx(by_hand, rel=1e-5)
        assert set(imp.kernels.values()) == {"whole table"}
        assert "depends on which rows are predicted together" in imp.notes[-1]
    assert (found[0].importances == found[1].importances).all()
    assert "The loader shuffles" in found[1].notes[0]
