"""Fits in a folder, each in a file of its own: what was trained once is not trained again."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._base.files import as_path, check_free, replacing

FORMAT, VERSION = "weighin.fits", 2


@dataclass(frozen=True)
class Outcome:
    """What became of one fit."""

    # the metric on the held-out rows; NaN for a fit that failed twice
    score: float
    # parts whose mean it is
    units: NDArray[np.float64]
    # what a part is: "rows" or "blocks"
    unit: str = "rows"
    metric: str = ""
    greater_is_better: bool = False
    seed: int = 0
    # what it took
    seconds: float = 0.0
    # why the first seed, and the second, failed
    errors: tuple[str, ...] = ()
    # what weighing its model gave, where that was asked for
    weights: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether there is no model."""
        return bool(np.isnan(self.score))


class Store:
    """A folder of finished fits of one plan, or, without a folder, of none."""

    def __init__(
        self, folder: Path | str | None, plan: Mapping[str, str], variants: Mapping[str, str]
    ) -> None:
        self.folder = None if folder is None else as_path(folder, "store")
        self._plan = dict(plan)
        self._variants: dict[str, str] = {}
        if self.folder is not None:
            self._open(self.folder)
        self.admit(variants)

    def admit(self, variants: Mapping[str, str]) -> None:
        """Note what labels stand for."""
        for label, key in variants.items():
            if self._variants.get(label, key) != key:
                raise InputError(
                    f"The store '{self.folder}' belongs to another plan: its variant {label!r} differs "
                    "from this one. Choose another folder, or another label."
                )
        before = self._variants
        self._variants = {**before, **variants}
        if self.folder is not None and (self._variants != before or not before):
            self.check()
            content = {"format": FORMAT, "version": VERSION, "plan": self._plan, "variants": self._variants}
            with replacing(self.folder / "plan.json") as temporary:
                temporary.write_text(json.dumps(content, indent=1), encoding="utf-8")

    def check(self) -> None:
        """Raise unless fits can be written."""
        if self.folder is not None:
            check_free(self.folder / "plan.json", force=True)

    def load(self, name: str) -> Outcome | None:
        """Read one fit; None where it is not there, or cannot be read and has to be trained again."""
        if self.folder is None:
            return None
        try:
            with np.load(self.folder / f"{name}.npz", allow_pickle=False) as file:
                details = json.loads(str(file["details"]))
                details["errors"] = tuple(details["errors"])
                details["weights"] |= {key[1:]: file[key] for key in file if key[0] == "_"}
                outcome = Outcome(float(file["score"]), file["units"], **details)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None
        # no fit is kept with such a score: the file was changed
        return None if np.isinf(outcome.score) else outcome

    def save(self, name: str, outcome: Outcome) -> None:
        """Write one fit, whole or not at all."""
        if self.folder is None:
            return
        details = {key: value for key, value in asdict(outcome).items() if key not in ("score", "units")}
        arrays = {f"_{key}": value for key, value in outcome.weights.items() if isinstance(value, np.ndarray)}
        details["weights"] = {key: value for key, value in outcome.weights.items() if f"_{key}" not in arrays}
        numbers: dict[str, Any] = {"score": outcome.score, "units": outcome.units, **arrays}
        with replacing(self.folder / f"{name}.npz") as temporary, temporary.open("wb") as file:
            np.savez(file, details=json.dumps(details), **numbers)

    def _open(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"store must be a folder, and '{folder}' is a file.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"The store '{folder}' cannot be created: {error.strerror}.") from None
        path = folder / "plan.json"
        if not path.exists():
            if any(not entry.name.startswith(".") for entry in folder.iterdir()):
                raise InputError(
                    f"The folder '{folder}' holds something other than fits of weighin; name another folder."
                )
            return
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            there, version = content["plan"], content["version"]
            self._variants = dict(content["variants"])
            if content["format"] != FORMAT:
                raise ValueError
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(f"The store '{folder}' is damaged: '{path.name}' cannot be read.") from None
        if version != VERSION:
            raise InputError(f"The store '{folder}' has version {version!r}; this weighin reads {VERSION}.")
        other = [name for name in {**self._plan, **there} if there.get(name) != self._plan.get(name)]
        if other:
            differences = "; ".join(
                f"{name}: {there.get(name, 'none')} there, {self._plan.get(name, 'none')} here"
                for name in other
            )
            raise InputError(
                f"The store '{folder}' belongs to another plan ({differences}). Choose another folder, or "
                "remove that one."
            )
