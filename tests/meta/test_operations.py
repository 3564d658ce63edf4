"""The page on operating engines, and the files beside it, say what there is."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are not installed

from wharfinger.delivery.http import Timeouts
from wharfinger_host.command_page import commands
from wharfinger_host.inbox_configuration import read_inbox
from wharfinger_rabbitmq.address import Address

PAGES = ("operate-engines", "scale-out-with-rabbitmq", "consume-from-kafka")
COMMANDS = commands()


@pytest.fixture(scope="module")
def how_to(request):
    return request.config.rootpath / "docs" / "how-to"


@pytest.fixture(scope="module")
def files(how_to):
    return how_to / "operations"


def blocks(page, language):
    """The blocks of a page, those within lists too."""
    found = re.findall(
        rf"^( *)```{language}\n(.*?)^\1```$", page.read_text(), re.MULTILINE | re.DOTALL
    )
    return [textwrap.dedent(text) for _, text in found]


def read_by_its_command(words):
    """Have a command line read by the command it names, and return its values."""
    name = " ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else words[0]
    rest = words[len(name.split()) :]
    return name, COMMANDS[name].make_context(name, list(rest)).params


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_one_that_is_read(how_to, page):
    lines = [
        line.removeprefix("$ wharfinger ")
        for block in blocks(how_to / f"{page}.md", "console")
        for line in block.splitlines()
        if line.startswith("$ wharfinger ")
    ]
    assert lines
    for line in lines:
        read_by_its_command(shlex.split(line))


def test_every_table_of_a_configuration_is_one_that_is_taken(how_to):
    tables = [tomllib.loads(text) for text in blocks(how_to / "operate-engines.md", "toml")]
    inboxes = [read_inbox(each["inbox"], how_to) for each in tables if "inbox" in each]
    assert [problems for _, problems in inboxes] == [[]]
    [timeouts] = (each["connections"]["shop"]["timeouts"] for each in tables if "inbox" not in each)
    assert Timeouts(**timeouts).whole_s == timeouts["whole_s"]


def test_every_alert_is_about_a_metric_that_there_is(how_to):
    [text] = blocks(how_to / "operate-engines.md", "yaml")
    [group] = yaml.safe_load(text)["groups"]
    known = (how_to.parent / "reference/telemetry.md").read_text()
    for rule in group["rules"]:
        names = re.findall(r"wharfinger_\w+", rule["expr"])
        assert len(names) == 1
        assert f"| `{names[0]}` |" in known


def test_the_secrets_of_the_units_are_what_an_engine_and_an_account_take(how_to):
    [text] = blocks(how_to / "operate-engines.md", "text")
    lines = dict(line.split("=", 1) for line in text.splitlines())
    assert set(lines) == {"WHARFINGER_ENGINE", "SFMC_CLIENT_SECRET"}
    address = Address.of(lines["WHARFINGER_ENGINE"])
    assert len(address.hosts) == 3


def test_the_page_offers_every_file_and_no_other(how_to, files):
    page = (how_to / "operate-engines.md").read_text()
    offered = re.findall(r"\{download\}`[^`]*<operations/([^>]+)>`", page)
    assert sorted(offered) == sorted(each.name for each in files.iterdir())


def unit_of(file) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # keys have capitals
    unit.read_string(file.read_text())
    return unit


UNITS = ("wharfinger@.service", "wharfinger-serve.service")


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_starts_a_command_and_leaves_it_time_to_end(files, name):
    service = unit_of(files / name)["Service"]
    program, *words = shlex.split(service["ExecStart"].replace("%i", "9464"))
    assert program == "/opt/wharfinger/bin/wharfinger"
    _, values = read_by_its_command(words)
    assert int(service["TimeoutStopSec"]) > values["drain_s"]
    assert service["RestartPreventExitStatus"] == "2"
    assert service["ExecReload"].endswith("-HUP $MAINPID")
    assert "PASSWORD" not in (files / name).read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong_with_a_unit(files, name, tmp_path):
    text = (files / name).read_text()
    here = text.replace("/opt/wharfinger/bin/wharfinger", sys.executable)
    (tmp_path / name).write_text(here)
    found = verified(tmp_path / name)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")
    (tmp_path / name).write_text(here.replace("NoNewPrivileges=yes", "NoNewPrivilege=yes"))
    assert "NoNewPrivilege" in verified(tmp_path / name).stderr


def verified(file) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", "verify", "--man=no", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def compose(files) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((files / "compose.yaml").read_text())
    return read


def test_a_service_depends_on_and_mounts_what_there_is(compose, files):
    services = compose["services"]
    ours = {"shop.toml", "metrics_token"}  # the reader's own
    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        assert set(service.get("secrets", ())) <= compose["secrets"].keys()
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            if source.startswith("./"):
                assert source[2:] in ours or (files / source[2:]).is_file()
            else:
                assert source in compose["volumes"]
    assert {each["file"] for each in compose["secrets"].values()} == {"./metrics_token"}


def test_whoever_waits_for_a_service_to_be_healthy_can_be_told(compose):
    for service in compose["services"].values():
        for name, wanted in service.get("depends_on", {}).items():
            other = compose["services"][name]
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in other
            else:
                assert wanted["condition"] == "service_completed_successfully"
                assert other["restart"] == "no"


def test_the_containers_run_commands_that_are_read_and_get_time_to_end(compose):
    found = {}
    for name in ("setup", "worker", "serve"):
        service = compose["services"][name]
        _, found[name] = read_by_its_command(shlex.split(service["command"]))
        assert found[name]["config"].name == "shop.toml"
        assert int(service["stop_grace_period"].removesuffix("s")) > 30
    assert compose["services"]["worker"]["deploy"]["replicas"] == 2
    assert found["worker"]["one_machine"]  # they share one inbox
    assert found["serve"]["no_deliver"]
    assert max(found[name]["drain_s"] for name in ("worker", "serve")) <= 30


def test_prometheus_reads_the_ports_at_which_metrics_are(compose, files):
    [job] = yaml.safe_load((files / "prometheus.yml").read_text())["scrape_configs"]
    read = {name: each["port"] for each in job["dns_sd_configs"] for name in each["names"]}
    commands = {name: shlex.split(compose["services"][name]["command"]) for name in read}
    assert read == {
        "worker": read_by_its_command(commands["worker"])[1]["metrics_port"],
        "serve": read_by_its_command(commands["serve"])[1]["port"],
    }
    token = job["authorization"]["credentials_file"]
    assert all(f"file:{token}" in words for words in commands.values())


def test_the_image_has_what_the_commands_need(files, distributions):
    text = (files / "Dockerfile").read_text()
    installed = re.findall(r"\bwharfinger-[a-z]+", text)
    assert {"wharfinger-host", "wharfinger-rabbitmq"} <= set(installed)
    assert set(installed) <= {each.name for each in distributions}
    assert 'ENTRYPOINT ["wharfinger"]' in text
    assert "USER wharfinger" in text


def test_the_page_says_the_timeout_that_the_file_has(how_to, files):
    settings = dict(
        line.split(" = ")
        for line in (files / "rabbitmq.conf").read_text().splitlines()
        if not line.startswith("#")
    )
    assert f"`{settings['consumer_timeout']}`" in (how_to / "operate-engines.md").read_text()
