"""From the text of a template to functions that write it.

python-liquid reads the grammar; its nodes are turned into functions here, once, when a mapping is
loaded. Importing this module imports python-liquid.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, Final

import attrs
from liquid import Environment, Token
from liquid.ast import BlockNode, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import (
    BooleanExpression,
    FilteredExpression,
    KeywordArgument,
    Literal,
    Nil,
    Path,
    StringLiteral,
    logical,
)
from liquid.builtin.expressions import Filter as FilterCall
from liquid.builtin.expressions.primitive import Blank, Empty, RangeLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.cycle_tag import CycleNode
from liquid.builtin.tags.decrement_tag import DecrementNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.increment_tag import IncrementNode
from liquid.builtin.tags.liquid_tag import LiquidNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LiquidError as GrammarError
from liquid.exceptions import LiquidSyntaxError
from liquid.expression import Expression
from liquid.stream import TokenStream
from liquid.tag import Tag

from wharfinger.mapping.liquid import operations as do
from wharfinger.mapping.liquid.dates import zone_problem
from wharfinger.mapping.liquid.filters import DISABLED_FILTERS, FILTERS, Filter
from wharfinger.mapping.liquid.operations import Value, Write
from wharfinger.mapping.liquid.template import MAX_LENGTH, LiquidTemplate, Scope
from wharfinger.mapping.liquid.values import (
    BLANK,
    EMPTY,
    NIL,
    contains,
    equal,
    is_true,
    less,
)
from wharfinger.suggest import did_you_mean

__all__ = ["read_liquid"]


_MAX_DEPTH = 40
_DISABLED_TAGS = ("case", "for", "include", "layout", "render", "tablerow")
_TAGS = (
    "if", "unless", "assign", "capture", "increment", "decrement", "cycle", "echo", "liquid",
    "comment", "#", "content", "output", "illegal",
)  # fmt: skip
_MOMENTS = ("now", "today")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read_liquid(source: str, refuse: Callable[[str], object]) -> LiquidTemplate | None:
    """Read a template.

    Args:
        source: Its text.
        refuse: Told everything that is wrong with it, in sentences about the template.

    Returns:
        None if anything is.
    """
    if len(source) > MAX_LENGTH:
        refuse(f"must have {MAX_LENGTH} characters at most, but it has {len(source)}.")
        return None
    try:
        nodes = _environment().from_string(source).nodes
    except GrammarError as error:
        refuse(f"{_sentence(error)}{_place(error.token, source)}.")
        return None
    reader = _Reader(source)
    write = reader.block(nodes, 0)
    for problem in reader.problems:
        refuse(problem)
    if reader.problems:
        return None
    return LiquidTemplate(source, tuple(dict.fromkeys(reader.paths)), write)


def _sentence(error: GrammarError) -> str:
    if isinstance(error.__cause__, RecursionError):
        return "is nested too deep"
    message = str(error.message).split("\n", 1)[0].rstrip(".")
    return message if message.endswith("is disabled") else f"cannot be read: {message}"


def _place(token: Token | None, source: str) -> str:
    if token is None or token.start_index < 0:
        return ""
    before = source[: token.start_index]
    return f" (line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))})"


class _Environment(Environment):
    """The grammar of Segment's templates."""

    logical_not_operator = True
    shorthand_indexes = True
    block_nesting_limit = 2 * _MAX_DEPTH


@cache
def _environment() -> Environment:
    environment = _Environment()
    environment.tags = {name: tag for name, tag in environment.tags.items() if name in _TAGS}
    for name in _DISABLED_TAGS:
        environment.tags[name] = _Disabled(environment)
    return environment


class _Disabled(Tag):
    """Stands for a tag that Segment disables."""

    def parse(self, stream: TokenStream) -> Node:
        raise LiquidSyntaxError(f'tag "{stream.current.value}" is disabled', token=stream.current)


