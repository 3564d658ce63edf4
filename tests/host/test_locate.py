"""Which line each key stands on."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from wharfinger_host.locate import Path, locate_json, locate_toml


def paths_of(value: Any, path: Path = ()) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from paths_of(inner, (*path, key))


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1\nb = 2\n", ("b",), 2),
        ("[a]\n[b]\nc = 1\n", ("b",), 2),
        ("[a]\n[b]\nc = 1\n", ("b", "c"), 3),
        ("\n# c\n[a.b.c]\nd = 1", ("a", "b"), 3),
        ("[a.b]\nc = 1\n[a]\nd = 2\n", ("a",), 3),
        ("[a.b]\nc = 1\n[a]\nd = 2\n", ("a", "b"), 1),
        ("a.b.c = 1\na.b.d = 2\n", ("a", "b", "d"), 2),
        ("a . b = 1", ("a", "b"), 1),
        ('"a.b" = 1\n"c\\"d" = 2\n', ('c"d',), 2),
        ("'a\\' = 1\n'@path' = 2\n", ("@path",), 2),
        ('"\\u00e9" = 1\n', ("é",), 1),
        ("a = { b = 1, c.d = { e = 2 } }", ("a", "c", "d", "e"), 1),
        ("a = [\n  1, # ]\n  { b = 2 },\n]\nc = 1", ("a", 1, "b"), 3),
        ("a = [\n  1, # ]\n  { b = 2 },\n]\nc = 1", ("c",), 5),
        ("[[a]]\nb = 1\n[[a]]\nb = 2\n", ("a", 1, "b"), 4),
        ("[[a]]\nb = 1\n[[a]]\nb = 2\n", ("a",), 1),
        ("[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 2\n", ("a", 1, "b", "c"), 6),
        ("[[a]]\n[[a.b]]\n[[a.b]]\nc = 1\n", ("a", 0, "b", 1, "c"), 4),
        ('a = """\n[b]\nc = 1\n"""\nd = 1\n', ("d",), 5),
        ('a = """x""\\""""""\nb = 1', ("b",), 2),
        ("a = '''\nb = 1'''''\nc = 1\n", ("c",), 3),
        ("a = \"]#'\"\nb = '\"'\nc = 1", ("c",), 3),
        ("a = 1979-05-27 07:32:00 # now\nb = +1_0.5e-3\nc = inf\n", ("c",), 3),
        ("a = 1\r\nb = 2\r\n", ("b",), 2),
        ("1 = 1\ntrue = 2\n-_- = 3\n", ("-_-",), 3),
        ("a = {}\nb = []\nc = [[], [[1]]]\n", ("c", 1, 0, 0), 3),
    ],
)
def test_the_line_of_a_key_is_where_it_is_written(text: str, path: Path, line: int) -> None:
    located = locate_toml(text)
    assert set(located.numbers) == set(paths_of(tomllib.loads(text)))
    assert located.of(path) == line


def test_what_is_not_written_has_the_line_of_what_is_around_it() -> None:
    located = locate_toml("a = 1\n[b]\nc = { d = [1] }\n")
    assert located.of(("b", "missing")) == 2
    assert located.of(("b", "c", "d", 7, "x")) == 3
    assert located.of(("elsewhere",)) == 1
    assert located.of(()) == 1


def test_what_is_nested_too_deeply_has_the_line_of_what_is_around_it() -> None:
    deep = 100_000
    located = locate_json('{\n"a":\n' + "[" * deep + "]" * deep + "}")
    assert located.of(("a", *[0] * 2_000)) == 3


def test_a_document_that_no_parser_accepts_is_located_as_far_as_it_goes() -> None:
    located = locate_toml("[a]\nb = 1\nc = ]\n")
    assert located.of(("a", "b")) == 2


def test_a_json_file_is_located_alike() -> None:
    text = json.dumps({"keys": {'a"b': [1, {"é": None}]}, "x": -1.5e3}, indent=1)
    located = locate_json(text)
    assert set(located.numbers) == set(paths_of(json.loads(text)))
    assert located.of(("x",)) == text.count("\n")
    assert located.of(("keys", 'a"b', 1, "é")) == 6


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=5)
TREES = st.recursive(
    st.just("leaf"), lambda inner: st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
).filter(lambda tree: isinstance(tree, dict))


class Writer:
    """Writes a tree as TOML in one of its many forms, each leaf with a mark of its own."""

    def __init__(self, draw: Callable[..., Any]) -> None:
        self.draw = draw
        self.lines: list[str] = []
        self.marks: dict[Path, str] = {}

    def key(self, key: str) -> str:
        bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
        if bare and self.draw(st.booleans()):
            return key
        literal = key.isprintable() and "'" not in key and self.draw(st.booleans())
        return (
            f"'{key}'"
            if literal
            else json.dumps(key, ensure_ascii=False).replace("\x7f", "\\u007f")
        )

    def leaf(self, path: Path) -> str:
        self.marks[path] = f"mark-{len(self.marks)}-"
        text = self.marks[path]
        form = self.draw(st.sampled_from(['"{}]#"', "'{}{{'", '["{}", 1,\n 2]', '"""{}\n[x]\n"""']))
        return str(form.format(text))

    def inline(self, tree: Any, path: Path) -> str:
        if not isinstance(tree, dict):
            self.marks[path] = f"mark-{len(self.marks)}-"
            return f'"{self.marks[path]}"'
        inside = [
            f"{self.key(key)} = {self.inline(inner, (*path, key))}" for key, inner in tree.items()
        ]
        return "{ " + ", ".join(inside) + " }"

    def noise(self) -> None:
        self.lines += self.draw(st.lists(st.sampled_from(["", "  # [c] = {", "\t"]), max_size=2))

    def table(self, tree: dict[str, Any], path: Path, prefix: str = "") -> None:
        later = []
        for key, inner in tree.items():
            name = prefix + self.key(key)
            if not isinstance(inner, dict):
                self.lines.append(f"{name} = {self.leaf((*path, key))}")
            elif self.draw(st.booleans()):
                self.lines.append(f"{name} = {self.inline(inner, (*path, key))}")
            else:
                later.append((key, inner))
            self.noise()
        for key, inner in later:
            header = ".".join(self.key(str(part)) for part in (*path, key))
            self.lines.append(f"[ {header} ]" if self.draw(st.booleans()) else f"[{header}]")
            self.noise()
            self.table(inner, (*path, key))


@given(TREES, st.data())
def test_every_key_of_any_document_is_found_where_it_stands(
    tree: dict[str, Any], data: st.DataObject
) -> None:
    writer = Writer(data.draw)
    writer.table(tree, ())
    text = "\n".join(writer.lines)
    located = locate_toml(text)
    assert set(located.numbers) == set(paths_of(tomllib.loads(text)))
    lines = text.split("\n")
    for path, mark in writer.marks.items():
        assert mark in lines[located.of(path) - 1]
