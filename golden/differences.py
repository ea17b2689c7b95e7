"""What differs between saved runs and new ones, in words."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from golden.files import unpacked


def report(
    saved: Mapping[str, Any], found: Mapping[str, Any], tolerance: float, *, texts: bool, lines: int
) -> int:
    """Print what differs; 1 where numbers do, 2 where texts alone do, 0 else."""
    numbers_differ, texts_differ = 0, 0
    for name in dict.fromkeys([*saved, *found]):
        if name not in saved or name not in found:
            numbers_differ += 1
            print(f"{name}: only {'now' if name in found else 'in the file'}")
            continue
        told = list(_numbers(saved[name]["numbers"], found[name]["numbers"], tolerance))
        numbers_differ += len(told)
        for line in told:
            print(f"{name}: {line}")
    if texts:
        for name in saved:
            if name in found:
                texts_differ += _texts(name, saved[name]["texts"], found[name]["texts"], lines)
    print(
        f"{len(found)} runs: {numbers_differ} numbers differ"
        + (f", {texts_differ} texts differ" if texts else ", texts left out")
    )
    return 1 if numbers_differ else 2 if texts_differ else 0


def _numbers(saved: Mapping[str, Any], found: Mapping[str, Any], tolerance: float) -> Iterator[str]:
    # what a result holds only now changes no number
    for key in saved:
        if key not in found:
            yield f"{key}: only in the file"
        elif saved[key] != found[key]:
            told = _difference(saved[key], found[key], tolerance)
            if told:
                yield f"{key}: {told}"


def _difference(old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float) -> str:
    """Say how two packed values differ; "" where they do not by more than the tolerance."""
    for word in ("missing", "error"):
        if word in old or word in new:
            return f"was {_short(old)}, is {_short(new)}"
    a, b = unpacked(old), unpacked(new)
    if a is None and b is None:
        return _of_values(old["value"], new["value"], tolerance)
    if a is None or b is None:
        return f"was {_short(old)}, is {_short(new)}"
    if a.shape != b.shape:
        return f"shape was {a.shape}, is {b.shape}"
    kinds = "" if a.dtype == b.dtype else f"dtype was {a.dtype}, is {b.dtype}"
    told = _of_arrays(a.astype(float), b.astype(float), tolerance)
    return "; ".join(part for part in (kinds if tolerance == 0 else "", told) if part)


def _of_arrays(a: Any, b: Any, tolerance: float) -> str:
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if tolerance == 0:
        same &= np.signbit(a) == np.signbit(b)
        same |= np.isnan(a) & np.isnan(b)
    else:
        largest = np.nanmax(np.abs(np.where(np.isfinite(a), a, 0.0)), initial=0.0)
        with np.errstate(invalid="ignore"):
            same |= np.abs(a - b) <= tolerance * largest
    if same.all():
        return ""
    with np.errstate(invalid="ignore"):
        gap = np.where(same, 0.0, np.nan_to_num(np.abs(a - b), nan=np.inf, posinf=np.inf))
    place = np.unravel_index(np.argmax(gap), gap.shape) if gap.ndim else ()
    if gap[place] == 0:  # signs of zeros alone
        place = np.unravel_index(np.argmin(same), same.shape) if same.ndim else ()
    size = abs(a[place])
    part = f", {gap[place] / size:.2g} of it" if size and np.isfinite(gap[place]) else ""
    where = f" at {[int(i) for i in place]}" if place else ""
    return (
        f"{int((~same).sum())} of {same.size} differ, the most by {gap[place]:.3g}{part}{where}: "
        f"was {float(a[place])!r}, is {float(b[place])!r}"
    )


def _of_values(old: Any, new: Any, tolerance: float) -> str:
    if isinstance(old, dict) and isinstance(new, dict):
        if list(old) != list(new):
            return f"keys were {list(old)!r:.200}, are {list(new)!r:.200}"
        parts = ((key, _difference(old[key], new[key], tolerance)) for key in old if old[key] != new[key])
        return "; ".join(f"[{key}] {told}" for key, told in parts if told)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        differing = [place for place, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]]
        first = differing[0] if differing else 0
        a, b = old[first], new[first]
        if isinstance(a, dict) and isinstance(b, dict):
            told = ((place, _difference(old[place], new[place], tolerance)) for place in differing)
            return "; ".join(f"[{place}] {text}" for place, text in told if text)
        return f"{len(differing)} of {len(old)} differ, first at [{first}]: was {a!r:.100}, is {b!r:.100}"
    return f"was {old!r:.200}, is {new!r:.200}"


def _short(content: Mapping[str, Any]) -> str:
    values = unpacked(content)
    if values is not None:
        return f"numbers of shape {values.shape}"
    if "missing" in content:
        return "missing"
    return f"{content.get('error', content.get('value'))!r:.200}"


def _texts(name: str, saved: Mapping[str, str], found: Mapping[str, str], lines: int) -> int:
    """Print the texts of a run that differ, and give their number."""
    differing = 0
    for key in dict.fromkeys([*saved, *found]):
        old, new = saved.get(key), found.get(key)
        if old == new:
            continue
        differing += 1
        diff = list(
            difflib.unified_diff(
                (old or "").splitlines(), (new or "").splitlines(), "saved", "now", lineterm="", n=1
            )
        )
        print(f"--- text of {name}: {key}" + (" (only now)" * (old is None)) + (" (gone)" * (new is None)))
        print("\n".join(f"    {line[:240]}" for line in diff[2 : 2 + lines]))
        if len(diff) > 2 + lines:
            print(f"    ... {len(diff) - 2 - lines} more lines")
    return differing