@attrs.define
class _Reader:
    """Turns the nodes of one template into functions.

    Attributes:
        source: The template.
        problems: Everything wrong so far.
        paths: Constant paths that are read.
        assigned: Names that the template itself gives a meaning.
    """

    source: str
    problems: list[str] = attrs.field(factory=list)
    paths: list[tuple[str, ...]] = attrs.field(factory=list)
    assigned: set[str] = attrs.field(factory=set)

    def refuse(self, message: str, token: Token) -> None:
        self.problems.append(f"{message}{_place(token, self.source)}.")

    def block(self, nodes: Sequence[Node], depth: int) -> Write:
        if depth > _MAX_DEPTH:
            self.refuse("is nested too deep", nodes[0].token)
            return do.nothing
        writes = [self.node(node, depth) for node in nodes]

        def write(scope: Scope) -> None:
            for each in writes:
                each(scope)

        return writes[0] if len(writes) == 1 else write

    def node(self, node: Node, depth: int) -> Write:  # noqa: PLR0911  # one case per kind of node
        match node:
            case ContentNode():
                return partial(do.put, node.text)
            case OutputNode():  # echo, too
                return partial(do.output, self.value(node.expression, depth))
            case IfNode() | UnlessNode():
                return self._conditions(node, depth)
            case AssignNode():
                value = self.value(node.expression, depth)
                self.assigned.add(node.name)
                return partial(do.assign, str(node.name), value)
            case CaptureNode():
                self.assigned.add(node.name)
                return partial(do.capture, str(node.name), self.block(node.block.nodes, depth + 1))
            case IncrementNode() | DecrementNode():
                step = 1 if isinstance(node, IncrementNode) else -1
                return partial(do.count, str(node.name), step)
            case CycleNode():
                group = self.value(node.group, depth) if node.group else None
                values = [self.value(each, depth) for each in node.args]
                key = tuple(map(str, node.args))
                return partial(do.cycle, group, values, key)
            case LiquidNode():
                return self.block(node.block.nodes, depth + 1)
            case CommentNode():
                return do.nothing
        self.refuse(f"{node} is not known", node.token)
        return do.nothing

    def _conditions(self, node: IfNode | UnlessNode, depth: int) -> Write:
        first = self.value(node.condition, depth)
        wanted = isinstance(node, IfNode)
        branches = [(first, wanted, self._branch(node.consequence, depth))]
        for each in node.alternatives:
            condition = self.value(each.expression, depth)
            branches.append((condition, True, self._branch(each.block, depth)))
        default = self._branch(node.default, depth) if node.default else do.nothing

        def write(scope: Scope) -> None:
            for condition, wanted, branch in branches:
                if is_true(condition(scope)) is wanted:
                    branch(scope)
                    return
            default(scope)

        return write

    def _branch(self, block: BlockNode, depth: int) -> Write:
        return self.block(block.nodes, depth + 1)

    def value(self, expression: Expression, depth: int) -> Value:  # noqa: C901, PLR0911  # as above
        """Turn an expression into a function that gives its value."""
        if depth > _MAX_DEPTH:
            self.refuse("is nested too deep", expression.token)
            return do.absent
        match expression:
            case FilteredExpression():
                return self._filtered(expression, depth + 1)
            case BooleanExpression():
                return self.value(expression.expression, depth)
            case StringLiteral():
                return self._constant(self._text(expression))
            case Literal():
                return self._constant(expression.value)
            case Path():
                return self._path(expression, depth + 1)
            case RangeLiteral():
                start, stop = (self.value(end, depth + 1) for end in expression.children())
                return lambda scope: do.range_of(scope, start(scope), stop(scope))
            case Empty() | Blank():  # words to compare with; otherwise they are nothing
                return self._constant("")
            case Nil():
                return self._constant(None)
            case logical.LogicalNotExpression():
                return self._negation(expression, depth + 1)
        return self._operation(expression, depth + 1)

    def _negation(self, expression: logical.LogicalNotExpression, depth: int) -> Value:
        ordered = _ordered(expression)
        if not isinstance(ordered, logical.LogicalNotExpression):
            return self.value(ordered, depth)
        value = self.value(ordered.right, depth)
        return lambda scope: not is_true(value(scope))

    def _operation(self, expression: Expression, depth: int) -> Value:
        compare = _OPERATIONS.get(type(expression))
        if compare is None:
            self.refuse(f"{expression} cannot be used here", expression.token)
            return do.absent
        if expression.token.value == "<>":
            self.refuse('"<>" is written "!="', expression.token)
        left, right = (self._operand(side, depth) for side in expression.children())
        return lambda scope: compare(scope, left, right)

    def _operand(self, expression: Expression, depth: int) -> Value:
        special = _SPECIALS.get(type(expression))
        return self._constant(special) if special else self.value(expression, depth)

    def _constant(self, value: Any) -> Value:
        return lambda _: value

    def _text(self, literal: StringLiteral) -> str:
        trailing = len(literal.value) - len(literal.value.rstrip("\\"))
        if trailing % 2:
            self.refuse("a quote in a text cannot be escaped; use the other quotes", literal.token)
        return _ESCAPE.sub(_unescaped, literal.value)

    def _path(self, path: Path, depth: int) -> Value:
        keys: list[Any] = []
        for segment in path.path:
            if isinstance(segment, Path):
                if isinstance(segment.path[0], int):
                    self.refuse("an index must be a whole number", segment.token)
                keys.append(self.value(segment, depth))
            else:
                key = _ESCAPE.sub(_unescaped, segment) if isinstance(segment, str) else segment
                keys.append(key)
        if not any(map(callable, keys)):
            self._note(keys)
            return partial(do.follow, keys)
        return lambda scope: do.follow([k(scope) if callable(k) else k for k in keys], scope)

    def _note(self, keys: Sequence[Any]) -> None:
        if keys[0] not in self.assigned:
            self.paths.append(tuple(map(str, keys)))

    def _filtered(self, expression: FilteredExpression, depth: int) -> Value:
        value = self.value(expression.left, depth)
        for call in expression.filters or ():
            value = self._filter(call, value, expression.left, depth)
        return value

    def _filter(self, call: FilterCall, value: Value, left: Expression, depth: int) -> Value:
        filter_ = self._known(call)
        if filter_ is None:
            return value
        self._check(call, left)
        given = [a for a in call.args if not isinstance(a, KeywordArgument)]
        named = [a for a in call.args if isinstance(a, KeywordArgument)]
        if not filter_.least <= len(given) <= filter_.most:
            self.refuse(f'filter "{call.name}" takes {_amount(filter_)}', call.token)
        for each in named:
            if each.name not in filter_.options:
                self.refuse(f'filter "{call.name}" has no option "{each.name}"', each.token)
        function = filter_.function
        argument = self._operand if call.name == "where" else self.value
        values = [argument(each.value, depth) for each in given]
        options = {each.name: self.value(each.value, depth) for each in named}
        if not options:
            return lambda scope: function(scope.work, value(scope), *[v(scope) for v in values])
        return lambda scope: function(
            scope.work,
            value(scope),
            *[each(scope) for each in values],
            **{name: each(scope) for name, each in options.items()},
        )

    def _known(self, call: FilterCall) -> Filter | None:
        if call.name in FILTERS:
            return FILTERS[call.name]
        if call.name in DISABLED_FILTERS:
            self.refuse(f'filter "{call.name}" is disabled', call.token)
        else:
            known = did_you_mean(call.name, FILTERS).rstrip(".")
            self.refuse(f'filter "{call.name}" is not known. {known}', call.token)
        return None

    def _check(self, call: FilterCall, left: Expression) -> None:
        """Refuse what would make a date depend on more than the event."""
        if not call.name.startswith("date"):
            return
        if isinstance(left, StringLiteral) and left.value in _MOMENTS:
            reason = f'"{left.value}" would differ with each attempt; use a time of the event, such'
            self.refuse(f"{reason} as receivedAt", left.token)
        if call.name == "date" and len(call.args) == 2:  # noqa: PLR2004  # form and zone
            zone = call.args[1].value
            if not isinstance(zone, (Literal, Nil)):
                self.refuse("the time zone must be a constant", zone.token)
            elif isinstance(zone, Literal) and (problem := zone_problem(zone.value)):
                self.refuse(problem, zone.token)


