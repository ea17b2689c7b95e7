"""Python objects in files: pickles, joblib's and PyTorch's, which run code, and those of skops, which name types."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weighin._base.errors import ModelError, listing
from weighin._base.optional import require
from weighin._models.files.archive import check_archive

RUNS_CODE = "is a pickle: opening it runs the code stored in it."


def read(path: Path, trust: Callable[[str], None]) -> Any:
    """Read a pickle, one of joblib, or what torch.save or a learner's export wrote."""
    trust(RUNS_CODE)
    return _unpickled(path)


def read_torch(path: Path, trust: Callable[[str], None]) -> Any:
    """Read what torch.save wrote: weights without being asked, anything else as a pickle."""
    import torch

    if not zipfile.is_zipfile(path):
        trust(RUNS_CODE)
        return _unpickled(path)
    check_archive(path, "a file of PyTorch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError:
            pass
    trust(RUNS_CODE)
    return _unpickled(path)


def read_skops(path: Path, trust: Callable[[str], None]) -> Any:
    """Read a file of skops; types it does not trust itself are asked for."""
    import skops.io

    check_archive(path, "a file of skops")
    untrusted = skops.io.get_untrusted_types(file=path)
    if untrusted:
        trust(f"holds objects of types that skops does not trust by itself: {listing(untrusted)}.")
    return skops.io.load(path, trusted=untrusted)


def _unpickled(path: Path) -> Any:
    """Run a pickle that somebody trusts."""
    if not zipfile.is_zipfile(path):
        import joblib

        return joblib.load(path)
    check_archive(path, "a file of PyTorch")
    if _is_learner(path):
        require("fastai", "fastai", f"open the learner '{path}'")
        from fastai.learner import load_learner

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="load_learner` uses Python's insecure pickle")
            return load_learner(path)
    require("torch", "torch", f"open '{path}'")
    import torch

    with warnings.catch_warnings():
        # TorchScript: deprecated, and read all the same
        warnings.filterwarnings("ignore", category=UserWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        return torch.load(path, map_location="cpu", weights_only=False)


def _is_learner(path: Path) -> bool:
    """Whether the pickle in an archive of torch.save names fastai's learners."""
    with zipfile.ZipFile(path) as archive:
        pickled = [name for name in archive.namelist() if name.endswith("data.pkl")]
        if not pickled:
            raise ModelError(f"'{path}' is a zip archive, not a pickle: torch.save wrote none of its files.")
        return b"fastai.learner" in (content := archive.read(pickled[0])) or b"fastai.tabular" in content
