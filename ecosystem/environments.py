"""Which frameworks share an environment, and how one is made."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# those that ask for other versions of numpy, pandas or scikit-learn than the rest have one of their own
ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "main": (
        "scikit-learn", "pandas", "polars", "pyarrow", "duckdb", "dask[dataframe]", "xarray", "xgboost-cpu", "lightgbm",
        "catboost", "skorch", "lightning", "keras", "jax", "onnx", "onnxruntime", "skl2onnx", "onnxscript",
        "statsmodels", "imbalanced-learn", "skrub", "feature-engine", "lifelines", "scikit-survival",
        "interpret-core", "ngboost", "tabm", "rtdl_revisiting_models", "pytorch-tabnet", "pytorch-frame", "pytabkit",
    ),
    "fastai": ("fastai",),
    "widedeep": ("pytorch-widedeep",),
    # pytorch-tabular imports requests without asking for it
    "tabular": ("pytorch-tabular", "requests"),
    "gluon": ("autogluon.tabular", "fastai"),
}  # fmt: skip


def interpreter(folder: Path, name: str) -> Path:
    """The Python of an environment."""
    return folder / name / "bin" / "python"


def build(folder: Path, name: str) -> dict[str, str]:
    """Make an environment, if it is not there; what cannot be installed, with pip's reason.

    torch goes in first and alone: pip then takes a CPU build where one is offered. Where all packages together cannot
    be installed they are tried one by one, so that one of them does not take the others along.
    """
    python, done = interpreter(folder, name), folder / name / "failures.txt"
    if done.exists():
        return dict(line.split("\t", 1) for line in done.read_text(encoding="utf-8").splitlines())
    if not python.exists():
        venv.create(folder / name, with_pip=True)
    print(f"installing {name}", file=sys.stderr, flush=True)
    # weighin itself is read from the source beside, its requirements are installed
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    failures = {}
    pinned = ("-c", str(ROOT / "constraints.txt"), "torch")
    for packages in (pinned, (*ENVIRONMENTS[name], *project["dependencies"], "pandas")):
        if _pip(python, *packages):
            single = [package for package in packages if not package.startswith(("-", "/"))]
            failures |= {package: why for package in single if (why := _pip(python, package))}
    done.write_text("".join(f"{package}\t{why}\n" for package, why in failures.items()), encoding="utf-8")
    return failures


def _pip(python: Path, *packages: str) -> str:
    """Install; why not, in pip's words, where that fails."""
    call = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    ran = subprocess.run(call, capture_output=True, text=True, check=False)
    if ran.returncode == 0:
        return ""
    errors = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")]
    return (errors or ran.stderr.splitlines() or ["pip failed"])[-1].strip()
