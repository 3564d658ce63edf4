import copy
import random
import re
from collections.abc import Callable
from typing import Any

import pytest

from wharfinger.errors import RejectedError
from wharfinger.mapping import compile_mapping, interpret, parse

KEYS = [
    "a", "b", "c", "n", "s", "list", "o", "items", "p q", "a.b", "it's", "0", "1", "10", "length",
    "ü", "x-y",
]  # fmt: skip
SCALARS: list[Any] = [
    None, True, False, 0, 1, -1, 5, 2.5, -0.5, 1e21, 1e-7, 2**53 + 1, 12345678901234567890,
    "", "x", " ", "abc", "Straße", "ΑΣ", "  Pad  ", "{{a}}", "$.a", "a.b", "5", "1.50", "true",
    '{"a":[1,{"b":null}]}', "[1,2", "ü😀e", "a-b a", "line\nend", "null", "-7", "\u0661",
    "2020-01-05T10:20:30.456Z", "2021-12-31", "1577836800", "https://x.y/?q=a b&c=é",
    "<b>bold</b> & 'q'",
]  # fmt: skip
STEPS = [
    "a", "b", "c", "n", "s", "list", "o", "items", "list[0]", "items[1].a", "o.a", "a.b", "list.0",
    "o['p q']", 'o["a.b"]', "['a.b']", "$", "", "p q", "0", "1", "10", "length", "s.length",
    "list.length", "[a]", "o.[b]", "ü", "x-y", "a.b.c", "nope", "it's", "list[00]", "list[-1]",
    "o[a]", " a", "a ", "a..b",
]  # fmt: skip
VALUES = [
    "a", "b", "c", "n", "s", "list", "o", "items", "list[0]", "list.first", "list.last", "list[n]",
    "items[1].a", "o.a", 'o["a.b"]', "o.size", "s.size", "list.size", "missing", "missing.x",
    "list[-1]", 'items[0]["p q"]', "ü", "x-y", "o[s]", "true", "false", '"lit"', "'  q '", "5",
    "-2.5", "(1..3)",
]  # fmt: skip
ARGUMENTS = [
    '"a"', '"-"', "1", "2", "-1", "0", "2.5", "a", "s", "n", "list", "o.a", "true", '""', '", "',
    '"ü😀"', "missing", "3", "10",
]  # fmt: skip
FORMS = [
    '"%Y-%m-%d"', '"%s %L %j %a %b"', '"%-d/%-m/%y %l:%M %P"', '"%c"', '"%d.%m.%Y %H:%M:%S %z"',
]  # fmt: skip
DATES = ["date_to_string", "date_to_long_string", "date_to_rfc822", "date_to_xmlschema"]
PLAIN_FILTERS = [
    "upcase", "downcase", "capitalize", "truncate", "truncatewords", "join", "first", "last",
    "size", "abs", "ceil", "floor", "json", "escape", "escape_once", "strip_html",
    "strip_newlines", "url_encode", "url_decode", "cgi_escape", "uri_escape", "base64_encode",
    "slugify", "normalize_whitespace", "number_of_words", "compact", "pop",
    "shift", "to_integer", "raw", "xml_escape", "jsonify", "inspect", *DATES,
]  # fmt: skip
FILTERS_OF_ONE = [
    "append", "prepend", "remove", "remove_first", "remove_last", "truncate", "truncatewords",
    "split", "join", "plus", "minus", "times", "divided_by", "modulo", "at_least", "at_most",
    "default", "push", "unshift",
]  # fmt: skip
FILTERS_OF_TWO = ["replace", "replace_first", "replace_last", "truncate", "divided_by"]
OTHER_FILTERS: list[tuple[str, list[str], int]] = [
    ("date", FORMS, 1),
    ("where", ['"a"', '"o.a"', '"n"'], 1),
    ("round", ["0", "1", "2", '"1"', "missing"], 1),
    ("sum", ['"a"', '"o.a"', "missing"], 1),
    ("slice", ["0", "1", "-1", "2", "o.size", "missing", "-10"], 2),
    ("strip", ['"a"', '" "', "s", "0", "missing", '""'], 1),
    ("lstrip", ['"a"', '" "', "s", "0", "missing", '""'], 1),
    ("rstrip", ['"a"', '" "', "s", "0", "missing", '""'], 1),
]


