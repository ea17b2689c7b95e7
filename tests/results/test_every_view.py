"""Every result shows itself in every view, whatever its features are called; add a kind of result to `every_kind`."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from every_kind import MAKERS, PLAIN, shown
from rich.console import Console

import weighin
from pages import asks_nobody, without_scripts


def in_table(result, names):
    """What the rows of its table are called."""
    return [f"without {name}" if isinstance(result, weighin.Ablation) else name for name in names]


class Parsed(HTMLParser):
    """Tags, texts, and whether every tag that is opened is closed."""

    VOID = ("meta", "link", "img", "source", "br", "input", "wbr")

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.texts, self.attributes = [], [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def without_spaces(text):
    return re.sub(r"\s", "", text)


def test_the_text_has_heading_and_every_feature(result, names):
    text, heading = str(result), result.tell().tables[0].heading
    assert text.startswith(heading)
    assert repr(result) == text
    # long names are folded into several lines: their letters are all there
    for name in names:
        assert set(shown(name)) <= set(text)
    assert "\x1b" not in text
    if names == PLAIN:
        assert all(re.search(rf"^ *{name}\b", text, re.M) for name in in_table(result, names))


def test_rich_prints_it(result, names):
    page = io.StringIO()
    Console(file=page, width=110, force_terminal=True, color_system="truecolor").print(result)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", page.getvalue())
    assert result.tell().tables[0].heading in plain
    assert "\x1b" not in plain


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_its_terminal(result, width):
    page = io.StringIO()
    Console(file=page, width=width, force_terminal=False, color_system=None).print(result)
    assert max(map(len, page.getvalue().splitlines())) <= width


def test_a_notebook_gets_one_table(result, names):
    parsed = Parsed(result._repr_html_())
    assert parsed.tags.count("table") == 1
    assert not {"script", "b", "i", "link", "img"} & set(parsed.tags)
    for name in in_table(result, names):
        assert shown(name) in [text.strip() for text in parsed.texts]
    assert not any(key.startswith("on") for key, _ in parsed.attributes)


def test_markdown_has_every_feature_as_text(result, names):
    lines = [line for line in result.to_markdown().splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(result.tell().tables[0].rows)
    for name in in_table(result, names):
        escaped = re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", shown(name))
        assert any(line.startswith(f"| {escaped} ") for line in lines)
    columns = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines}
    assert len(columns) == 1


def test_latex_has_every_feature_as_text(result, names):
    table = result.to_latex()
    assert table.count(r"\begin{tabular}") == table.count(r"\end{tabular}") == 1
    body = table.split(r"\midrule")[1].split(r"\bottomrule")[0]
    assert body.count(r" \\") == len(result.tell().tables[0].rows)
    if names == PLAIN:
        assert all(name in body for name in names)
    else:
        assert r"a\_b|c`*d*" in body
        assert r"\textless{}b\textgreater{}\"x\"\&amp;".replace(r"\"", '"') in body
        assert r"\$x\textasciicircum{}\{2\$ 100\% \textasciitilde{}\textbackslash{}\{\#\}" in body


def test_the_summary_says_something_of_every_kind_of_name(result, names):
    text = result.summary()
    assert text
    assert "\x1b" not in text
    assert shown(names[0]) in text


def test_numbers_are_written_as_people_do(result):
    for view in (str(result), result.to_markdown(), result.summary()):
        assert not re.search(r"(?<![\w.])-\d", view)
        assert not re.search(r"\d %", view)


def test_frames_of_every_library_hold_the_same(result):
    pandas = result.to_frame(backend="pandas")
    pd.testing.assert_frame_equal(result.to_frame(), pandas)
    for backend in ("polars", "pyarrow"):
        other = result.to_frame(backend=backend).to_pandas()
        pd.testing.assert_frame_equal(other, pandas, check_dtype=False)
    with pytest.raises(weighin.InputError, match=r"backend must be one of.*'pandas'"):
        result.to_frame(backend="panda")


def test_without_any_library_of_frames_there_are_lists(result, monkeypatch):
    import weighin._display.frame as frame

    expected = result.to_frame().to_dict("list")
    monkeypatch.setattr(frame, "find_spec", lambda name: None)
    lists = result.to_frame()
    assert {key: list(map(repr, values)) for key, values in lists.items()} == {
        key: list(map(repr, values)) for key, values in expected.items()
    }
    with pytest.raises(weighin.MissingDependencyError, match="polars is not installed"):
        result.to_frame(backend="polars")


def test_frames_are_documented(result):
    documented = re.search(r"Columns of `to_frame`:(.*?)(?:\n\n|$)", type(result).__doc__, re.S).group(1)
    for column in result.to_frame():
        assert re.search(rf"\b{column}\b", documented), column


def test_saved_and_loaded_it_is_the_same(result, tmp_path):
    path = tmp_path / "result.json"
    result.save(path)
    again = type(result).load(path)
    assert str(again) == str(result)
    assert again.to_json() == result.to_json()
    pd.testing.assert_frame_equal(again.to_frame(), result.to_frame())
    assert again.summary() == result.summary()
    with pytest.raises(weighin.OutputExistsError):
        result.save(path)
    result.save(path, force=True)


def test_a_file_of_another_version_is_refused(result, tmp_path):
    path = tmp_path / "result.json"
    content = json.loads(result.to_json())
    for version in (content["version"] + 1, 0, None, "two"):
        path.write_text(json.dumps({**content, "version": version}))
        with pytest.raises(weighin.InputError, match=re.escape(f"has version {version!r} of the format")):
            type(result).load(path)


def test_a_file_of_something_else_is_refused(result, tmp_path):
    path = tmp_path / "result.json"
    content = json.loads(result.to_json())
    for other in ({**content, "format": "weighin.other"}, [], {}, {**content, "notes": 3}):
        path.write_text(json.dumps(other))
        with pytest.raises(weighin.InputError, match=r"is not a result of weighin|damaged"):
            type(result).load(path)
    with pytest.raises(weighin.InputError, match="cannot be read"):
        type(result).load(tmp_path / "absent.json")


# the page of an importance has scripts and a sentence as headline: tests/report
@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind != "Importance"])
def test_the_page_holds_every_feature_and_asks_for_nothing(kind, names, tmp_path):
    result = MAKERS[kind](names)
    page = result.to_html()
    parsed = Parsed(without_scripts(page))
    assert parsed.tags.count("h1") == 1
    assert asks_nobody(page)
    visible = without_spaces(" ".join(parsed.texts))
    for name in names:
        assert without_spaces(shown(name)) in visible
    path = tmp_path / "page.html"
    assert result.to_html(path) is None
    assert path.read_text(encoding="utf-8") == page
    with pytest.raises(weighin.OutputExistsError):
        result.to_html(path)
    assert "<h1>My &lt;title&gt;</h1>" in result.to_html(title="My <title>")


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
def test_a_chart_is_axes(result, pyplot):
    from matplotlib.axes import Axes

    drawn = np.ravel(result.plot())
    assert len(drawn)
    assert all(isinstance(ax, Axes) for ax in drawn)
    drawn[0].figure.canvas.draw()
