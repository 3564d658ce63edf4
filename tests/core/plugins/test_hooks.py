"""One test per hook: what a plugin gives through it arrives where it is used."""

from __future__ import annotations

from typing import Any

import attrs
import httpx
import pytest

import wharfinger


def _plugin(base=object, /, **hooks):
    """Make a plugin of plain functions, named by their hooks, on top of another one."""
    members = {
        f"wharfinger_{name}": staticmethod(wharfinger.hookimpl(hook))
        for name, hook in hooks.items()
    }
    return type("Made", (base,), members)()


def _load(*plugins):
    return wharfinger.load_plugins(allow=(), extra=plugins)


@attrs.frozen(kw_only=True)
class BellSettings:
    volume: int = wharfinger.field(label="Volume", minimum=1, maximum=11)


def test_hook_wharfinger_destinations():
    tower = wharfinger.Destination(slug="tower", title="Tower", hosts=("tower.example",))
    plugins = _load(_plugin(destinations=lambda: [tower]))
    assert plugins.destination("tower") is tower
    assert plugins.connect({"destination": "tower"}).destination is tower


@attrs.frozen(kw_only=True)
class TowerSettings:
    host: str = wharfinger.field(label="Host")


def _tower(**facts):
    tower = wharfinger.Destination(slug="tower", title="Tower", **facts)

    async def climb(session, batch):
        await session.request("POST", batch.payloads[0].note)
        return [wharfinger.Outcome.delivered()] * len(batch)

    action = wharfinger.Action(
        destination="tower",
        slug="climb",
        title="Climb",
        payload=Climb,
        perform=climb,
        effect=wharfinger.Effect.ONCE,
        default_trigger='type = "track"',
        default_fields={"note": {"@path": "$.event"}},
    )
    settings = wharfinger.Settings(destination="tower", schema=TowerSettings)
    return _load(
        _plugin(destinations=lambda: [tower], settings=lambda: [settings], actions=lambda: [action])
    )


@attrs.define(kw_only=True)
class Climb:
    note: str = wharfinger.field(label="Note")


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://tower.example/up", "delivered"),
        ("https://named.example/up", "delivered"),
        ("http://plain.example/up", "delivered"),
        ("http://named.example/up", "halted"),
        ("https://plain.example/up", "halted"),
        ("https://other.example/up", "halted"),
        ("ftp://named.example/up", "halted"),
    ],
)
async def test_the_settings_may_name_hosts_and_an_entry_may_allow_plain_text(url, status):
    plugins = _tower(
        hosts=("tower.example", "http://plain.example"), hosts_of=lambda settings: [settings.host]
    )
    config = {
        "destination": "tower",
        "settings": {"host": "named.example"},
        "mappings": {"climbs": {"action": "climb"}},
    }
    transport = httpx.MockTransport(lambda _: httpx.Response(204))
    async with plugins.connect(config, transport=transport) as connection:
        (receipt,) = await connection.deliver([{"type": "track", "event": url}])
    outcome = receipt.outcomes["climbs"]
    assert outcome.status == status
    if status == "halted":
        assert "https://tower.example, http://plain.example, https://named.example" in (
            outcome.message
        )


@pytest.mark.parametrize(
    ("hosts_of", "complaint"),
    [(lambda settings: settings.hots, "AttributeError"), (lambda settings: "x.example", "list")],
)
def test_a_destination_that_cannot_tell_its_hosts_is_a_problem_of_the_configuration(
    hosts_of, complaint
):
    plugins = _tower(hosts_of=hosts_of)
    with pytest.raises(wharfinger.ConfigurationError, match="could not tell its hosts") as caught:
        plugins.connect({"destination": "tower", "settings": {"host": "x.example"}})
    assert complaint in str(caught.value)


def test_hook_wharfinger_settings(bell):
    given = wharfinger.Settings(destination="bell", schema=BellSettings)
    owner = _plugin(type(bell), settings=lambda: [given])
    plugins = _load(owner)
    assert plugins.settings("bell") is given
    connection = plugins.connect({"destination": "bell", "settings": {"volume": 11}})
    assert connection.settings == BellSettings(volume=11)
    with pytest.raises(wharfinger.ConfigurationError, match="Volume"):
        plugins.connect({"destination": "bell", "settings": {"volume": 12}})


@attrs.frozen(kw_only=True)
class KeyedSettings:
    key: wharfinger.Secret = wharfinger.field(label="Key", secret=True)
    older: list[wharfinger.Secret] | None = wharfinger.field(label="Older Keys", default=None)


