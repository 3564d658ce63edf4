"""From nodes to one Python function, compiled once and run for each event.

The source is plain statements: first every path that the mapping reads, each step once and what
lies in one object together, then the values in the order of the mapping. Shapes of ``@arrayPath``
and mappings of ``@transform`` have a root of their own and so become functions of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any, assert_never

import attrs

from wharfinger.mapping import functions as f
from wharfinger.mapping import nodes as n
from wharfinger.mapping.interpret import place_text
from wharfinger.mapping.paths import index_of, step, steps
from wharfinger.model.unset import UNSET

__all__ = ["CompiledMapping", "Entries", "compile_mapping", "write_entries"]


_Call = (
    n.ComputedPath
    | n.ComputedTemplate
    | n.Case
    | n.Replace
    | n.Flatten
    | n.Json
    | n.Liquid
    | n.Merge
    | n.ExcludeWhenNull
    | n.Custom
)


_LONGEST_LITERAL = 64


@attrs.frozen
class CompiledMapping:
    """A field mapping as a function.

    Attributes:
        function: Gives what `wharfinger.mapping.interpret` gives for the same event.
        source: Its Python source, for people.
    """

    function: Callable[[Mapping[str, Any]], Any]
    source: str


def compile_mapping(node: n.Node) -> CompiledMapping:
    """Compile a field mapping.

    Args:
        node: What `parse` made of it.
    """
    program = _Program()
    program.define("fields", node, checked=True)
    source = "\n\n".join(program.functions)
    code = compile(source, "<field mapping>", "exec")
    # Every text of the mapping stands in the source as a literal or not at all.
    exec(code, program.names)  # noqa: S102  # generated here, from nodes
    return CompiledMapping(program.names["fields"], source)


@attrs.frozen
class Entries:
    """The beginning of a function of ``event``: all that an object in the mapping holds.

    Attributes:
        values: By key, the name or literal that holds the value once the lines have run.
        lines: The body of the function so far.
        functions: Source of the functions that the lines call.
        names: What all of them use.
    """

    values: Mapping[str, str]
    lines: Sequence[str]
    functions: Sequence[str]
    names: Mapping[str, Any]


def write_entries(node: n.Object) -> Entries:
    """Write the values of an object, for a function that goes on with them.

    Args:
        node: The root of a mapping.
    """
    program = _Program()
    scope = _Scope(program, root_is_mapping=True)
    values = {key: scope.value(value) for key, value in node.entries}
    return Entries(values, scope.body(), program.functions, program.names)


def _helpers() -> dict[str, Any]:
    functions = {name: getattr(f, name) for name in f.__all__}
    functions |= {"step": step, "steps": steps}
    python = {each.__name__: each for each in (dict, isinstance, len, list, str, type)}
    return {"__builtins__": {}, "UNSET": UNSET, **python, **functions}


@attrs.define
class _Program:
    """One generated module: its functions, and the names they use."""

    functions: list[str] = attrs.field(factory=list)
    names: dict[str, Any] = attrs.field(factory=_helpers)

    def bind(self, stem: str, value: Any) -> str:
        """Name a value that has no literal."""
        name = f"{stem}_{len(self.names)}"
        self.names[name] = value
        return name

    def constant(self, value: Any) -> str:
        """Write a constant."""
        if value is UNSET:
            return "UNSET"
        if type(value) is int and value.bit_length() > _LONGEST_LITERAL:
            return self.bind("NUMBER", value)
        return repr(value)

    def define(self, name: str, node: n.Node, *, checked: bool = False) -> None:
        """Write the function that resolves a node against one root."""
        scope = _Scope(self, root_is_mapping=checked)
        result = scope.value(node)
        lines = [f"def {name}(event):", *scope.body(), f"    return {result}", ""]
        self.functions.append("\n".join(lines))


@attrs.define
class _Scope:
    """The body of one function: the values of one root."""

    program: _Program
    root_is_mapping: bool
    lines: list[str] = attrs.field(factory=list)
    indent: int = 1
    _variables: dict[tuple[str, ...], str] = attrs.field(factory=lambda: {(): "event"})
    _made: int = 0

    def _line(self, text: str) -> None:
        self.lines.append("    " * self.indent + text)

    def _name(self, stem: str) -> str:
        self._made += 1
        return f"{stem}_{self._made}"

    def _assign(self, stem: str, expression: str) -> str:
        name = self._name(stem)
        self._line(f"{name} = {expression}")
        return name

    def _read(self, keys: tuple[str, ...]) -> str:
        """Name what lies under some keys; each step is read once, before everything else.

        Reading costs little and cannot fail, so it does not wait for the ``@if`` it stands in.
        """
        for length in range(1, len(keys) + 1):
            part = keys[:length]
            if part not in self._variables:
                self._variables[part] = self._name(_stem(part[-1]))
        return self._variables[keys]

    def body(self) -> list[str]:
        """Give everything that is written so far, the reads first."""
        below: dict[tuple[str, ...], dict[str, str]] = {}
        for part, name in self._variables.items():
            if part:
                below.setdefault(part[:-1], {})[part[-1]] = name
        check = ["if type(event) is not dict:", "    check_event(event)"]
        lines = check if self.root_is_mapping else []
        for part, children in below.items():
            is_mapping = self.root_is_mapping and not part
            lines += _reads(self._variables[part], children, is_mapping=is_mapping)
        return [*(f"    {line}" for line in lines), *self.lines]

    def value(self, node: n.Node) -> str:  # noqa: PLR0911  # one case per kind of node
        """Write the lines that resolve a node; return the name or literal that stands for it."""
        match node:
            case n.Constant():
                return self.program.constant(node.value)
            case n.Path():
                return self._read(node.keys)
            case n.Object():
                return self._object(node)
            case n.List():
                return self._list(node)
            case n.Template():
                return self._template(node)
            case n.If():
                return self._if(node)
            case n.ArrayPath():
                return self._array_path(node)
            case n.Transform():
                function = self._function("mapping", node.mapping)
                return self._assign("transformed", f"{function}({self.value(node.apply)})")
            case _:
                return self._directive(node)

    def _directive(self, node: _Call) -> str:  # noqa: C901  # one case per kind of node
        at = repr(place_text(node.at))
        match node:
            case n.ComputedPath():
                call = f"follow_computed({self.value(node.text)}, event, {at})"
            case n.ComputedTemplate():
                call = f"render_computed({self.value(node.text)}, event, {at})"
            case n.Case():
                value = self._variable(node.value)
                call = f"{value}.{node.operator}() if isinstance({value}, str) else {value}"
            case n.Replace():
                substitutes = self.program.bind("SUBSTITUTES", f.substitutions(node))
                call = f"replace({self.value(node.value)}, {substitutes}, {at})"
            case n.Flatten():
                options = f"{node.separator!r}, {at}, omit_arrays={node.omit_arrays}"
                call = f"flatten({self.value(node.value)}, {options})"
            case n.Json(mode="encode"):
                call = f"encode({self.value(node.value)}, {at})"
            case n.Json():
                call = f"decode({self.value(node.value)})"
            case n.Liquid():
                template = self.program.bind("LIQUID", node.template)
                call = f"render_liquid({template}, event, {at})"
            case n.Merge():
                call = self._merge(node)
            case n.ExcludeWhenNull():
                value = self.value(node.value)
                call = f"exclude_nulls({value}, {at}, keep_absent={node.keeps_absent})"
            case n.Custom():
                function = self.program.bind("DIRECTIVE", node.directive.function)
                call = f"call_custom({function}, {self.value(node.options)}, {at})"
            case _:
                assert_never(node)
        return self._assign("t", call)

    def _variable(self, node: n.Node) -> str:
        """Resolve into a name, where a literal would make Python warn about the line."""
        value = self.value(node)
        return value if value.isidentifier() else self._assign("t", value)

    def _object(self, node: n.Object) -> str:
        def keep_or_present(value: n.Node) -> bool:
            return node.keeps_absent or not _may_be_absent(value)

        values = [(repr(key), value, self.value(value)) for key, value in node.entries]
        always = list(takewhile(lambda each: keep_or_present(each[1]), values))
        display = ", ".join(f"{key}: {text}" for key, _, text in always)
        name = self._assign("object", f"{{{display}}}")
        for key, value, text in values[len(always) :]:
            if keep_or_present(value):
                self._line(f"{name}[{key}] = {text}")
            elif text != "UNSET":
                self._line(f"if {text} is not UNSET:")
                self._line(f"    {name}[{key}] = {text}")
        return name

    def _list(self, node: n.List) -> str:
        texts = [(item, self.value(item)) for item in node.items]
        items = [
            text
            if not _may_be_absent(item)
            else "None"
            if text == "UNSET"
            else f"None if {text} is UNSET else {text}"
            for item, text in texts
        ]
        return self._assign("list", f"[{', '.join(items)}]")

    def _template(self, node: n.Template) -> str:
        at = repr(place_text(node.at))
        pieces = []
        for piece in node.pieces:
            if isinstance(piece, n.Path):
                value = self._read(piece.keys)
                pieces.append(f"{value} if type({value}) is str else text({value}, {at})")
            else:
                pieces.append(repr(piece))
        if len(pieces) == 1:
            return self._assign("text", pieces[0])
        return self._assign("text", f'"".join(({", ".join(pieces)}))')

    def _if(self, node: n.If) -> str:
        condition = self._variable(node.condition)
        test = f"{condition} is not UNSET and {condition} is not None"
        if node.test == "blank":
            test += f" and not is_blank({condition})"
        result = self._name("either")
        for line, branch in ((f"if {test}:", node.then), ("else:", node.otherwise)):
            self._line(line)
            self.indent += 1
            self._line(f"{result} = {self.value(branch)}")
            self.indent -= 1
        return result

    def _array_path(self, node: n.ArrayPath) -> str:
        root = self.value(node.root)
        if node.shape is None:
            return root
        return self._assign("items", f"map_items({root}, {self._function('shape', node.shape)})")

    def _merge(self, node: n.Merge) -> str:
        objects = [self.value(each) for each in node.objects]
        ordered = objects if node.direction == "right" else objects[::-1]
        return f"merge([{', '.join(ordered)}], keep_absent={node.keeps_absent})"

    def _function(self, stem: str, node: n.Node) -> str:
        name = self.program.bind(stem, None)
        self.program.define(name, node)
        return name


def _reads(parent: str, children: Mapping[str, str], *, is_mapping: bool) -> list[str]:
    """Write what reads the children of one value into variables, given by key."""
    quick = {key: f"{parent}.get({key!r}, UNSET)" for key in children}
    if is_mapping:
        return [f"{name} = {quick[key]}" for key, name in children.items()]
    if len(children) == 1 or any(index_of(key) is not None for key in children):
        return [f"{name} = {_read_one(parent, key)}" for key, name in children.items()]
    return [
        f"if type({parent}) is dict:",
        *(f"    {name} = {quick[key]}" for key, name in children.items()),
        "else:",
        f"    {', '.join(children.values())} = steps({parent}, {tuple(children)!r})",
    ]


def _read_one(parent: str, key: str) -> str:
    otherwise = f"else step({parent}, {key!r})"
    if (index := index_of(key)) is not None:
        return (
            f"{parent}[{index}] if type({parent}) is list and len({parent}) > {index} {otherwise}"
        )
    return f"{parent}.get({key!r}, UNSET) if type({parent}) is dict {otherwise}"


def _stem(key: str) -> str:
    """Make a variable's name remind of a key, whatever the key holds."""
    return "_".join(["v", *re.findall(r"[a-z0-9]+", key[:30].lower())])


def _may_be_absent(node: n.Node) -> bool:
    match node:
        case n.Constant():
            return node.value is UNSET
        case n.Object() | n.List() | n.Template() | n.ComputedTemplate():
            return False
        case n.Replace() | n.Flatten() | n.Liquid() | n.Merge():
            return False
        case n.If():
            return _may_be_absent(node.then) or _may_be_absent(node.otherwise)
        case n.Case() | n.Json() | n.ArrayPath(shape=None):
            inner = node.root if isinstance(node, n.ArrayPath) else node.value
            return _may_be_absent(inner)
        case _:
            return True
