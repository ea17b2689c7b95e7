"""``weighin schema``: schemas of saved results, printed or written."""

from __future__ import annotations

import json

import weighin


def test_one_kind_is_printed(cli):
    ran = cli("schema", "importance")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out) == weighin.Importance.json_schema()


def test_all_kinds_are_printed_or_written(cli, tmp_path):
    printed = json.loads(cli("schema").out)
    assert {"importance", "shares", "effects", "interactions", "ablation"} < set(printed)
    assert cli("schema", "--out", "schemas").code == 0
    written = {path.name: json.loads(path.read_text("utf-8")) for path in (tmp_path / "schemas").iterdir()}
    assert written == {f"{kind}.schema.json": schema for kind, schema in printed.items()}


def test_what_is_there_stays_without_force(cli, tmp_path):
    (tmp_path / "effects.schema.json").write_text("mine")
    ran = cli("schema", "--out", ".")
    assert ran.code == 1
    assert "effects.schema.json" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["effects.schema.json"]
    assert cli("schema", "effects", "--out", ".", "--force").code == 0
    assert (
        json.loads((tmp_path / "effects.schema.json").read_text("utf-8"))["title"]
        == "weighin.effects, version 2"
    )


def test_an_unknown_kind_is_refused_with_the_nearest(cli):
    ran = cli("schema", "share")
    assert ran.code == 1
    assert "Did you mean 'shares'?" in ran.err
