from __future__ import annotations

import pytest

import wharfinger

NOTE = """
            import attrs, wharfinger

            @attrs.define(kw_only=True)
            class Note:
                text: str = wharfinger.field(label="Text")

            async def send(session, batch):
                return []

            @wharfinger.hookimpl
            def wharfinger_actions():
                return [
                    wharfinger.Action(
                        destination="acme", slug="{slug}", title="{title}", payload=Note,
                        perform=send, effect=wharfinger.Effect.ONCE, aliases={aliases},
                    )
                ]
"""


@pytest.fixture
def two_owners(install, destination):
    install("one-dist", {"one": "plugin_one"}, version="1.1", plugin_one=destination("acme"))
    install("two-dist", {"two": "plugin_two"}, version="2.2", plugin_two=destination("acme"))
    install("fine-dist", {"fine": "fine_plugin"}, fine_plugin=destination("fine"))


@pytest.mark.usefixtures("two_owners")
def test_two_owners_of_a_destination_are_both_named_and_the_others_work(load, status):
    plugins = load()
    for name in ("one", "two"):
        found = status(plugins, name)
        assert found.state == "clashing"
        assert found.reason == (
            "The destination acme is given by one (one-dist 1.1) and two (two-dist 2.2). "
            "Uninstall one of them, or block one by name: WHARFINGER_BLOCK_PLUGINS=two."
        )
    assert status(plugins, "fine").state == "loaded"
    assert set(plugins.destinations) == {"fine"}
    assert not plugins.report.ok


@pytest.mark.usefixtures("two_owners")
def test_asking_for_a_destination_with_two_owners_names_both(load):
    with pytest.raises(wharfinger.PluginClashError, match=r"one-dist 1\.1.*two-dist 2\.2"):
        load().destination("acme")


@pytest.mark.usefixtures("two_owners")
def test_connecting_to_a_destination_with_two_owners_names_both(load):
    with pytest.raises(wharfinger.ConfigurationError) as caught:
        load().connect({"destination": "acme"})
    (problem,) = caught.value.problems
    assert problem.path == ("destination",)
    assert "one-dist 1.1" in problem.message
    assert "two-dist 2.2" in problem.message
    assert isinstance(caught.value.__cause__, wharfinger.PluginClashError)


@pytest.mark.usefixtures("two_owners")
def test_blocking_one_owner_gives_the_destination_to_the_other(load, status):
    plugins = load(block=["two"])
    assert set(plugins.destinations) == {"acme", "fine"}
    assert status(plugins, "one").state == "loaded"
    assert status(plugins, "two").state == "blocked"
    assert plugins.report.ok


@pytest.mark.usefixtures("two_owners")
def test_three_owners_are_all_named(install, load, status, destination):
    install("six-dist", {"six": "plugin_six"}, version="6.6", plugin_six=destination("acme"))
    reason = status(load(), "six").reason
    assert all(origin in reason for origin in ("one-dist 1.1", "six-dist 6.6", "two-dist 2.2"))


def test_two_whole_plugins_of_one_destination_report_the_destination(
    install, load, status, destination
):
    note = NOTE.format(slug="send-note", title="Send Note", aliases=())
    for name in ("one", "two"):
        whole = destination("acme") + note
        install(f"{name}-dist", {name: f"plugin_{name}"}, **{f"plugin_{name}": whole})
    plugins = load()
    reason = status(plugins, "one").reason
    assert reason.startswith("The destination acme is given by")
    assert "action" not in reason
    assert dict(plugins.actions("acme")) == {}
    assert plugins.settings("acme") is None


@pytest.fixture
def two_notes(install, destination):
    install("acme-dist", {"acme": "acme_plugin"}, acme_plugin=destination("acme"))
    one = NOTE.format(slug="send-note", title="One", aliases=())
    two = NOTE.format(slug="send-note", title="Two", aliases=("post-note",))
    install("one-dist", {"one": "plugin_one"}, version="1.1", plugin_one=one)
    install("two-dist", {"two": "plugin_two"}, version="2.2", plugin_two=two)


