"""Templates made to do harm end in a result or a clear refusal, after a bounded amount of work."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from wharfinger.errors import MappingError, RejectedError
from wharfinger.mapping import interpret, parse
from wharfinger.mapping.liquid import web
from wharfinger.mapping.liquid.work import MAX_WORK, LiquidError, Work

GROW = "{% assign a = a | append: a %}"
NEST = "{% assign a = a | push: a %}"
TWINS = "{% assign b = a | compact %}{% if a == b %}{% endif %}"


def outcome_of(text: str, event: Any) -> str:
    """Render a template; what is said of one that cannot be starts with its kind."""
    try:
        return str(interpret(parse({"@liquid": text}), event))
    except MappingError as error:
        return f"refused: {error}"
    except RejectedError as error:
        return f"rejected: {error}"


@pytest.mark.parametrize(
    "text",
    [
        f"{{% assign a = s %}}{GROW * 30}{{{{ a }}}}",
        f"{{% assign a = s %}}{GROW * 30}{{{{ a | size }}}}",
        "{% assign a = s %}" + "{% capture a %}{{ a }}{{ a }}{% endcapture %}" * 21 + "{{ a }}",
        "{% assign a = s %}" + "{% assign a = a | replace: '', a %}" * 20 + "{{ a }}",
        "{% assign a = s %}" + "{% assign a = a | split: '' | join: a %}" * 20 + "{{ a }}",
        f"{{% assign a = s %}}{NEST * 33}{{{{ a }}}}",
        f"{{% assign a = s %}}{NEST * 33}{{{{ a | json }}}}",
        f"{{% assign a = s %}}{NEST * 28}{TWINS}",
        f"{{% assign a = s %}}{NEST * 30}{{% if a contains a %}}{{% endif %}}{{{{ a | sum }}}}",
        "{{ (1..999999999999) }}",
        "{{ (1..1e400) | size }}{{ (0..big) }}",
        "{{ at | date: '%9999999999999Y' }}",
        "{% assign a = '%9999999Y' %}{{ at | date: a }}",
        "{{ long | escape }}{{ long | escape }}",
    ],
)
def test_bombs_are_stopped(text):
    event = {"s": "xyxyxy", "at": "2020-01-01", "big": 2**62, "long": "&" * 200_000}
    said = outcome_of(text, event)
    assert said.startswith("rejected")
    assert f"more than {MAX_WORK}" in said


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{% assign a = 9 %}" + "{% assign a = a | times: a %}" * 30 + "{{ a }}", "Infinity"),
        ("{% assign a = big %}" + "{% assign a = a | plus: a %}" * 30 + "{{ a }}", None),
        ("{{ 2 | times: 1e999 }}{{ huge | plus: 1 }}", "0Infinity"),
        ("{{ 7 | round: 999999 }}|{{ 7 | round: -999999 }}", "NaN|NaN"),
        ("{{ s | slice: -999999999, 99999999999 }}|{{ s | truncate: -5 }}", "a b|..."),
        ("{{ s | truncatewords: -1 }}{{ s | truncatewords: 99999999999999 }}", "a...a b"),
    ],
)
def test_numbers_without_end_stay_small(text, result):
    said = outcome_of(text, {"big": 2**62, "huge": 10**400, "s": "a b"})
    assert len(said) < 200
    assert said == result or result is None


def test_work_is_counted_before_it_is_done():
    work = Work()
    with pytest.raises(LiquidError, match="works on more"):
        work.use(MAX_WORK + 1)


@pytest.mark.parametrize(
    "text",
    [
        "{{ a.__class__ }}{{ a.__class__.__mro__ }}{{ __class__ }}{{ a['__class__'] }}",
        "{{ a.__init__.__globals__ }}{{ a.real }}{{ s.upper }}{{ s.format }}{{ l.append }}",
        "{{ l | sum: '__class__' }}{{ l | where: '__class__' }}{{ l[k] }}{{ s[k] }}{{ [k] }}",
        "{{ constructor }}{{ a.constructor.name }}{{ a.__proto__ }}{{ toString }}",
    ],
)
def test_nothing_but_the_event_can_be_reached(text):
    assert outcome_of(text, {"a": 5, "s": "s", "l": [{"x": 1}], "k": "__class__"}).strip("0") == ""


@pytest.mark.parametrize(
    "tag",
    [
        "include 'x'",
        "render '/etc/passwd'",
        "layout 'x'",
        "for i in l",
        "tablerow i in l",
        "case a",
    ],
)
def test_what_loads_or_loops_is_refused_with_its_place(tag):
    name = tag.split()[0]
    said = outcome_of(f"{{{{ a }}}}\n{{% {tag} %}}", {})
    assert f'refused: @liquid: tag "{name}" is disabled (line 2, column 4).' in said


@pytest.mark.parametrize(
    "text",
    [
        "{% if a %}" * 47 + "{% endif %}" * 47,
        "{% if " + "a or " * 190 + "a %}{% endif %}",
        "{% if " + "1<" * 480 + "1 %}{% endif %}",
        "{% if " + "not " * 240 + "a %}{% endif %}",
        "{{ " + "a[" * 480 + "a }}",
        "{{ " + "a[" * 300 + "a" + "]" * 300 + " }}",
        "{{ a" + " | upcase" * 100 + " }}",
        "{{ a" + ".b" * 490 + " }}",
        "{{" * 500,
        "{%" * 500,
        "{% raw %}" * 100,
        "{% comment %}" * 70,
        "(" * 1000,
        "{{ " + "(" * 990 + " }}",
        "{{ " + "(1.." * 240 + " }}",
        "{{ " + "'" * 990 + " }}",
        "{{ '" + "\\" * 990 + "' }}",
        "{% liquid\n" + "if a\n" * 190 + "%}",
        "{% cycle " + "a," * 490 + " %}",
        "x" * 1001,
        "{" * 1_000_000,
    ],
)
def test_deep_and_broken_templates_end_in_a_result_or_a_refusal(text):
    said = outcome_of(text, {"a": {"b": 1}})
    assert isinstance(said, str)
    assert not said.startswith("rejected")
    assert len(text) <= 1000 or "1000 characters at most" in said


def test_the_depth_of_a_template_does_not_depend_on_the_stack():
    deep = "{% if " + "a or " * 38 + "a %}yes{% endif %}"
    deeper = "{% if " + "a or " * 60 + "a %}yes{% endif %}"

    def below(frames):
        if frames:
            return below(frames - 1)
        return outcome_of(deep, {"a": 1}), outcome_of(deeper, {"a": 1})

    assert below(0) == below(300)
    assert below(0)[0] == "yes"
    assert "nested too deep" in below(0)[1]


class Counted(str):  # noqa: SLOT000  # the count is one for all
    """A text that counts the characters that are searched."""

    searched = 0

    def find(self, sought: Any, start: Any = 0, end: Any = None) -> int:
        at = super().find(sought, start)
        Counted.searched += (at if at != -1 else len(self)) - start + 1
        return at


@pytest.mark.parametrize(
    "piece", ["<script", "<style", "<!--", "<", "<a\n", "</script>", "<script>x</script>", "<>"]
)
def test_tags_are_found_in_one_pass(piece):
    text = Counted(piece * (60_000 // len(piece)))
    Counted.searched = 0
    assert len(web.strip_html(Work(), text)) <= len(text)
    assert Counted.searched <= 15 * len(text)


@pytest.mark.parametrize(
    "filters",
    [
        "slugify", "normalize_whitespace", "number_of_words: 'auto'", "strip", "url_decode",
        "base64_decode", "escape_once", "strip_newlines", "date: '%Y'", "split: ' ' | join",
        "replace: '%', '%%' | size", "truncatewords: 3", "to_integer", "capitalize", "round",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "piece", ["a", " ", "&", "%", "-", "0", "é", "😀", "\ud800", "\r\n", "%e2%82", "&amp;", "2020-"]
)
def test_filters_give_a_result_or_a_rejection_for_any_text(filters, piece):
    event = {"s": piece * (20_000 // len(piece))}
    said = outcome_of(f"{{{{ s | {filters} }}}}", event)
    assert not said.startswith("refused")
    assert len(said) <= 200_000


def test_rendering_leaves_no_trace_in_the_template():
    node: Any = parse({"@liquid": "{% increment n %}{% cycle 'a', 'b' %}{% assign x = s %}{{ y }}"})
    assert [interpret(node, {"s": 1}) for _ in range(3)] == ["0a"] * 3


def test_mappings_without_liquid_never_import_it():
    code = (
        "import sys, wharfinger; from wharfinger.mapping import parse;"
        "parse({'v': {'@template': '{{a}}'}}); assert 'liquid' not in sys.modules;"
        "parse({'v': {'@liquid': '{{a}}'}}); assert 'liquid' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
