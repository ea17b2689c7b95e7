"""``python -m benchmarks.gpu``: weighin on a GPU beside a plain loop there, captum, and the least such a job can do.

Everything in single precision, in turns, on the same rows, which lie on the device before the time starts. One call
measures, checks the numbers and writes GPU.md; it ends within ten minutes. Without a GPU it says so.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

import weighin
from benchmarks.workloads import WORKLOADS, Job
from weighin._engine.kernels import kernel as _kernel

HOST = _kernel.SUMS_ON_HOST
PAGE = Path(__file__).parent / "GPU.md"
NAMES = ("W1x30", "W2", "W3", "W4")
# rows of one forward that the plain loop may choose from
CHUNKS = (32_768, 131_072, 524_288)
# of the largest importance: single precision
TOLERANCE = 1e-4
# rows on which the CPU weighs, too
CPU_ROWS = 20_000
# of each workload, to try the code
SMALL_ROWS = 1_000
# of captum, which takes a call for each feature and shuffle
CAPTUM_SECONDS = 20.0
# milliseconds: what issue and prototype say of an H200
WANTED = {"W1x30": 9.5, "W2": 73.0, "W3": 585.0, "W4": 125.0}


@dataclass
class OnDevice:
    """A workload whose rows lie on a device."""

    job: Job
    device: torch.device
    plays_device: bool = False
    chunk: int = CHUNKS[0]
    x_cat: torch.Tensor = field(init=False)
    x_cont: torch.Tensor = field(init=False)
    y: torch.Tensor = field(init=False)
    order: torch.Tensor = field(init=False)
    donors: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        from weighin._samplers import MarginalSampler

        job = self.job
        job.model.to(self.device).eval()
        self.x_cat, self.x_cont, self.y = (
            part.to(self.device) for part in (job.x_cat, job.x_cont, torch.from_numpy(job.y))
        )
        # those of weigh with the same seed, for all contenders
        order, donors, first = [], [], 0
        for block in MarginalSampler(len(job.y), job.n_repeats, 0).blocks():
            order.append(block.rows)
            donors.append(block.donors + first)
            first += block.n_receivers
        self.order = torch.from_numpy(np.concatenate(order)).to(self.device)
        self.donors = torch.from_numpy(np.concatenate(donors, axis=1)).to(self.device)

    def synchronize(self) -> None:
        if self.device.type != "cpu":
            getattr(torch, self.device.type).synchronize(self.device)

    def timed(self, function: Callable[[], Any]) -> tuple[float, Any]:
        """Milliseconds until the device is done, and what came out."""
        self.synchronize()
        start = time.perf_counter()
        result = function()
        self.synchronize()
        return 1e3 * (time.perf_counter() - start), result


def weigh(rows: OnDevice, **options: Any) -> weighin.Importance:
    """The whole call, intervals included; a CPU that takes the part of the device goes the device's way."""
    _kernel.SUMS_ON_HOST = () if rows.plays_device else HOST
    return weighin.weigh(
        rows.job.model,
        (rows.x_cat, rows.x_cont),
        rows.y,
        metric="mse",
        n_repeats=rows.job.n_repeats,
        random_state=0,
        device=rows.device,
        progress=False,
        **options,
    )


@torch.inference_mode()
def plain(rows: OnDevice) -> np.ndarray:
    """A column overwritten, a forward in large chunks, the mean error: one number for each feature and shuffle."""
    model, chunk = rows.job.model, rows.chunk
    x_cat, x_cont, y = rows.x_cat[rows.order], rows.x_cont[rows.order], rows.y[rows.order]

    def loss(cat: torch.Tensor, cont: torch.Tensor) -> torch.Tensor:
        parts = [
            (model(c, x).reshape(-1) - t).square_().sum(dtype=torch.float64)
            for c, x, t in zip(cat.split(chunk), cont.split(chunk), y.split(chunk), strict=True)
        ]
        return torch.stack(parts).sum() / len(y)

    losses = [loss(x_cat, x_cont)]
    for part in (x_cat, x_cont):
        for column in range(part.shape[1]):
            own = part[:, column].clone()
            for donors in rows.donors:
                part[:, column] = own[donors]
                losses.append(loss(x_cat, x_cont))
            part[:, column] = own
    values = torch.stack(losses).cpu().numpy()
    return (values[1:] - values[0]).reshape(-1, rows.job.n_repeats)