@pytest.mark.usefixtures("two_notes")
def test_an_action_given_twice_is_usable_by_nobody_and_names_both_plugins(load, status):
    plugins = load()
    assert status(plugins, "one").state == status(plugins, "two").state == "clashing"
    assert status(plugins, "acme").state == "loaded"
    assert dict(plugins.actions("acme")) == {}
    for name in ("send-note", "post-note"):
        with pytest.raises(wharfinger.PluginError):
            plugins.action("acme", name)
    with pytest.raises(wharfinger.PluginClashError, match=r"one-dist 1\.1.*two-dist 2\.2"):
        plugins.action("acme", "send-note")


@pytest.mark.usefixtures("two_notes")
def test_a_mapping_that_uses_an_action_given_twice_names_both_plugins(load):
    config = {"destination": "acme", "mappings": {"notes": {"action": "send-note"}}}
    with pytest.raises(wharfinger.ConfigurationError) as caught:
        load().connect(config)
    (problem,) = caught.value.problems
    assert problem.path == ("mappings", "notes", "action")
    assert "one-dist 1.1" in problem.message
    assert "two-dist 2.2" in problem.message


def test_an_alias_that_is_the_slug_of_another_action_is_a_clash(install, load, status, destination):
    install("acme-dist", {"acme": "acme_plugin"}, acme_plugin=destination("acme"))
    one = NOTE.format(slug="note", title="One", aliases=())
    two = NOTE.format(slug="send-note", title="Two", aliases=("note",))
    install("one-dist", {"one": "plugin_one"}, plugin_one=one)
    install("two-dist", {"two": "plugin_two"}, plugin_two=two)
    plugins = load()
    assert "The action acme/note is given by" in status(plugins, "two").reason
    assert set(plugins.actions("acme")) == {"send-note"}


def test_a_directive_given_twice_is_usable_by_nobody_and_names_both_plugins(install, load, status):
    source = """
        import wharfinger

        @wharfinger.hookimpl
        def wharfinger_directives():
            return [wharfinger.Directive(name="@upper", function=str.upper)]
    """
    for name in ("one", "two"):
        install(f"{name}-dist", {name: f"plugin_{name}"}, **{f"plugin_{name}": source})
    plugins = load()
    assert dict(plugins.directives) == {}
    reason = status(plugins, "one").reason
    assert "The directive @upper is given by one (one-dist 1.0) and two (two-dist 1.0)" in reason


def test_every_clash_of_a_plugin_is_told(install, load, status):
    source = """
        import wharfinger

        @wharfinger.hookimpl
        def wharfinger_directives():
            return [wharfinger.Directive(name=n, function=str) for n in ("@upper", "@lower")]
    """
    for name in ("one", "two"):
        install(f"{name}-dist", {name: f"plugin_{name}"}, **{f"plugin_{name}": source})
    reason = status(load(), "one").reason
    assert "@upper" in reason
    assert "@lower" in reason


def test_a_plugin_that_gives_one_destination_twice_is_told_so(install, load, status):
    source = """
        import wharfinger

        @wharfinger.hookimpl
        def wharfinger_destinations():
            return [wharfinger.Destination(slug="acme", title="A", hosts=("a.example",))] * 2
    """
    install("acme-dist", {"acme": "acme_plugin"}, acme_plugin=source)
    found = status(load(), "acme")
    assert found.state == "failed"
    assert "gives the destination acme twice" in found.reason


def test_connecting_to_a_destination_whose_plugin_failed_says_why(install, load):
    install("acme-dist", {"acme": "acme_plugin"}, acme_plugin="import a_library_nobody_has")
    with pytest.raises(wharfinger.ConfigurationError, match="a_library_nobody_has"):
        load().connect({"destination": "acme"})


def test_connecting_to_a_destination_whose_plugin_is_blocked_says_so(install, load):
    install("acme-dist", {"acme": "acme_plugin"}, acme_plugin="")
    with pytest.raises(wharfinger.ConfigurationError, match="WHARFINGER_BLOCK_PLUGINS"):
        load(block=["acme"]).connect({"destination": "acme"})
