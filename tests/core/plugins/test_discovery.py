from __future__ import annotations

import itertools
import sys

import pytest

import wharfinger


def _status(plugins, name):
    return {plugin.name: plugin for plugin in plugins.report.plugins}[name]


def test_an_installed_plugin_is_found_by_its_entry_point(install, load, destination):
    install("acme-dist", {"acme": "acme_plugin"}, version="2.3", acme_plugin=destination("acme"))
    plugins = load()
    found = _status(plugins, "acme")
    assert (found.state, found.distribution, found.version) == ("loaded", "acme-dist", "2.3")
    assert found.hooks == ("wharfinger_destinations",)
    assert found.provides == ("destination acme",)
    assert plugins.report.ok
    assert plugins.destination("acme").hosts == ("api.acme.example",)


def test_an_entry_point_may_name_an_object_of_a_module(install, load):
    source = """
        import wharfinger

        class _Plugin:
            @wharfinger.hookimpl
            def wharfinger_destinations(self):
                return [wharfinger.Destination(slug="acme", title="Acme", hosts=["a.example"])]

        plugin = _Plugin()
    """
    install("acme-dist", {"acme": "acme_plugin:plugin"}, acme_plugin=source)
    plugins = load()
    assert _status(plugins, "acme").state == "loaded"
    assert set(plugins.destinations) == {"acme"}


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import a_library_nobody_has", "ModuleNotFoundError: No module named"),
        ("from os import nothing_like_this", "ImportError: cannot import name"),
        ("def broken(:\n    pass", "SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise RuntimeError('ünïcode ☃')", "RuntimeError: ünïcode ☃"),
    ],
)
def test_a_plugin_that_fails_at_import_is_quarantined_with_its_traceback(
    install, load, destination, source, error
):
    install("broken-dist", {"broken": "broken_plugin"}, version="0.9", broken_plugin=source)
    install("acme-dist", {"acme": "acme_plugin"}, acme_plugin=destination("acme"))
    plugins = load()
    broken = _status(plugins, "broken")
    assert broken.state == "failed"
    assert error in broken.reason
    assert "broken-dist 0.9" in broken.reason
    assert "WHARFINGER_BLOCK_PLUGINS=broken" in broken.reason
    assert "Traceback" in broken.traceback
    assert error in broken.traceback
    assert not plugins.report.ok
    assert set(plugins.destinations) == {"acme"}


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("acme_plugin:missing", "AttributeError"),
        ("no_such_module_at_all", "ModuleNotFoundError"),
        ("not a module path", "failed"),
    ],
)
def test_an_entry_point_that_leads_nowhere_is_quarantined(install, load, destination, value, error):
    install("acme-dist", {"acme": value}, acme_plugin=destination("acme"))
    install("fine-dist", {"fine": "fine_plugin"}, fine_plugin=destination("fine"))
    plugins = load()
    acme = _status(plugins, "acme")
    assert acme.state == "failed"
    assert error in f"{acme.state} {acme.reason}"
    assert set(plugins.destinations) == {"fine"}


@pytest.fixture
def blocked(install, load):
    """Install a plugin whose import would be seen, load, and return its status."""

    def blocked(**arguments):
        install("acme-dist", {"acme": "acme_plugin"}, acme_plugin="raise RuntimeError('imported')")
        plugins = load(**arguments)
        assert plugins.report.ok
        found = _status(plugins, "acme")
        assert (found.state, found.distribution) == ("blocked", "acme-dist")
        assert "acme_plugin" not in sys.modules
        return found

    return blocked


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("WHARFINGER_BLOCK_PLUGINS", "acme", "Blocked by name"),
        ("WHARFINGER_BLOCK_PLUGINS", " other ,, acme ,", "Blocked by name"),
        ("WHARFINGER_ALLOW_PLUGINS", "other", "Not on the list of allowed plugins"),
        ("WHARFINGER_ALLOW_PLUGINS", "", "Not on the list of allowed plugins"),
        ("WHARFINGER_SAFE_MODE", "1", "Safe mode"),
    ],
)
def test_a_plugin_blocked_by_the_environment_is_not_even_imported(
    blocked, monkeypatch, variable, value, reason
):
    monkeypatch.setenv(variable, value)
    found = blocked()
    assert reason in found.reason
    assert variable in found.reason


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"block": ["acme"]}, "Blocked by name"),
        ({"allow": ["other"]}, "Not on the list of allowed plugins"),
        ({"allow": []}, "Not on the list of allowed plugins"),
        ({"allow": ["acme"], "block": ["acme"]}, "Blocked by name"),
    ],
)
def test_a_plugin_blocked_by_the_host_is_not_even_imported(blocked, arguments, reason):
    assert reason in blocked(**arguments).reason


@pytest.mark.parametrize(
    ("variable", "value"), [("WHARFINGER_BLOCK_PLUGINS", "acme"), ("WHARFINGER_SAFE_MODE", "yes")]
)
def test_what_the_environment_blocks_no_host_can_allow(blocked, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert variable in blocked(allow=["acme"]).reason


@pytest.mark.parametrize("value", ["", "0"])
def test_safe_mode_is_off_where_its_variable_says_so(
    install, load, destination, monkeypatch, value
):
    monkeypatch.setenv("WHARFINGER_SAFE_MODE", value)
    install("acme-dist", {"acme": "acme_plugin"}, acme_plugin=destination("acme"))
    assert _status(load(), "acme").state == "loaded"


def test_where_environment_and_host_both_have_a_list_a_plugin_must_be_on_both(
    install, load, destination, monkeypatch
):
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "one,two")
    for name in ("one", "two", "three"):
        install(f"{name}-dist", {name: f"{name}_plugin"}, **{f"{name}_plugin": destination(name)})
    plugins = load(allow=["two", "three"])
    assert set(plugins.destinations) == {"two"}
    assert {_status(plugins, name).state for name in ("one", "three")} == {"blocked"}


