"""Where sums are formed: in numpy, or on a torch device, by the same lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


class NumpyArrays:
    """Arrays in the memory of this machine."""

    double: Any = np.float64
    device: Any = None

    def zeros(self, *shape: int) -> Any:
        """Zeros in double precision."""
        return np.zeros(shape)

    def doubles(self, values: Any) -> Any:
        """Values in double precision."""
        return np.asarray(values, dtype=np.float64)

    def integers(self, values: Any) -> Any:
        """Positions to index by."""
        return np.asarray(values, dtype=np.int64)

    def columns(self, matrix: Any, positions: Any) -> Any:
        """Columns of a matrix, copied."""
        return matrix.take(positions, axis=1)

    def count(self, matrix: Any) -> Any:
        """How many of each row of a matrix are not 0."""
        return np.count_nonzero(matrix, axis=1)

    def dot(self, matrix: Any, vector: Any) -> Any:
        """Product with a vector in double precision."""
        return np.einsum("...n,n->...", matrix, vector, dtype=np.float64)

    def put(self, matrix: Any, positions: Any, values: Any) -> None:
        """Write values to positions of each row of a matrix."""
        np.put_along_axis(matrix, positions, values[None], axis=1)

    def along(self, values: Any, places: NDArray[np.int16]) -> Any:
        """Values of shape (k, ...) in another order along the first axis, which differs from place to place."""
        lanes, taken = np.arange(values[0].size).reshape(values[0].shape), np.empty(places.shape)
        for place, filled in zip(places, taken, strict=True):
            values.take(np.multiply(place, lanes.size, dtype=np.int64) + lanes, out=filled, mode="clip")
        return taken

    def between(self, matrix: Any, edges: NDArray[np.int64]) -> Any:
        """Sums of the columns between edges, the first of which is 0."""
        return np.add.reduceat(matrix, edges[:-1], axis=1)

    def joined(self, *matrices: Any) -> Any:
        """Matrices of the same columns, below each other."""
        return np.concatenate(matrices)

    def home(self, sums: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
        """All sums as arrays of numpy."""
        return {name: np.asarray(values, dtype=np.float64) for name, values in sums.items()}


class TorchArrays(NumpyArrays):
    """Tensors on a device; what is summed up comes home in one piece.

    `device`: where they are.
    """

    def __init__(self, device: Any) -> None:
        import torch

        self.torch: Any = torch
        self.device, self.double = device, torch.float64

    def zeros(self, *shape: int) -> Any:
        """Zeros in double precision."""
        return self.torch.zeros(shape, dtype=self.double, device=self.device)

    def doubles(self, values: Any) -> Any:
        """Values in double precision."""
        return self.torch.as_tensor(values).to(self.device, self.double)

    def integers(self, values: Any) -> Any:
        """Positions to index by."""
        return self.torch.as_tensor(values).to(self.device, self.torch.int64)

    def columns(self, matrix: Any, positions: Any) -> Any:
        """Columns of a matrix, copied."""
        return matrix.index_select(1, positions)

    def count(self, matrix: Any) -> Any:
        """How many of each row of a matrix are not 0."""
        return self.torch.count_nonzero(matrix, dim=1)

    def dot(self, matrix: Any, vector: Any) -> Any:
        """Product with a vector in double precision."""
        return matrix.to(self.double) @ vector

    def put(self, matrix: Any, positions: Any, values: Any) -> None:
        """Write values to positions of each row of a matrix."""
        matrix.scatter_(1, positions, values.expand_as(positions))

    def along(self, values: Any, places: NDArray[np.int16]) -> Any:
        """Values of shape (k, ...) in another order along the first axis, which differs from place to place."""
        return values.gather(0, self.integers(places))

    def between(self, matrix: Any, edges: NDArray[np.int64]) -> Any:
        """Sums of the columns between edges, the first of which is 0: always added up in the same order."""
        lengths = self.integers(np.diff(edges))
        return self.torch.segment_reduce(matrix.t().contiguous(), "sum", lengths=lengths, unsafe=True).t()

    def joined(self, *matrices: Any) -> Any:
        """Matrices of the same columns, below each other."""
        return self.torch.cat(matrices)

    def home(self, sums: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
        """All sums as arrays of numpy: one copy, for which the device is waited for once."""
        tensors = [values.to(self.double) for values in sums.values()]
        packed = self.torch.cat([tensor.reshape(-1) for tensor in tensors]).cpu().numpy()
        edges = np.cumsum([0, *(tensor.numel() for tensor in tensors)])
        return {
            name: packed[start:stop].reshape(tuple(tensor.shape)).copy()
            for name, tensor, start, stop in zip(sums, tensors, edges[:-1], edges[1:], strict=True)
        }


NUMPY = NumpyArrays()


def arrays_of(values: Any) -> NumpyArrays:
    """Where sums of some values are formed: where these are."""
    return TorchArrays(values.device) if hasattr(values, "detach") else NUMPY
