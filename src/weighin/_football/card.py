"""The card of a trained learner: a small JSON file beside the pickle that says what it was trained on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighin._base.checks import is_real, is_whole
from weighin._base.errors import InputError, listing, nearest

FORMAT, VERSION = "weighin learner card", 1

RowId = int | str


def card_path(learner_path: Path | str) -> Path:
    """Where the card of a learner file lies: ``learner.card.json`` for ``learner.pkl``."""
    path = Path(learner_path)
    return path.parent / f"{path.stem}.card.json"


@dataclass(frozen=True)
class Card:
    """What is known about a trained learner."""

    cat_names: tuple[str, ...]
    cont_names: tuple[str, ...]
    # column it predicts, and the name of its metric
    target: str
    metric: str
    # seasons of the training and validation rows, and of the test rows
    seasons_trained: tuple[int, ...]
    seasons_held_out: tuple[int, ...]
    # the rows of each part, by the column ``id``
    train_ids: tuple[RowId, ...]
    valid_ids: tuple[RowId, ...]
    test_ids: tuple[RowId, ...]
    seed: int
    epochs: int
    batch_size: int
    lr: float
    layers: tuple[int, ...]
    simulated: bool
    # mean absolute error on the test rows, of the network and of the spread alone, in points
    test_mae: float
    spread_mae: float
    versions: dict[str, str]
    # when it was trained, ISO 8601, UTC
    date: str
    # checksum of the learner file; None until it is saved
    learner_sha256: str | None = None

    def save(self, path: Path | str) -> None:
        """Write the card as JSON, one field per line."""
        content = {"format": FORMAT, "version": VERSION, **dataclasses.asdict(self)}
        lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in content.items()]
        Path(path).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path | str) -> Card:
        """Read a card."""
        content = _read(Path(path))
        types = {field.name: str(field.type) for field in dataclasses.fields(cls)}
        names = list(types)
        unknown = [name for name in content if name not in names]
        if unknown:
            hint = nearest(unknown[0], names)
            raise InputError(f"The card '{path}' is damaged: unknown field {unknown[0]!r}.{hint}")
        missing = [name for name in names if name not in content]
        if missing:
            raise InputError(f"The card '{path}' is damaged: missing {listing(missing)}.")
        for name, value in content.items():
            allowed, fits = _OF_TYPE[types[name]]
            if not fits(value):
                raise InputError(
                    f"The card '{path}' is damaged: {name} must be {allowed}, got {value!r:.80}."
                )
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
        return cls(**fields)

    @classmethod
    def for_learner(cls, learner_path: Path | str) -> Card | None:
        """Read the card beside a learner file, or give None where there is none."""
        path = card_path(learner_path)
        if not path.is_file():
            return None
        card = cls.load(path)
        if card.learner_sha256 not in (None, checksum(learner_path)):
            raise InputError(
                f"The card '{path}' describes another learner than '{learner_path}' (the checksums differ). "
                "Hint: move the card away if the learner was replaced, or train again."
            )
        return card


def checksum(path: Path | str) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> dict[str, Any]:
    """Read the JSON of a card, and check that this weighin knows the format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"No such card: '{path}'.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"The card '{path}' is damaged: {error}") from None
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise InputError(f'\'{path}\' is not a learner card: it has no "format": "{FORMAT}".')
    version = content.pop("version", None)
    if isinstance(version, bool) or version != VERSION:
        raise InputError(
            f"The card '{path}' has version {version!r}; this weighin reads version {VERSION}. "
            "Hint: update weighin, or train the learner again."
        )
    return content


def _text(value: object) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return is_real(value) and math.isfinite(value)


def _list_of(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


# what the JSON of a field must be, by the type of the field
_OF_TYPE: dict[str, tuple[str, Callable[[object], bool]]] = {
    "str": ("text", _text),
    "int": ("a whole number", is_whole),
    "float": ("a number", _number),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "tuple[str, ...]": ("a list of texts", _list_of(_text)),
    "tuple[int, ...]": ("a list of whole numbers", _list_of(is_whole)),
    "tuple[RowId, ...]": ("a list of row ids", _list_of(lambda value: is_whole(value) or _text(value))),
    "dict[str, str]": (
        "an object of texts",
        lambda value: isinstance(value, dict) and all(map(_text, value.values())),
    ),
    "str | None": ("text or null", lambda value: value is None or _text(value)),
}
