"""``wharfinger init``: a first configuration by options, by asking, and for the simulator."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import wharfinger
from wharfinger_host.demo import first
from wharfinger_host.draft_text import text_of
from wharfinger_host.drafting import Draft
from wharfinger_host.interview import Interview, StuckError
from wharfinger_host.whole_file import write_whole
from wharfinger_sfmc_simulator import Simulator

NOTE = ("--destination", "acme", "--action", "send-note", "--set", "account=1234")


def test_options_alone_write_what_check_accepts(
    cli: Any, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = cli("init", "new.toml", "--yes", *NOTE, "--name", "shop", "--field", "text=$.a.b")
    assert result.exit_code == 0, result.stderr
    for said in ("new.toml is written", "export SHOP_API_KEY=", "wharfinger check new.toml"):
        assert said in result.stdout
    monkeypatch.setenv("SHOP_API_KEY", "k")
    checked = cli("check", "new.toml")
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert "nothing is wrong" in checked.stdout
    text = Path("new.toml").read_text()
    assert tomllib.loads(text)["connections"] == {
        "shop": {
            "destination": "acme",
            "settings": {"account": "1234", "api_key": {"env": "SHOP_API_KEY"}},
            "mappings": {
                "send-note": {"action": "send-note", "fields": {"text": {"@path": "$.a.b"}}}
            },
        }
    }
    for comment in (
        "# API Key",
        "# a secret is never written here",
        "# Which events it takes; this is the default.",
        """# trigger = 'type = "track"'""",
        '# to = { "@path" = "$.userId" }  # the default',
    ):
        assert comment in text
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize(
    "source", [{"SHOP": "k"}, {"file": "secret.txt"}], ids=["variable", "file"]
)
def test_a_secret_may_be_kept_elsewhere(
    cli: Any, site: Path, monkeypatch: pytest.MonkeyPatch, source: dict[str, str]
) -> None:
    place = "file:secret.txt" if "file" in source else "env:SHOP"
    monkeypatch.setenv("SHOP", "k")
    Path("secret.txt").write_text("k")
    assert cli("init", "--yes", *NOTE, "--set", f"api_key={place}").exit_code == 0
    assert cli("check", "wharfinger.toml").exit_code == 0


def test_a_secret_in_clear_text_is_refused_and_not_repeated(cli: Any, site: Path) -> None:
    result = cli("init", "--yes", *NOTE, "--set", "api_key=h4sh")
    assert result.exit_code == 2
    assert "--set api_key=...: API Key is a secret and is never written down" in result.stderr
    assert "h4sh" not in result.output
    assert not Path("wharfinger.toml").exists()


