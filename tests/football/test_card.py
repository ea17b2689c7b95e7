"""The card beside a learner: what is written is read again, and anything else is refused with the reason."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from weighin._base.errors import InputError
from weighin._football.card import Card, card_path, checksum

CARD = Card(
    cat_names=("home_conference", "away_conference", "neutral_site"),
    cont_names=("home_elo", "away_elo", "spread"),
    target="margin",
    metric="mae",
    seasons_trained=(2018, 2019),
    seasons_held_out=(2020,),
    train_ids=(1, 2, 3),
    valid_ids=(4,),
    test_ids=(5, 6),
    seed=0,
    epochs=5,
    batch_size=64,
    lr=0.001,
    layers=(200, 100),
    simulated=False,
    test_mae=12.7,
    spread_mae=12.5,
    versions={"python": "3.11.7", "fastai": "2.8.12"},
    date="2026-01-02T03:04:05+00:00",
)


def written(path: Path, **changes: Any) -> Path:
    CARD.save(path)
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: value for name, value in content.items() if value != "gone"}))
    return path


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    for card in (CARD, dataclasses.replace(CARD, train_ids=("a", "b"), learner_sha256="ab12", test_mae=13)):
        card.save(tmp_path / "x.card.json")
        assert Card.load(tmp_path / "x.card.json") == card


def test_the_file_is_json_a_person_can_read(tmp_path: Path) -> None:
    CARD.save(tmp_path / "x.card.json")
    text = (tmp_path / "x.card.json").read_text()
    content = json.loads(text)
    assert content["format"] == "weighin learner card"
    assert content["version"] == 1
    assert content["train_ids"] == [1, 2, 3]
    assert len(text.splitlines()) == len(content) + 2  # one field per line


def test_a_card_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        CARD.seed = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("learner", "card"),
    [
        ("learner.pkl", "learner.card.json"),
        ("my.model.pkl", "my.model.card.json"),
        ("plain", "plain.card.json"),
        ("a.b/learner", "a.b/learner.card.json"),
    ],
)
def test_where_the_card_lies(learner: str, card: str) -> None:
    assert card_path(learner) == Path(card)


def test_the_card_of_a_learner(tmp_path: Path) -> None:
    learner = tmp_path / "learner.pkl"
    learner.write_bytes(b"a learner")
    assert Card.for_learner(learner) is None
    CARD.save(card_path(learner))
    assert Card.for_learner(learner) == CARD  # no checksum on the card: nothing to compare
    known = dataclasses.replace(CARD, learner_sha256=checksum(learner))
    known.save(card_path(learner))
    assert Card.for_learner(str(learner)) == known


def test_the_card_of_another_learner_is_refused(tmp_path: Path) -> None:
    learner = tmp_path / "learner.pkl"
    learner.write_bytes(b"a learner")
    dataclasses.replace(CARD, learner_sha256=checksum(learner)).save(card_path(learner))
    learner.write_bytes(b"trained again by somebody else")
    with pytest.raises(InputError, match=r"describes another learner than .* \(the checksums differ\)"):
        Card.for_learner(learner)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "has version 2; this weighin reads version 1"),
        ({"version": "1"}, "has version '1'"),
        ({"version": True}, "has version True"),
        ({"version": "gone"}, "has version None"),
        ({"format": "weighin importance"}, "is not a learner card"),
        ({"format": "gone"}, "is not a learner card"),
        ({"test_idz": [1]}, "unknown field 'test_idz'. Did you mean 'test_ids'?"),
        ({"test_ids": "gone", "date": "gone"}, "missing 'test_ids', 'date'"),
        ({"test_ids": 5}, "test_ids must be a list of row ids, got 5"),
        ({"test_ids": [1.5]}, r"test_ids must be a list of row ids, got \[1\.5\]"),
        ({"cat_names": [1]}, "cat_names must be a list of texts"),
        ({"seed": True}, "seed must be a whole number, got True"),
        ({"seed": 1.5}, "seed must be a whole number, got 1.5"),
        ({"test_mae": None}, "test_mae must be a number, got None"),
        ({"test_mae": float("nan")}, "test_mae must be a number, got nan"),
        ({"simulated": 0}, "simulated must be true or false, got 0"),
        ({"versions": {"fastai": 2}}, "versions must be an object of texts"),
        ({"learner_sha256": 1}, "learner_sha256 must be text or null"),
        ({"target": list("x" * 500)}, "target must be text"),
    ],
)
def test_a_damaged_card(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = written(tmp_path / "x.card.json", **changes)
    with pytest.raises(InputError, match=message) as raised:
        Card.load(path)
    assert str(path) in str(raised.value)
    assert len(str(raised.value)) < 400


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b"[" * 100_000, b'{"format": 1}']
)
def test_no_card_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.card.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"is damaged|is not a learner card"):
        Card.load(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such card"):
        Card.load(tmp_path / "x.card.json")


def test_every_field_is_checked(tmp_path: Path) -> None:
    for field in dataclasses.fields(Card):
        with pytest.raises(InputError, match=f"{field.name} must be"):
            Card.load(written(tmp_path / "x.card.json", **{field.name: {"an": ["object", 1]}}))