class Maker:
    """Makes random mappings and events; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.one = self.random.choice

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def few(self, make: Callable[[], Any], most: int) -> list[Any]:
        return [make() for _ in range(self.random.randrange(most + 1))]

    def case(self) -> tuple[Any, dict[str, Any]]:
        directive = self.directive(3)
        return {"v": directive} if self.chance(0.95) else directive, self.event()

    def event(self) -> dict[str, Any]:
        return {key: self.value(3) for key in KEYS if self.chance(0.7)}

    def value(self, depth: int) -> Any:
        kind = self.random.random()
        if depth == 0 or kind < 0.55:
            return self.one(SCALARS)
        if kind < 0.75:
            return self.few(lambda: self.value(depth - 1), 3)
        return self.object(lambda: self.value(depth - 1), 4)

    def object(self, make: Callable[[], Any], most: int) -> dict[str, Any]:
        return dict(self.few(lambda: (self.one(KEYS), make()), most))

    def path(self) -> str:
        steps = self.one(STEPS) + (f".{self.one(STEPS)}" if self.chance(0.4) else "")
        return f"{self.one(['$.', '$.', '', '$'])}{steps}"

    def template(self) -> str:
        shapes = ["{{%s}}", "{{ %s }}", "{{{%s}}}", "-", "{", "}", "x y", "{{}}", "é"]
        return "".join(self.few(lambda: self.one(shapes).replace("%s", self.one(STEPS)), 3))

    def node(self, depth: int) -> Any:
        kind = self.random.random()
        if depth <= 0:
            return {"@path": self.path()} if kind < 0.6 else self.one(SCALARS)
        if kind < 0.65:
            return self.directive(depth)
        if kind < 0.75:
            return self.object(lambda: self.node(depth - 1), 2)
        return self.few(lambda: self.node(depth - 1), 2) if kind < 0.83 else self.one(SCALARS)

    def directive(self, depth: int) -> dict[str, Any]:
        if depth < 0:
            return {"@path": self.path()}
        name = self.one([*(["path"] * 4), *MAKERS, "template", "if", "array_path", "merge"])
        return {f"@{MAKERS.get(name, name)}": getattr(self, f"_{name}")(depth - 1)}

    def shape(self, depth: int, most: int = 2) -> dict[str, Any]:
        if self.chance(0.4):
            return self.directive(depth)
        return self.object(lambda: self.node(depth), most)

    def _path(self, depth: int) -> Any:
        return self.directive(depth) if depth >= 0 and self.chance(0.1) else self.path()

    def _template(self, depth: int) -> Any:
        return self.directive(depth) if depth >= 0 and self.chance(0.1) else self.template()

    def _literal(self, depth: int) -> Any:
        return self.node(depth)

    def _exclude(self, depth: int) -> Any:
        return self.node(depth)

    def _if(self, depth: int) -> Any:
        condition = self.directive(depth) if self.chance(0.9) else self.node(depth)
        options = {self.one(["exists", "exists", "blank"]): condition}
        options |= {"then": self.node(depth)} if self.chance(0.9) else {}
        return options | ({"else": self.node(depth)} if self.chance(0.8) else {})

    def _text(self, depth: int) -> Any:
        return self.directive(depth) if self.chance(0.9) else self.one(["", "aBa"])

    def _case(self, depth: int) -> Any:
        operator = self.one(["lower", "upper", "lower", "upper", "UPPER"])
        return {"operator": operator, "value": self._text(depth)}

    def _replace(self, depth: int) -> Any:
        choices: dict[str, list[Any]] = {
            "replacement": ["", "_", "$&", "$$", "$1", "é", "$`"],
            "pattern2": ["", "b", "_"],
            "replacement2": ["", "Z"],
            "ignorecase": [True, False],
            "global": [True, False],
        }
        options = {key: self.one(some) for key, some in choices.items() if self.chance(0.4)}
        pattern = self.one(["a", "B", "x", " ", ".", "ü", "5", "-", "true", "(", "$", "\\"])
        return {"pattern": pattern, "value": self._text(depth), **options}

    def _array_path(self, depth: int) -> Any:
        root = self.one([self.path(), "$.items", "$.list", self.directive(depth)])
        return [root, self.shape(depth)] if self.chance(0.8) else [root]

    def _flatten(self, depth: int) -> Any:
        options = {"omitArrays": self.chance(0.5)} if self.chance(0.3) else {}
        return {"separator": self.one("._-"), "value": self.node(depth), **options}

    def _json(self, depth: int) -> Any:
        mode = self.one(["encode", "decode", "encode", "decode", "ENCODE"])
        return {"mode": mode, "value": self.node(depth)}

    def _merge(self, depth: int) -> Any:
        direction = self.one(["left", "right"] * 5 + ["LEFT"])
        return {"objects": self.few(lambda: self.shape(depth), 3), "direction": direction}

    def _transform(self, depth: int) -> Any:
        return {"apply": self.shape(depth, 3), "mapping": self.shape(depth)}

    def _liquid(self, _: int) -> str:
        return self.liquid(2)

    def liquid(self, depth: int) -> str:
        return "".join([self.statement(depth), *self.few(lambda: self.statement(depth), 1)])

    def statement(self, depth: int) -> str:
        kind = self.random.random()
        if kind < 0.55 or depth == 0:
            return f"{{{{ {self.expression()} }}}}"
        inner, other = self.liquid(depth - 1), self.liquid(depth - 1)
        if kind < 0.76:
            test, second = self.condition(), self.condition()
            word = self.one(["if", "if", "unless"])
            end = f"{{% elsif {second} %}}e{{% else %}}{other}{{% end{word} %}}"
            return f"{{% {word} {test} %}}{inner}{end}"
        return self.one(
            [
                f"{{% assign v = {self.expression()} %}}{{{{ v }}}}",
                f"{{% capture w %}}{inner}{{% endcapture %}}{{{{ w | size }}}}{{{{ w }}}}",
                "{% increment k %}{% decrement k %}{% cycle 'a', s %}",
                "\n {%- if s -%} a {%- endif -%} ",
                "{% comment %}x{% endcomment %}{% raw %}{{x}}{% endraw %}{% echo s | size %}",
            ]
        )

    def expression(self) -> str:
        return " | ".join([self.one(VALUES), *self.few(self.filter, 3)])

    def filter(self) -> str:
        name, arguments, count = self.one(
            [
                *((name, ARGUMENTS, 0) for name in PLAIN_FILTERS),
                *((name, ARGUMENTS, 1) for name in FILTERS_OF_ONE),
                *((name, ARGUMENTS, 2) for name in FILTERS_OF_TWO),
                *OTHER_FILTERS,
            ]
        )
        return f"{name}: {', '.join(self.one(arguments) for _ in range(count))}" if count else name

    def condition(self) -> str:
        test = self.one(VALUES)
        if self.chance(0.6):
            operator = self.one(["==", "!=", "<", ">", "<=", ">=", "contains"])
            test += f" {operator} {self.one([*VALUES, *ARGUMENTS, 'nil', 'empty', 'blank'])}"
        if self.chance(0.25):
            test += f" {self.one(['and', 'or'])} {self.condition()}"
        return f"not {test}" if self.chance(0.1) else test


MAKERS = {
    "path": "path", "template": "template", "literal": "literal", "if": "if", "case": "case",
    "replace": "replace", "array_path": "arrayPath", "flatten": "flatten", "json": "json",
    "merge": "merge", "transform": "transform", "exclude": "excludeWhenNull", "liquid": "liquid",
}  # fmt: skip


@pytest.fixture(scope="session")
def maker():
    """Return what makes random mappings and events from a seed."""
    return Maker


@pytest.fixture
def run():
    """Resolve a whole mapping both ways, and see that they agree and change nothing."""

    def run(mapping: Any, event: Any, **directives: Any) -> Any:
        before = copy.deepcopy((mapping, event))
        node = parse(mapping, **directives)
        compiled = compile_mapping(node).function
        try:
            expected = interpret(node, event)
        except RejectedError as error:
            with pytest.raises(RejectedError, match=re.escape(str(error))):
                compiled(event)
            raise
        result = compiled(event)
        assert result == expected
        assert (mapping, event) == before
        return result

    return run


@pytest.fixture
def resolve(run):
    """Resolve one value, standing under the key ``v``; a missing key gives ``absent``."""

    def resolve(value: Any, event: Any, **directives: Any) -> Any:
        return run({"v": value}, event, **directives).get("v", "absent")

    return resolve