def test_everything_that_is_missing_or_wrong_is_said_at_once(cli: Any, site: Path) -> None:
    result = cli(
        *("init", "--yes", "--destination", "acme", "--action", "put-rows"),
        *("--set", "account=x", "--trigger", "type = ", "--field", "colour=red"),
    )
    assert result.exit_code == 2
    for said in (
        "--set account=...: Account must be digits only",
        "mappings.put-rows.trigger: ",
        "colour: ",
        "--field key=...: Row Key is required",
        "Nothing was written",
    ):
        assert said in result.stderr
    assert not Path("wharfinger.toml").exists()
    as_json = json.loads(cli("init", "--yes", "--json", *NOTE[:4]).stdout)
    assert (as_json["ok"], as_json["problems"][0]["path"]) == (False, "settings.account")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--yes", "--action", "send-note", "--destination", "acm"], 'Did you mean "acme"?'),
        (["--yes", "--destination", "acme", "--action", "send-nope"], 'Did you mean "send-note"?'),
        (["--yes"], "--action"),
        (["--json"], "--yes"),
        (["--field", "a"], "give --yes"),
        (["--yes", *NOTE, "--set", "account"], "must be NAME=VALUE"),
        (["--yes", *NOTE, "--name", ""], "--name"),
        (["--simulator", *NOTE], "--simulator"),
    ],
)
def test_a_command_line_that_says_too_little_writes_nothing(
    cli: Any, site: Path, arguments: list[str], said: str
) -> None:
    result = cli("init", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("wharfinger.toml").exists()


@pytest.mark.parametrize("more", [[*NOTE, "--yes"], ["--simulator"]])
def test_a_file_that_is_there_is_kept_unless_force_is_given(
    cli: Any, site: Path, more: list[str]
) -> None:
    file = Path("wharfinger.toml")
    file.write_text("mine")
    file.chmod(0o640)
    result = cli("init", *more)
    assert result.exit_code == 3
    assert "--force" in result.stderr
    assert file.read_text() == "mine"
    assert cli("init", *more, "--force").exit_code == 0
    assert "[connections.main]" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_not_there_is_said(cli: Any, site: Path) -> None:
    result = cli("init", "gone/new.toml", "--yes", *NOTE)
    assert result.exit_code == 3
    assert "gone/new.toml: No such file" in result.stderr


def test_objects_lists_and_numbers_are_written_as_such(cli: Any, site: Path) -> None:
    fields = ("text=hi", "mail=$.traits.email", "tags=a, b", "sender.name=Ann", "sender.age=5")
    given = [word for field in fields for word in ("--field", field)]
    result = cli(
        *("init", "--yes", "--destination", "acme", "--action", "send-letter", "--json"),
        *("--set", "account=1234", *given),
    )
    assert json.loads(result.stdout)["variables"] == ["MAIN_API_KEY"]
    [mapping] = tomllib.loads(Path("wharfinger.toml").read_text())["connections"]["main"][
        "mappings"
    ].values()
    assert mapping["fields"] == {
        "text": "hi",
        "mail": {"@path": "$.traits.email"},
        "tags": ["a", "b"],
        "sender": {"name": "Ann", "age": 5},
    }


class Person:
    """Answers by question; what is not in the list is answered with the default."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers
        self.told: list[str] = []
        self.asked: list[str] = []

    def ask(self, question: str, default: str) -> str:
        self.asked.append(question)
        waiting = self.answers.get(question.replace(" ", "_").partition(":")[0], [])
        return waiting.pop(0) if waiting else default

    def tell(self, text: str) -> None:
        self.told.append(text)


def interviewed(person: Person, tmp_path: Path, **known: Any) -> Draft:
    draft = Draft(plugins=wharfinger.load_plugins(), folder=tmp_path, **known)
    Interview(draft, person.ask, person.tell).run()
    return draft


def test_a_person_is_asked_until_nothing_is_wrong(site: Path, tmp_path: Path) -> None:
    person = Person(
        Account=["x", "1234"],
        API_Key=["in the clear", "env:MY_KEY"],
        Action=["nonsense", "put-rows"],
        Trigger=["type =", 'type = "identify"'],
        Row_Key=["", "$.userId"],
    )
    draft = interviewed(person, tmp_path)
    assert draft.destination == "acme"
    assert draft.settings == {"account": "1234", "api_key": {"env": "MY_KEY"}}
    assert (draft.action, draft.trigger) == ("put-rows", 'type = "identify"')
    assert draft.fields == {"key": {"@path": "$.userId"}}
    told = "\n".join(person.told)
    for said in ("digits only", "never written down", "is none of", "Which row it is."):
        assert said in told
    assert draft.problems() == []
    tomllib.loads(text_of(draft, file="a.toml"))


def test_what_the_command_line_said_is_not_asked_again(site: Path, tmp_path: Path) -> None:
    person = Person(Account=["1234"])
    interviewed(person, tmp_path, destination="acme", action="send-note", name="a b")
    assert person.asked == ["Account", "API Key", "Trigger: which events"]


def test_what_no_answer_can_mend_ends_the_interview(site: Path, tmp_path: Path) -> None:
    person = Person(Account=["1234"])
    with pytest.raises(StuckError, match="colour"):
        interviewed(person, tmp_path, action="send-note", fields={"colour": "red"})


@pytest.mark.usefixtures("site")
def test_entries_of_an_object_are_asked_one_by_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "salesforce-marketing-cloud")
    person = Person(
        Account_ID=["510000001"],
        Client_ID=["c"],
        Subdomain=["https://mc-x.rest.marketingcloudapis.com", "mc-x"],
        Action=["send-event-to-data-extension"],
        Data_Extension_Key=["orders"],
        Data_Extension_Primary_Keys=["", "OrderId", "OrderId=$.properties.order_id", ""],
        Data_Extension_Fields=["Total = $.properties.total", "Source=web", ""],
    )
    draft = interviewed(person, tmp_path)
    assert draft.settings["subdomain"] == "mc-x"
    assert draft.fields == {
        "key": "orders",
        "keys": {"OrderId": {"@path": "$.properties.order_id"}},
        "values": {"Total": {"@path": "$.properties.total"}, "Source": "web"},
    }


MAIN = [sys.executable, "-c", "from wharfinger_host.cli import main; main()"]


@pytest.mark.parametrize("how", ["answers", "interrupt"])
def test_on_a_terminal_questions_are_asked_and_ctrl_c_leaves_nothing(
    site: Path, tmp_path: Path, environment: dict[str, str], how: str
) -> None:
    terminal, side = pty.openpty()
    process = subprocess.Popen(
        [*MAIN, "init", "new.toml", "--action", "send-note", "--destination", "acme"],
        stdin=side,
        stdout=side,
        stderr=side,
        env={**environment, "TERM": "dumb"},
    )
    os.close(side)
    shown = b""
    answers = {b"Account: ": b"1234\n", b"API Key (env:": b"\n", b"Trigger: which events": b"\n"}
    try:
        while True:
            try:
                shown += os.read(terminal, 65_536)
            except OSError:  # how Linux says that the other side is closed
                break
            for question in [question for question in answers if question in shown]:
                if how == "interrupt" and question.startswith(b"API"):
                    process.send_signal(signal.SIGINT)
                else:
                    os.write(terminal, answers[question])
                del answers[question]
        code = process.wait(timeout=60)
    finally:
        process.kill()
        os.close(terminal)
    left = [path.name for path in tmp_path.iterdir() if path != site]
    if how == "answers":
        assert (code, left) == (0, ["new.toml"])
        assert b"new.toml is written" in shown
    else:
        assert (code, left) == (130, [])
        assert b"Nothing was written" in shown


def test_a_file_that_cannot_be_finished_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.toml"
    file.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, "new", replace=True)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "b.toml", "new", replace=False)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a.toml", "old")]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "a.toml", tmp_path / "link.toml"
    file.write_text("old")
    link.symlink_to(file)
    write_whole(link, "new", replace=True)
    assert link.is_symlink()
    assert file.read_text() == "new"


def test_the_configuration_for_the_simulator_delivers_the_first_event(
    cli: Any,
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "salesforce-marketing-cloud")
    result = cli("init", "--simulator")
    assert result.exit_code == 0
    for line in first.next_steps(Path("wharfinger.toml")):
        assert line in result.stdout
    simulator = Simulator.sample()
    assert simulator.catalogue.clients[0].secret in result.stdout
    monkeypatch.setenv("SFMC_CLIENT_SECRET", simulator.catalogue.clients[0].secret)
    checked = cli("check", "wharfinger.toml")
    assert (checked.exit_code, checked.stderr) == (0, "")


async def test_the_first_event_becomes_a_row_of_the_sample_tenant() -> None:
    simulator = Simulator.sample()
    [config] = tomllib.loads(first.configuration())["connections"].values()
    config["settings"]["client_secret"] = simulator.catalogue.clients[0].secret
    sent = next(line for line in first.next_steps(Path("a.toml")) if line.startswith("echo"))
    connection = wharfinger.load_plugins().connect(config, transport=simulator.transport())
    async with connection:
        assert {finding.level for finding in await connection.test()} == {"ok"}
        [receipt] = await connection.deliver([json.loads(sent.split("'")[1])])
    assert receipt.outcomes["orders"].status is wharfinger.Status.DELIVERED
    assert simulator.rows("orders")[0]["orderid"] == "o-77"
