"""A program of torch.export as a module like others."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Program(torch.nn.Module):
    """The module of a program, which stays in the mode it was exported in.

    One that was exported for a fixed number of rows is called by so many; the last row is repeated where they do not
    suffice.

    `program`: each of its inputs and outputs has a row for each row.
    """

    def __init__(self, program: Any) -> None:
        super().__init__()
        self.module = program.module()
        self.training = self.module.training
        names = set(program.graph_signature.user_inputs)
        nodes = [node for node in program.graph.nodes if node.op == "placeholder" and node.name in names]
        rows = [node.meta["val"].shape[0] for node in nodes if isinstance(node.meta["val"], Tensor)]
        # numbers that may vary are symbols
        fixed = {count for count in rows if isinstance(count, int)}
        self.n_rows = fixed.pop() if len(fixed) == 1 and all(isinstance(n, int) for n in rows) else None

    def train(self, mode: bool = True) -> Program:
        """Stay as it was exported: a program refuses to be put into another mode."""
        return self

    def forward(self, *inputs: Tensor) -> Any:
        """Call it, for one part of the rows after the other."""
        if self.n_rows is None:
            return self.module(*inputs)
        n = len(inputs[0])
        parts = []
        for start in range(0, n, self.n_rows):
            part = [values[start : start + self.n_rows] for values in inputs]
            lacking = self.n_rows - len(part[0])
            if lacking:
                part = [torch.cat([values, values[-1:].repeat_interleave(lacking, 0)]) for values in part]
            parts.append(self.module(*part))
        if isinstance(parts[0], Tensor):
            return torch.cat(parts)[:n]
        return tuple(torch.cat(outputs)[:n] for outputs in zip(*parts, strict=True))
