"""Kernels: ways to predict swaps. The first of the list that applies is taken; the last one always does."""

from weighin._engine.kernels.device import DeviceKernel
from weighin._engine.kernels.device_modules import DeviceModuleKernel
from weighin._engine.kernels.generic import GenericKernel
from weighin._engine.kernels.kernel import Chain, Kernel, Swaps, View
from weighin._engine.kernels.split import SplitKernel
from weighin._engine.kernels.stacked import StackedKernel
from weighin._engine.kernels.whole_table import WholeTableKernel

KERNELS: tuple[type[Kernel], ...] = (
    WholeTableKernel,
    DeviceKernel,
    SplitKernel,
    StackedKernel,
    DeviceModuleKernel,
    GenericKernel,
)

__all__ = [
    "KERNELS",
    "Chain",
    "DeviceKernel",
    "DeviceModuleKernel",
    "GenericKernel",
    "Kernel",
    "SplitKernel",
    "StackedKernel",
    "Swaps",
    "View",
    "WholeTableKernel",
    "kernel_for",
]


def kernel_for(view: View) -> type[Kernel]:
    """Choose the first kernel that applies to a model."""
    return next(kernel for kernel in KERNELS if kernel.applies(view))