def _amount(filter_: Filter) -> str:
    if filter_.most == 0:
        return "no value"
    if filter_.least == filter_.most:
        return f"{filter_.most} value" + ("s" if filter_.most > 1 else "")
    return f"{filter_.least} to {filter_.most} values"


def _ordered(expression: Expression) -> Expression:
    """Let ``not`` bind closer than ``and`` and ``or``, where the grammar lets it take all."""
    if not isinstance(expression, logical.LogicalNotExpression):
        return expression
    inner = _ordered(expression.right)
    if isinstance(inner, (logical.LogicalAndExpression, logical.LogicalOrExpression)):
        negated = logical.LogicalNotExpression(expression.token, inner.left)
        return type(inner)(inner.token, negated, inner.right)
    return logical.LogicalNotExpression(expression.token, inner)


def _unescaped(found: re.Match[str]) -> str:
    kind, rest = found[1][0], found[1][1:]
    if kind == "u" and rest:
        return chr(int(rest, 16))
    if kind in "01234567":
        return chr(int(found[1], 8))
    return _ESCAPES.get(kind, kind)


_SPECIALS: Final = {Empty: EMPTY, Blank: BLANK, Nil: NIL}
_OPERATIONS: Final[dict[type[Expression], Callable[[Scope, Value, Value], bool]]] = {
    logical.LogicalAndExpression: do.both,
    logical.LogicalOrExpression: do.either,
    logical.EqExpression: lambda s, left, right: equal(left(s), right(s), s.work),
    logical.NeExpression: lambda s, left, right: not equal(left(s), right(s), s.work),
    logical.LtExpression: lambda s, left, right: less(left(s), right(s), s.work),
    logical.GtExpression: lambda s, left, right: less(right(s), left(s), s.work),
    logical.LeExpression: lambda s, left, right: less(left(s), right(s), s.work, or_equal=True),
    logical.GeExpression: lambda s, left, right: less(right(s), left(s), s.work, or_equal=True),
    logical.ContainsExpression: lambda s, left, right: contains(left(s), right(s), s.work),
}