@torch.inference_mode()
def direct(rows: OnDevice, view: Any) -> np.ndarray:
    """The least such a job does: the head for each row, feature and shuffle, errors, their sums and second moments.

    `view`: the network read as a sum of parts. No check, no other metric, no weights, no result: a bound.
    """
    cat, cont, y = rows.x_cat[rows.order], rows.x_cont[rows.order], rows.y[rows.order]
    n, (n_repeats, _), n_cat = len(y), rows.donors.shape, cat.shape[1]
    n_units = n_cat + cont.shape[1]
    changes = torch.empty(n_units, n_repeats, n, device=y.device)
    for start in range(0, n, rows.chunk):
        here = slice(start, min(start + rows.chunk, n))
        z = view.sum_parts(cat[here], cont[here])
        before = (view.finish(z.clone())[:, 0] - y[here]).square_()
        for unit in range(n_units):
            if unit < n_cat:
                column, table = cat[:, unit], view.tables[unit]
                h = z + (table[column[rows.donors[:, here]]] - table[column[here]])
            else:
                column = cont[:, unit - n_cat]
                steps = column[rows.donors[:, here]] - column[here]
                h = torch.addcmul(z, steps[..., None], view.weights[unit - n_cat])
            pred = view.finish(h.flatten(0, 1)).view(n_repeats, -1)
            changes[unit, :, here] = (pred - y[here]).square_().sub_(before)
    by_row = torch.zeros(n_units, n, dtype=torch.float64, device=y.device)
    given = torch.zeros_like(by_row)
    for change, donors in zip(changes.unbind(1), rows.donors, strict=True):
        by_row += change
        given.index_add_(1, donors, change.double())
    psi = (by_row + given) / n_repeats
    square = psi * psi
    products = [psi @ psi.T, by_row @ given.T, square @ psi.T, (square * psi) @ psi.T]
    return torch.cat([changes.mean(-1, dtype=torch.float64), *products], 1)[:, :n_repeats].cpu().numpy()


def captum(rows: OnDevice) -> None:
    """Its FeaturePermutation, once for each shuffle, its own permutations."""
    from captum.attr import FeaturePermutation

    inputs = (rows.x_cat, rows.x_cont) if rows.x_cat.shape[1] else (rows.x_cont,)

    def loss(*parts: torch.Tensor) -> torch.Tensor:
        *tensors, y = parts
        cat, cont = tensors if len(tensors) == 2 else (rows.x_cat, tensors[0])
        pred = [
            rows.job.model(c, x) for c, x in zip(cat.split(rows.chunk), cont.split(rows.chunk), strict=True)
        ]
        return (torch.cat(pred).reshape(-1) - y).square().mean().reshape(1)

    with torch.inference_mode():
        for _ in range(rows.job.n_repeats):
            FeaturePermutation(loss).attribute(inputs, additional_forward_args=(rows.y,))


def view_of(rows: OnDevice) -> Any:
    """The network as weighin reads it."""
    from weighin._models import as_model

    model = as_model(rows.job.model, device=rows.device)
    data = model.encode((rows.x_cat, rows.x_cont), rows.y, "raise", True)
    with model.predicting(), torch.inference_mode():
        split = model.split(data.rows)
    assert split is not None
    return split.view


@dataclass
class Seen:
    """What was measured of one workload: milliseconds of each contender in each round, and how far numbers are off."""

    title: str
    milliseconds: dict[str, list[float]]
    off_plain: float
    off_cpu: float
    where: str
    memory: float
    imprecise: dict[str, tuple[float, float]]

    def typical(self, name: str) -> float:
        return median(self.milliseconds[name]) if self.milliseconds.get(name) else float("nan")


def apart(one: Any, other: Any) -> float:
    """Largest difference, of the largest."""
    return float(np.abs(np.asarray(one) - np.asarray(other)).max() / np.abs(np.asarray(other)).max())


def measure(job: Job, device: torch.device, rounds: int, until: float) -> Seen:
    """All contenders in turns; numbers compared with a plain loop's, and with those of the CPU."""
    on_cpu = OnDevice(job.head(CPU_ROWS), torch.device("cpu"))
    here = weigh(on_cpu)
    part = OnDevice(job.head(CPU_ROWS), device, device.type == "cpu")
    there = weigh(part)
    off_cpu = max(apart(there.importances, here.importances), apart(there.se, here.se))
    rows = OnDevice(job, device, device.type == "cpu")
    view = view_of(rows)
    # what happens only once, and the best chunk of each loop
    best = {}
    for chunk in CHUNKS[: 1 + sum(c < len(job.y) for c in CHUNKS)]:
        rows.chunk = chunk
        best[chunk] = rows.timed(lambda: direct(rows, view))[0]
    rows.chunk = min(best, key=lambda chunk: best[chunk])
    imp = weigh(rows)
    off_plain = apart(imp.importances, plain(rows))
    contenders: dict[str, Callable[[], Any]] = {
        "weighin": lambda: weigh(rows),
        "plain": lambda: plain(rows),
        "bound": lambda: direct(rows, view),
    }
    try:
        seconds = rows.timed(lambda: captum(rows))[0] / 1e3
        if seconds < CAPTUM_SECONDS:
            contenders["captum"] = lambda: captum(rows)
    except ImportError:
        pass
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        weigh(rows)
    memory = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else float("nan")
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            if time.monotonic() < until or not times[name]:
                times[name].append(rows.timed(run)[0])
    imprecise = {}
    for arithmetic in ("tf32", "bfloat16"):
        if arithmetic == "tf32" and device.type != "cuda":
            continue
        run = partial(weigh, rows, arithmetic=arithmetic)
        run()
        milliseconds, less = rows.timed(run)
        imprecise[arithmetic] = milliseconds, apart(less.importances_mean, imp.importances_mean)
    for name, off in (("plain loop", off_plain), ("CPU", off_cpu)):
        if not off <= TOLERANCE * (10 if name == "CPU" else 1):
            raise AssertionError(
                f"{job.name}: {name} and weighin differ by {off:.1e} of the largest importance"
            )
    return Seen(job.title, times, off_plain, off_cpu, imp.device, memory, imprecise)