@pytest.mark.parametrize("older", [None, ["second-s3cr3t", "third-s3cr3t"]])
async def test_every_secret_of_the_settings_is_hidden_in_what_a_vendor_says(bell, older):
    async def test(session):
        response = await session.request("GET", "https://api.bell.example/me")
        text = session.redact(response.text)
        return [wharfinger.Finding(level="ok", subject="Keys", message=text)]

    settings = wharfinger.Settings(destination="bell", schema=KeyedSettings)
    auth = wharfinger.Authentication(
        destination="bell", create=lambda settings: httpx.Auth(), test=test
    )
    owner = _plugin(type(bell), settings=lambda: [settings], authentication=lambda: [auth])
    secrets = ["first-s3cr3t", *(older or [])]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text=" ".join(secrets)))
    given = {"key": secrets[0], **({"older": older} if older else {})}
    config = {"destination": "bell", "settings": given}
    async with _load(owner).connect(config, transport=transport) as connection:
        (finding,) = await connection.test()
    assert finding.message == " ".join("***" for _ in secrets)


async def test_hook_wharfinger_authentication(bell):
    def create(settings):
        return httpx.BasicAuth("ringer", "s3cr3t")

    async def test(session):
        response = await session.request("GET", "https://api.bell.example/me")
        return [wharfinger.Finding(level="ok", subject="Ringer", message=response.text)]

    given = wharfinger.Authentication(destination="bell", create=create, test=test)
    owner = _plugin(type(bell), authentication=lambda: [given])
    plugins = _load(owner)
    assert plugins.authentication("bell") is given

    def answer(request):
        return httpx.Response(200, text=request.headers["authorization"].partition(" ")[0])

    transport = httpx.MockTransport(answer)
    async with plugins.connect({"destination": "bell"}, transport=transport) as connection:
        (finding,) = await connection.test()
    assert (finding.subject, finding.message) == ("Ringer", "Basic")


async def test_hook_wharfinger_actions(bell):
    @attrs.define(kw_only=True)
    class Strike:
        hours: int = wharfinger.field(label="Hours")

    struck: list[Any] = []

    async def strike(session, batch):
        struck.extend(payload.hours for payload in batch.payloads)
        return [wharfinger.Outcome.delivered()] * len(batch)

    given = wharfinger.Action(
        destination="bell",
        slug="strike",
        title="Strike",
        payload=Strike,
        perform=strike,
        effect=wharfinger.Effect.ONCE,
        default_trigger='type = "track"',
        default_fields={"hours": {"@path": "$.properties.hours"}},
    )
    plugins = _load(bell, _plugin(actions=lambda: [given]))
    assert set(plugins.actions("bell")) == {"ring", "strike"}
    config = {"destination": "bell", "mappings": {"hours": {"action": "strike"}}}
    async with plugins.connect(config) as connection:
        await connection.deliver([{"type": "track", "properties": {"hours": 12}}])
    assert struck == [12]


def test_hook_wharfinger_batching(bell):
    heard = []

    def own(action, settings, options):
        heard.append((action.slug, settings, options))
        return wharfinger.BatchPolicy(rows=7)

    def foreign(action):
        raise AssertionError("only the plugin that gave the action is asked")

    owner = _plugin(type(bell), batching=own)
    other = _plugin(batching=foreign)
    plugins = _load(owner, other)
    config = {"destination": "bell", "mappings": {"rings": {"action": "ring"}}}
    assert plugins.connect(config).mappings["rings"].policy == wharfinger.BatchPolicy(rows=7)
    assert heard == [("ring", None, {})]
    assert plugins.batching(plugins.action("bell", "ring"), None).rows == 7
    assert heard == [("ring", None, {})] * 2


def _overriding(hook):
    return type("Overriding", (), {"wharfinger_batching": staticmethod(hook)})()


