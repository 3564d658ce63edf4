from __future__ import annotations

import attrs
import pytest

import wharfinger

PAYLOAD = """
            import attrs, wharfinger

            @attrs.define(kw_only=True)
            class Note:
                text: str = wharfinger.field(label="Text")

            async def send(session, batch):
                return []

            def note(**overrides):
                facts = dict(destination="acme", slug="send-note", title="Send Note", payload=Note,
                             perform=send, effect=wharfinger.Effect.ONCE)
                return [wharfinger.Action(**{**facts, **overrides})]
"""


def _hook(name: str, body: str, *, arguments: str = "", keyword: str = "def") -> str:
    return f"""{PAYLOAD}
            @wharfinger.hookimpl
            {keyword} {name}({arguments}):
                {body}
    """


@pytest.fixture
def refusal(install, load, status, destination):
    """Install a plugin beside a sound one; return its status once the sound one is seen to work."""

    def refusal(source):
        install("wrong-dist", {"wrong": "wrong_plugin"}, version="0.7", wrong_plugin=source)
        install("acme-dist", {"acme": "acme_plugin"}, acme_plugin=destination("acme"))
        plugins = load()
        assert set(plugins.destinations) == {"acme"}
        assert not plugins.report.ok
        found = status(plugins, "wrong")
        assert found.state == "failed"
        assert found.reason.startswith("wrong-dist 0.7: ")
        assert found.provides == ()
        return found

    return refusal


def test_a_misspelt_hook_is_refused_with_the_name_that_was_meant(refusal):
    found = refusal(_hook("wharfinger_destination", "return []"))
    assert 'wharfinger_destination: Did you mean "wharfinger_destinations"?' in found.reason


def test_every_misspelt_hook_of_a_plugin_is_named(refusal):
    source = _hook("wharfinger_action", "return []") + _hook("wharfinger_setting", "return []")
    reason = refusal(source).reason
    assert '"wharfinger_actions"' in reason
    assert '"wharfinger_settings"' in reason


def test_a_function_without_the_marker_is_no_hook(install, load, status):
    source = "def wharfinger_destinations(): raise RuntimeError"
    install("plain-dist", {"plain": "plain_plugin"}, plain_plugin=source)
    assert status(load(), "plain").hooks == ()


def test_an_argument_that_the_hook_does_not_have_is_refused_by_name(refusal):
    found = refusal(_hook("wharfinger_actions", "return []", arguments="connection"))
    assert "'connection'" in found.reason
    assert "wharfinger_actions" in found.reason


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("wharfinger_destinations", ""),
        ("wharfinger_settings", ""),
        ("wharfinger_authentication", ""),
        ("wharfinger_actions", ""),
        ("wharfinger_batching", "action"),
        ("wharfinger_directives", ""),
        ("wharfinger_diagnostics", ""),
        ("wharfinger_batch_delivered", "report"),
    ],
)
def test_no_hook_may_be_async(refusal, name, arguments):
    found = refusal(_hook(name, "return []", arguments=arguments, keyword="async def"))
    assert f"{name} is async" in found.reason


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise KeyError('colour')", "KeyError: 'colour'"),
        ("raise SystemExit(1)", "SystemExit: 1"),
        ("yield None; raise ValueError('late')", "ValueError: late"),
    ],
)
def test_a_hook_that_raises_is_reported_with_its_traceback(refusal, body, error):
    found = refusal(_hook("wharfinger_destinations", body))
    assert f"wharfinger_destinations raised {error}" in found.reason
    assert "wrong_plugin.py" in found.traceback


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("return {'slug': 'acme'}", "gave str where Destination belongs"),
        ("return 'acme'", "must give a list of records, not str"),
        ("return b'acme'", "must give a list of records, not bytes"),
        ("return 5", "must give a list of records, not int"),
        ("return [None]", "gave NoneType where Destination belongs"),
        ("return [[]]", "gave list where Destination belongs"),
        ("return note()", "gave Action where Destination belongs"),
        ("return [wharfinger.Destination]", "gave type where Destination belongs"),
        (
            "return wharfinger.Destination(slug='x', title='X', hosts=('x.example',))",
            "must give a list of records, not Destination",
        ),
        (
            "return [wharfinger.Destination(slug='x', title='X', hosts=())]",
            "x: it names no host it may talk to",
        ),
        ("return [wharfinger.Destination(slug='Not A Slug', title='X', hosts=('h',))]", "'slug'"),
    ],
)
def test_what_is_no_list_of_records_is_refused(refusal, body, complaint):
    assert complaint in refusal(_hook("wharfinger_destinations", body)).reason


@pytest.mark.parametrize("body", ["return None", "return []", "return ()", "yield from ()"])
def test_giving_nothing_is_allowed(install, load, status, body):
    source = _hook("wharfinger_destinations", body)
    install("empty-dist", {"empty": "empty_plugin"}, empty_plugin=source)
    found = status(load(), "empty")
    assert (found.state, found.provides) == ("loaded", ())