def page(seen: dict[str, Seen], device: torch.device, small: bool) -> str:
    """The page, in Markdown."""
    machine = torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU, to try the code"
    options = (" --small" if small else "") + ("" if device.type == "cuda" else " --device cpu")
    lines = [
        "# On a GPU",
        "",
        f"`python -m benchmarks.gpu{options}` on {machine}, torch {torch.__version__}, single precision. Milliseconds,",
        "medians of rounds in turns; rows lie on the device before the time starts. Bound: the head for each row,",
        "feature and shuffle, errors, sums and second moments, and nothing else. weighin: the whole call. Off:",
        "largest difference from the plain loop's importances, and from importances and standard errors of the CPU, of",
        "the largest.",
        "",
        "| | weighin | bound | plain loop | captum | weighin / bound | plain / weighin | off plain | off CPU | MiB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in seen.items():
        ours, bound, loop, other = (one.typical(n) for n in ("weighin", "bound", "plain", "captum"))
        lines.append(
            f"| {name}: {one.title} | {ours:.1f} | {bound:.1f} | {loop:.1f} | {other:.0f} | {ours / bound:.2f} | "
            f"{loop / ours:.1f} | {one.off_plain:.1e} | {one.off_cpu:.1e} | {one.memory:.0f} |"
        )
    lines += [
        "",
        "Less precise arithmetic (`arithmetic=`): milliseconds, and how far importances move, of the largest.",
        "",
    ]
    lines += [
        "| | " + " | ".join(kinds := sorted({k for one in seen.values() for k in one.imprecise})) + " |"
    ]
    lines += ["|---|" + "---|" * len(kinds)]
    for name, one in seen.items():
        cells = [
            f"{ms:.1f}, {off:.1e}" for ms, off in (one.imprecise.get(k, (np.nan, np.nan)) for k in kinds)
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    if device.type == "cuda" and not small:
        reached = ", ".join(f"{n} {one.typical('weighin') / WANTED[n]:.2f}" for n, one in seen.items())
        lines += ["", f"Of what was asked for on an H200 (1 and below is reached): {reached}."]
    return "\n".join([*lines, ""])


def main() -> None:
    """Read the options, run, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--device", default="cuda", help="where to run; cpu to try the code")
    parser.add_argument("--small", action="store_true", help="fewer rows; prints the page")
    parser.add_argument("--only", action="append", choices=NAMES, help="one workload; may be repeated")
    parser.add_argument("--rounds", type=int, default=7, help="turns of all contenders")
    parser.add_argument("--seconds", type=float, default=480.0, help="no new turn begins after so long")
    parser.add_argument("--output", type=Path, help="where to write (GPU.md; small or cpu: nowhere)")
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print("There is no GPU here. To try the code: python -m benchmarks.gpu --device cpu --small")
        return
    warnings.filterwarnings("ignore", module=r"fastai|torch|captum")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    device, seen = torch.device(options.device), {}
    names = options.only or NAMES
    output = options.output or (None if options.small or device.type == "cpu" else PAGE)
    start = time.monotonic()
    for number, name in enumerate(names):
        until = start + options.seconds * (number + 1) / len(names)
        if time.monotonic() > start + options.seconds:
            print(f"{name}: no time left")
            continue
        job = WORKLOADS[name](options.small)
        seen[name] = measure(job.head(SMALL_ROWS) if options.small else job, device, options.rounds, until)
        text = page(seen, device, options.small)
        if output is not None:  # after each: what is cut off leaves the page of those before
            output.write_text(text, encoding="utf-8")
        print(f"{time.monotonic() - start:.0f} s: {name} done", flush=True)
    print(text)


if __name__ == "__main__":
    main()