def test_a_plugin_that_asks_to_be_first_overrides_batching_for_one_mapping_of_another(bell):
    heard = []

    @wharfinger.hookimpl(tryfirst=True)
    def override(action, outline):
        heard.append(outline)
        if outline and outline.constants.get("author") == "c":
            return wharfinger.BatchPolicy(rows=3)
        return None

    owner = _plugin(type(bell), batching=lambda: wharfinger.BatchPolicy(rows=7))
    plugins = _load(owner, _overriding(override))
    rings = {name: {"action": "ring", "fields": {"author": name}} for name in "cd"}
    rings["e"] = {"action": "ring", "fields": {"author": "c"}, "batch": {"rows": 2}}
    mappings = plugins.connect({"destination": "bell", "mappings": rings}).mappings
    assert {name: mapping.policy.rows for name, mapping in mappings.items()} == {
        "c": 3,
        "d": 7,
        "e": 2,
    }
    assert [outline.mapping for outline in heard] == ["c", "d", "e"]
    assert plugins.batching(plugins.action("bell", "ring"), None).rows == 7
    assert heard[-1] is None


def test_a_wrong_answer_of_a_plugin_that_overrides_is_told_with_its_own_name(bell):
    @wharfinger.hookimpl(tryfirst=True)
    def override():
        raise ValueError("no number")

    plugins = _load(bell, _overriding(override))
    with pytest.raises(wharfinger.PluginError) as caught:
        plugins.batching(plugins.action("bell", "ring"), None)
    assert "wharfinger_batching raised ValueError: no number for ring" in str(caught.value)


def test_core_answers_for_an_action_that_nobody_batches(bell, ringing):
    policy = ringing().mappings["rings"].policy
    assert isinstance(policy, wharfinger.Unbatched)
    with pytest.raises(wharfinger.ConfigurationError, match="Ring cannot be batched"):
        ringing(batch={"rows": 5})


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (lambda: 50, "wharfinger_batching gave int for ring where a BatchPolicy belongs"),
        (lambda: dict[str, int]()["rows"], "wharfinger_batching raised KeyError: 'rows' for ring"),
    ],
)
def test_a_wrong_batching_answer_is_a_problem_of_the_mapping(bell, answer, complaint):
    owner = _plugin(type(bell), batching=answer)
    plugins = _load(owner)
    config = {"destination": "bell", "mappings": {"rings": {"action": "ring"}}}
    with pytest.raises(wharfinger.ConfigurationError) as caught:
        plugins.connect(config)
    (problem,) = caught.value.problems
    assert problem.path == ("mappings", "rings", "action")
    assert complaint in problem.message


async def test_hook_wharfinger_directives(bell):
    struck: list[Any] = []

    async def perform(session, batch):
        struck.extend(payload.author for payload in batch.payloads)
        return [wharfinger.Outcome.delivered()] * len(batch)

    (ring,) = bell.wharfinger_actions()
    given = wharfinger.Directive(name="@reverse", function=lambda text: text[::-1])
    owner = _plugin(
        type(bell),
        actions=lambda: [attrs.evolve(ring, perform=perform)],
        directives=lambda: [given],
    )
    plugins = _load(owner)
    assert plugins.directives["@reverse"] is given
    fields = {"author": {"@reverse": {"@path": "$.userId"}}}
    config = {"destination": "bell", "mappings": {"r": {"action": "ring", "fields": fields}}}
    async with plugins.connect(config) as connection:
        await connection.deliver([{"type": "track", "userId": "anna-1"}])
    assert struck == ["1-anna"]


async def test_hook_wharfinger_diagnostics(bell):
    outlined = []

    async def compare(session, outlines):
        outlined.extend(outlines)
        return [wharfinger.Finding(level="warning", subject="Clock", message="It is late.")]

    async def fail(session, outlines):
        raise RuntimeError("the check is broken")

    given = [
        wharfinger.Diagnostic(destination="bell", title="Fault", check=fail),
        wharfinger.Diagnostic(destination="bell", title="Clock", check=compare),
    ]
    plugins = _load(bell, _plugin(diagnostics=lambda: given))
    rings = {"action": "ring", "fields": {"author": "anna"}}
    config = {"destination": "bell", "mappings": {"r": rings, "off": {**rings, "enabled": False}}}
    async with plugins.connect(config) as connection:
        fault, clock = await connection.diagnose()
    assert outlined == [
        wharfinger.Outline(mapping="r", action="ring", constants={"author": "anna"})
    ]
    assert (fault.level, fault.subject) == ("error", "Fault")
    assert "RuntimeError" in fault.message
    assert (clock.level, clock.message) == ("warning", "It is late.")


async def test_hook_wharfinger_batch_delivered(ringing):
    reports = []

    def observe(report):
        reports.append(report)

    async with ringing(_plugin(batch_delivered=observe)) as connection:
        await connection.deliver([{"type": "track"}])
    assert [type(report) for report in reports] == [wharfinger.BatchReport]