def test_a_generator_of_records_is_a_list_of_records(install, load):
    body = "yield wharfinger.Destination(slug='lazy', title='Lazy', hosts=('l.example',))"
    source = _hook("wharfinger_destinations", body)
    install("lazy-dist", {"lazy": "lazy_plugin"}, lazy_plugin=source)
    assert set(load().destinations) == {"lazy"}


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        ("payload=dict", "wharfinger_actions: acme/send-note"),
        ("payload=None", "wharfinger_actions: acme/send-note"),
        ("default_trigger='type =='", "wharfinger_actions: acme/send-note"),
        ("default_fields={'colour': 'red'}", "default_fields names colour"),
        ("default_fields={'text': {'@path': 5}}", "wharfinger_actions: acme/send-note"),
        ("rows=wharfinger.RowFields(values='columns', keys='text')", "rows names columns, which"),
        ("rows=wharfinger.RowFields(values='text', keys='text')", "which holds no object"),
        ("rows=wharfinger.RowFields(values='text', keys='text', table='t')", "rows names t, which"),
        ("default_fields=None", "wharfinger_actions: acme/send-note"),
        ("default_trigger=7", "wharfinger_actions: acme/send-note"),
    ],
)
def test_an_action_whose_parts_do_not_fit_is_refused_by_name(refusal, overrides, complaint):
    assert complaint in refusal(_hook("wharfinger_actions", f"return note({overrides})")).reason


@pytest.mark.parametrize("schema", ["dict", "None", "42", "list[int]"])
def test_settings_that_are_no_class_of_fields_are_refused(refusal, schema):
    body = f"return [wharfinger.Settings(destination='acme', schema={schema})]"
    assert "wharfinger_settings: acme" in refusal(_hook("wharfinger_settings", body)).reason


@pytest.mark.parametrize("name", ["@path", "@template", "@literal", "@if"])
def test_a_directive_cannot_take_a_built_in_name(refusal, name):
    body = f"return [wharfinger.Directive(name='{name}', function=str)]"
    found = refusal(_hook("wharfinger_directives", body))
    assert found.reason.count("wharfinger_directives") == 1
    assert f"{name}: this name is built in and cannot be taken" in found.reason


@pytest.mark.parametrize(
    ("hook", "record"),
    [
        ("wharfinger_settings", "wharfinger.Settings(destination='acme', schema=Note)"),
        (
            "wharfinger_authentication",
            "wharfinger.Authentication(destination='acme', create=str, test=send)",
        ),
    ],
)
def test_answering_for_a_destination_of_somebody_else_is_refused(refusal, hook, record):
    reason = refusal(_hook(hook, f"return [{record}]")).reason
    assert f"{hook} answers for acme, which belongs to acme" in reason


def test_a_plugin_that_is_set_aside_provides_nothing_at_all(refusal):
    settings = "return [wharfinger.Settings(destination='acme', schema=Note)]"
    tower = "return [wharfinger.Destination(slug='tower', title='T', hosts=('tower.example',))]"
    source = _hook("wharfinger_settings", settings) + _hook("wharfinger_destinations", tower)
    assert "which belongs to acme" in refusal(source).reason


def test_settings_for_a_destination_that_nobody_gives_are_refused(refusal):
    body = "return [wharfinger.Settings(destination='nowhere', schema=Note)]"
    assert "nowhere, which nobody gives" in refusal(_hook("wharfinger_settings", body)).reason


def test_an_action_for_a_destination_that_is_not_installed_waits_for_it(install, load, status):
    source = _hook("wharfinger_actions", "return note(destination='absent')")
    install("note-dist", {"note": "note_plugin"}, note_plugin=source)
    plugins = load()
    found = status(plugins, "note")
    assert found.state == "loaded"
    assert found.provides == ("action absent/send-note",)
    assert found.notes == (
        "action send-note waits for the destination absent, which no plugin gives.",
    )
    assert plugins.report.ok


def test_a_check_for_a_destination_that_is_not_installed_waits_for_it(install, load, status):
    body = "return [wharfinger.Diagnostic(destination='absent', title='Clock', check=send)]"
    source = _hook("wharfinger_diagnostics", body)
    install("clock-dist", {"clock": "clock_plugin"}, clock_plugin=source)
    found = status(load(), "clock")
    assert found.notes == ("check Clock waits for the destination absent, which no plugin gives.",)


def test_an_action_for_a_destination_of_somebody_else_joins_it(install, load, status, destination):
    source = _hook("wharfinger_actions", "return note()")
    install("note-dist", {"note": "note_plugin"}, note_plugin=source)
    install("acme-dist", {"acme": "acme_plugin"}, acme_plugin=destination("acme"))
    plugins = load()
    assert set(plugins.actions("acme")) == {"send-note"}
    assert status(plugins, "note").notes == ()


def test_a_plugin_that_cannot_be_hashed_is_refused_and_stops_nobody(load, status, bell):
    @attrs.define
    class Unhashable:
        wharfinger_destinations = type(bell).wharfinger_destinations

    class Sound:
        @wharfinger.hookimpl
        def wharfinger_directives(self):
            return [wharfinger.Directive(name="@upper", function=str.upper)]

    plugins = load(extra=[Unhashable(), Sound()])
    assert "cannot be registered: unhashable type" in status(plugins, "Unhashable").reason
    assert dict(plugins.destinations) == {}
    assert set(plugins.directives) == {"@upper"}
