"""Raw features, the encoded columns each one owns, and groups of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from weighin._base.checks import names_among
from weighin._base.errors import InputError


@dataclass(frozen=True, slots=True)
class Feature:
    """What moves together in one swap.

    Attributes
    ----------
    name : str
        Name of the raw feature, or of the group.
    columns : tuple of int
        Positions of its encoded columns: the value and, say, its missing indicator.
    members : tuple of str
        Raw features of a group; empty for a single feature.
    """

    name: str
    columns: tuple[int, ...]
    members: tuple[str, ...] = ()


def select(
    available: Sequence[Feature],
    features: Iterable[str] | None = None,
    groups: Mapping[str, Iterable[str]] | None = None,
) -> tuple[Feature, ...]:
    """Choose what to weigh: the named features in the model's order, then the groups.

    `available`: the raw features the model takes. `features`: names to weigh one by one; all of them by default, none
    for an empty list. `groups`: each group is weighed as one more feature, all its members moved by the same swap.
    Raises InputError on unknown or repeated names, an empty group, a group named like a feature, or nothing to weigh.
    """
    by_name = {feature.name: feature for feature in available}
    names = list(by_name) if features is None else names_among(features, by_name, "features")
    chosen = [feature for name, feature in by_name.items() if name in set(names)]
    if groups is not None and not isinstance(groups, Mapping):
        raise InputError(f"groups must map a name to a list of features, got {type(groups).__name__}.")
    for group, member_names in (groups or {}).items():
        if not isinstance(group, str):
            raise InputError(f"The name of a group must be text, got {group!r}.")
        if group in by_name:
            raise InputError(f"The group {group!r} has the name of a feature; choose another name.")
        members = names_among(member_names, by_name, f"groups[{group!r}]")
        if not members:
            raise InputError(f"groups[{group!r}] is empty; name at least one feature.")
        columns = tuple(column for member in members for column in by_name[member].columns)
        chosen.append(Feature(group, columns, tuple(members)))
    if not chosen:
        raise InputError("Nothing to weigh: features is empty and there are no groups.")
    return tuple(chosen)


def renamed(features: Sequence[Feature], names: Sequence[str] | None) -> tuple[Feature, ...]:
    """The same features by other names, in order; by their own where there are none."""
    if names is None:
        return tuple(features)
    return tuple(replace(feature, name=name) for feature, name in zip(features, names, strict=True))
