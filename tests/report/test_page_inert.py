"""Nothing that data hold does anything in a page, and nothing in it comes from elsewhere."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import re
from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st
from reader import Read, read

import weighin
from pages import asks_nobody

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def six():
    return samples.weighed(6)


def test_nothing_in_a_page_names_another_place(six):
    more = [samples.effects(six.features), samples.associations(six.features)]
    page = read(six, also=more)
    for tag, attrs in page.elements:
        assert tag not in ("iframe", "object", "embed", "base", "form") or attrs == {"method": "dialog"}
        assert not any(name.startswith("on") for name in attrs)
        for name in ("href", "src", "action", "data", "srcset", "xlink:href"):
            assert attrs.get(name, "#").startswith(("#", "data:"))
    assert asks_nobody(six.to_html(also=more))


def test_only_its_own_scripts_may_run(six):
    page = read(six)
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    code = [text for attrs, text in page.scripts if not attrs]
    prints = {f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in code}
    # what the page's own script unpacks and adds
    library = gzip.decompress(
        b64decode(next(text for attrs, text in page.scripts if attrs.get("id") == "library"))
    )
    prints.add(f"'sha256-{b64encode(sha256(library).digest()).decode()}'")
    assert len(code) == 1
    assert set(rules["script-src"].split()) == prints


def test_names_from_the_data_are_text_and_nothing_else():
    imp = samples.weighed(names=samples.HOSTILE, groups={samples.HOSTILE[0]: samples.HOSTILE[1:3]})
    plain = samples.weighed(10, groups={"feature_000": ("feature_001", "feature_002")})

    def page(imp, note):
        kinds = (samples.associations, samples.ablation)
        more = [samples.effects(imp.features[:4]), *(make(imp.features) for make in kinds)]
        return read(dataclasses.replace(imp, notes=(note,)), also=more)

    hostile, mild = page(imp, f"note on {samples.HOSTILE[1]}"), page(plain, "note on x")
    for tag in ("script", "b", "a", "meta", "section", "tr", "li"):
        assert hostile.count(tag) == mild.count(tag), tag
    assert [row["full"] for row in hostile.rows][:1] == [samples.HOSTILE[0]]
    assert "{{ 7 * 7 }}" in hostile.text
    assert "49 " not in hostile.text
    assert "<script>document.title='owned'</script>" in hostile.text


@pytest.mark.parametrize("kind", ["comparison", "ablation", "effects", "associations"])
def test_names_do_nothing_in_the_page_of_any_result(kind):
    html = samples.other_page(kind)
    page = Read(html)
    assert asks_nobody(html)
    assert "<script>document.title='owned'</script>" in page.text
    assert not {"\u202e", "\x1b"} & set(page.text)


def test_what_hides_or_turns_text_around_is_written_out():
    page = read(samples.weighed(names=samples.HOSTILE))
    assert "turned \\u202e around" in page.text
    assert "two\\nlines\\tand" in page.text
    assert "\u202e" not in page.text
    assert "👩‍👩‍👧 family" in page.text  # what holds this family together hides nothing


def test_a_letter_that_the_program_for_pictures_cannot_cut_costs_no_page():
    assert "0\U0001f030" in read(samples.bare(range(2), ["a", "0\U0001f030"])).text


@pytest.mark.parametrize("letter", ["\x1b", "\x00", "\ud800", "\u2028", "\x9b"])
def test_a_letter_that_the_program_for_pictures_dies_of_does_not_reach_it(letter):
    names = [f"a{letter}b", "week"]
    imp = samples.bare([2.0, 1.0], names, metric=f"m{letter}", model=f"net{letter}", notes=(f"n{letter}",))
    more = [make(names) for make in (samples.effects, samples.associations, samples.ablation)]
    page = read(dataclasses.replace(imp, command=f"run {letter}"), also=more)
    shown = page.text + "".join(str(value) for _, attrs in page.elements for value in attrs.values())
    assert letter not in shown
    assert "a\\" in shown


@settings(max_examples=20)
@given(st.lists(st.text(st.characters(), max_size=30), min_size=2, max_size=4, unique=True))
def test_any_name_comes_through_whole_and_inert(names):
    html = samples.bare(range(len(names)), names).to_html()
    html.encode("utf-8")
    page = Read(html)
    assert len(page.rows) == len(names)
    assert (page.count("script"), page.count("tr")) == (3, len(names) + 1)
    assert page.count("section") in (6, 7)
    shown = page.text + "".join(str(value) for _, attrs in page.elements for value in attrs.values())
    assert all(letter.isprintable() or letter in "\u200c\u200d\u2007\u2008" for letter in shown)


def test_every_name_is_kept_from_turning_its_neighbours_around():
    page = samples.weighed(names=samples.HOSTILE).to_html()
    assert re.search(r"<th scope=\"row\"><bdi>مباراة_", page)
    assert not re.search(r"<li>[^<]*مباراة", page)  # in sentences, too


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "|", "\t", "＝", " ="])
def test_no_cell_of_the_numbers_to_copy_is_a_formula(start):
    name = f'{start}HYPERLINK("http://example.invalid","x")'
    rows = list(csv.DictReader(io.StringIO(read(samples.bare([2.0, -1.0], [name, "x"])).csv, newline="")))
    assert [row["feature"] for row in rows] == [f"'{name}", "x"]
    assert [float(row["importance"]) for row in rows] == [2.0, -1.0]


def test_terminal_codes_are_written_out_in_every_text():
    names = ["a\x1b[31mb\x9b", "week"]
    imp = samples.bare([2.0, 1.0], names, metric="m\x1b", notes=("n\x1b",))
    results = [imp, samples.effects(names), samples.associations(names), samples.ablation(names)]
    results.append(weighin.compare(imp, samples.bare([1.0, 2.0], names, metric="m\x1b")))
    for found in results:
        for text in (found.summary(), str(found), found.to_markdown(), found.to_latex(), found._repr_html_()):
            assert not {"\x1b", "\x9b"} & set(text), type(found)
