"""The pictures of the documentation follow the source they are drawn from."""

from __future__ import annotations

import importlib
import re
import sys
from xml.etree import ElementTree as ET

import pytest
from tests.meta.pages import DOCS
from tests.meta.test_hooks_documented import HOOKS
from tests.meta.test_import_direction import KNOW_SEVERAL_ROOMS, MAY_IMPORT

import wharfinger

NAMES = ["distributions", "lanes", "moments", "outcomes", "repeating", "rooms", "way"]


@pytest.fixture
def drawn(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    yield importlib.import_module("drawn.pictures")
    for name in [name for name in sys.modules if name.partition(".")[0] == "drawn"]:
        del sys.modules[name]


def _words(picture):
    return [text.text for text in ET.fromstring(picture).iter("text")]


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_svg_in_the_colours_of_the_page_and_says_what_it_shows(drawn, name):
    picture = drawn.PICTURES[name]()
    tree = ET.fromstring(picture)
    assert tree.get("aria-label")
    assert not re.search(r"#[0-9a-f]{3,6}\b|style=|rgb\(", picture)
    _, _, width, height = map(float, tree.attrib["viewBox"].split())
    for box in tree.iter("rect"):
        x, y, wide, high = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height


def test_every_picture_stands_on_a_page(drawn):
    pages = [page.read_text() for page in DOCS.rglob("*.md")]
    shown = {
        name for page in pages for name in re.findall(r"^```\{picture\} (\w+)$", page, re.MULTILINE)
    }
    assert shown == drawn.PICTURES.keys() == set(NAMES)


def test_every_hook_is_drawn_at_the_moment_that_its_docstring_names(drawn):
    words = _words(drawn.PICTURES["moments"]())
    assert set(HOOKS) <= set(words)
    assert words.index("wharfinger_settings") < words.index("wharfinger_batching")
    assert words.index("wharfinger_batching") < words.index("wharfinger_batch_delivered")


def test_every_status_is_drawn_with_the_errors_that_lead_to_it(drawn):
    words = _words(drawn.PICTURES["outcomes"]())
    order = [words.index(status) for status in wharfinger.Status]
    assert order == sorted(order)
    for error in ("PayloadError", "ThrottledError", "UnknownError", "CredentialsError"):
        assert error in words
    assert words.index("UnknownError") < words.index("unknown") < words.index("halted")


def test_every_import_between_rooms_is_a_dot_and_none_is_above_the_diagonal(drawn, core):
    rooms = importlib.import_module("drawn.source").rooms()
    assert set(rooms) - {"testing"} == (set(MAY_IMPORT) | KNOW_SEVERAL_ROOMS) - {""}
    for name, imports in rooms.items():
        assert imports <= MAY_IMPORT.get(name, imports)
    tree = ET.fromstring(drawn.PICTURES["rooms"]())
    dots = [str(dot.findtext("title")) for dot in tree.iter("circle")]
    assert sorted(dots) == sorted(f"{a} imports {b}" for a in rooms for b in rooms[a])
    order = list(rooms)
    assert all(order.index(b) < order.index(a) for a in rooms for b in rooms[a])


def test_every_distribution_is_drawn(drawn, distributions):
    words = _words(drawn.PICTURES["distributions"]())
    assert {each.name for each in distributions} <= set(words)


def test_a_circle_of_rooms_is_not_drawn(drawn, monkeypatch, tmp_path):
    source = importlib.import_module("drawn.source")
    core = tmp_path / "core/src/wharfinger"
    core.mkdir(parents=True)
    (core / "a.py").write_text("from wharfinger.b import x\n")
    (core / "b.py").write_text("import wharfinger.a\n")
    monkeypatch.setattr(source, "ROOT", tmp_path)
    source.rooms.cache_clear()
    with pytest.raises(ValueError, match="circle: a, b"):
        source.rooms()


def test_the_lanes_are_those_that_are_planned(drawn):
    words = _words(drawn.PICTURES["lanes"]())
    lanes = " ".join(words).partition("lane 1")[2].replace(" vendor", "")
    first, second = lanes.split(" lane 2 ")
    of_ann = [lane for lane in (first, second) if "Ann" in lane]
    assert len(of_ann) == 1
    assert re.findall(r"(\d) Ann", of_ann[0]) == ["1", "3", "7"]