def test_two_distributions_with_one_entry_name_are_both_named_and_neither_is_imported(
    install, load, destination
):
    install("acme-one", {"acme": "plugin_one"}, version="1.1", plugin_one=destination("acme"))
    install("acme-two", {"acme": "plugin_two"}, version="2.2", plugin_two=destination("acme"))
    install("fine-dist", {"fine": "fine_plugin"}, fine_plugin=destination("fine"))
    plugins = load()
    acme = _status(plugins, "acme")
    assert acme.state == "clashing"
    assert "acme-one 1.1" in acme.reason
    assert "acme-two 2.2" in acme.reason
    assert "Uninstall one of them" in acme.reason
    assert {"plugin_one", "plugin_two"}.isdisjoint(sys.modules)
    assert set(plugins.destinations) == {"fine"}


def test_one_distribution_may_name_several_plugins(install, load, destination):
    install(
        "twins",
        {"one": "plugin_one", "two": "plugin_two"},
        plugin_one=destination("one"),
        plugin_two=destination("two"),
    )
    assert set(load().destinations) == {"one", "two"}


def test_two_entry_points_to_one_module_load_it_once_and_say_so(install, load, destination):
    install("acme-dist", {"a": "acme_plugin", "b": "acme_plugin"}, acme_plugin=destination("acme"))
    plugins = load()
    assert _status(plugins, "a").state == "loaded"
    assert _status(plugins, "b").state == "failed"
    assert "already registered" in _status(plugins, "b").reason
    assert set(plugins.destinations) == {"acme"}


@pytest.mark.parametrize("metadata", ["", "Name: acme-dist\n", "\x00\x01"])
def test_a_distribution_with_damaged_metadata_stops_nobody(install, load, destination, metadata):
    install("acme-dist", {"acme": "acme_plugin"}, metadata=metadata, acme_plugin="")
    install("fine-dist", {"fine": "fine_plugin"}, fine_plugin=destination("fine"))
    plugins = load()
    assert set(plugins.destinations) == {"fine"}
    assert _status(plugins, "acme").state == "loaded"


@pytest.mark.parametrize("order", list(itertools.permutations(("one", "three", "two"))))
def test_plugins_load_by_name_whatever_the_order_of_the_path(
    install, load, destination, monkeypatch, order
):
    loading: list[str] = []
    monkeypatch.setattr(wharfinger, "test_loading", loading, raising=False)
    for name in order:
        source = f"{destination(name)}\n            wharfinger.test_loading.append('{name}')"
        install(f"{name}-dist", {name: f"{name}_plugin"}, **{f"{name}_plugin": source})
    plugins = load()
    assert loading == ["one", "three", "two"]
    ours = [p.name for p in plugins.report.plugins if p.name in order]
    assert ours == ["one", "three", "two"]
    assert list(plugins.destinations) == ["one", "three", "two"]


def test_a_host_may_bring_plugins_along_even_in_safe_mode(load, monkeypatch):
    class Brought:
        @wharfinger.hookimpl
        def wharfinger_destinations(self):
            return [wharfinger.Destination(slug="brought", title="Brought", hosts=("b.example",))]

    monkeypatch.setenv("WHARFINGER_SAFE_MODE", "1")
    plugins = load(extra=[Brought()])
    assert set(plugins.destinations) == {"brought"}
    assert _status(plugins, "Brought").origin == "the host itself"


def test_two_brought_plugins_of_one_class_are_told_apart(load):
    class Brought:
        def __init__(self, slug):
            self._slug = slug

        @wharfinger.hookimpl
        def wharfinger_destinations(self):
            slug = self._slug
            return [wharfinger.Destination(slug=slug, title=slug, hosts=(f"{slug}.example",))]

    plugins = load(extra=[Brought("one"), Brought("two")])
    assert set(plugins.destinations) == {"one", "two"}
    states = [p.state for p in plugins.report.plugins if p.name.startswith("Brought")]
    assert states == ["loaded", "loaded"]


def test_a_brought_plugin_does_not_hide_an_installed_one_of_the_same_name(
    install, load, destination
):
    class acme:  # noqa: N801  # the name of the installed plugin, on purpose
        @wharfinger.hookimpl
        def wharfinger_destinations(self):
            return [wharfinger.Destination(slug="other", title="Other", hosts=("o.example",))]

    install("acme-dist", {"acme": "acme_plugin"}, acme_plugin=destination("acme"))
    plugins = load(extra=[acme()])
    assert set(plugins.destinations) == {"acme", "other"}
    origins = {p.origin for p in plugins.report.plugins if p.name.startswith("acme")}
    assert origins == {"acme-dist 1.0", "the host itself"}


def test_nothing_installed_and_nothing_brought_is_a_working_empty_set(load):
    plugins = load(allow=())
    assert dict(plugins.destinations) == {}
    assert dict(plugins.directives) == {}
    with pytest.raises(wharfinger.PluginError, match="There are none"):
        plugins.destination("acme")


def test_loading_twice_gives_two_values_that_share_nothing(install, load, destination):
    install("acme-dist", {"acme": "acme_plugin"}, acme_plugin=destination("acme"))
    first, second = load(), load(block=["acme"])
    assert set(first.destinations) == {"acme"}
    assert set(second.destinations) == set()


@pytest.mark.parametrize("table", ["destinations", "directives"])
def test_what_plugins_gave_cannot_be_changed_from_outside(load, table):
    with pytest.raises(TypeError):
        getattr(load(), table)["acme"] = None
