"""The command: starts, says how to reach it, ends cleanly."""

import json
import re
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from wharfinger_sfmc_simulator.cli import main
from wharfinger_sfmc_simulator.simulator import sample_file
from wharfinger_sfmc_simulator.switch_listing import list_switches
from wharfinger_sfmc_simulator.switches import shown

START = "from wharfinger_sfmc_simulator.cli import main; main()"


@pytest.fixture
def start():
    """Start the command on a free port; give the process and its first line."""
    processes = []

    def start(*options: str):
        process = subprocess.Popen(
            [sys.executable, "-c", START, "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout
        return process, process.stdout.readline().strip()

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def run(*options: str):
    return CliRunner().invoke(main, list(options))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_one_line_answers_and_ends_cleanly_on_a_signal(start, number):
    process, line = start()
    address = re.findall(r"http://127\.0\.0\.1:\d+", line)[0]
    assert f'route = "{address}"' in line
    assert "subdomain mcshop-and-loyalty-sample-00" in line
    assert "sampleclient000000000001" in line
    assert "samplesecret" not in line
    assert f"{address}/_simulator/page" in line
    assert httpx.get(f"{address}/_simulator").status_code == 200
    process.send_signal(number)
    rest, errors = process.communicate(timeout=30)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_quiet_prints_the_address_and_no_more(start):
    process, line = start("--quiet", "--switch", "expires_in=60")
    summary = httpx.get(f"{line}/_simulator").json()
    assert summary["switches"]["expires_in"] == 60
    process.terminate()
    assert process.communicate(timeout=30) == ("", "")


def test_a_tenant_of_ones_own_is_served(start, tmp_path):
    own = tmp_path / "tenant.toml"
    text = sample_file().read_text(encoding="utf-8")
    own.write_text(text.replace("eid = 510000001", "eid = 42"), encoding="utf-8")
    _, line = start("--quiet", "--tenant", str(own))
    assert httpx.get(f"{line}/_simulator").json()["tenant"]["eid"] == 42


def test_a_port_that_is_taken_is_told_with_a_way_out(start):
    _, line = start("--quiet")
    result = run("--port", line.rpartition(":")[2])
    assert result.exit_code == 1
    assert "Try --port 0." in result.output


def test_every_switch_is_listed_with_its_present_value():
    result = run("--list-switches", "--switch", "event_status=200")
    assert result.exit_code == 0
    assert "event_status = 200 (one of 201, 200)" in result.output


def test_the_help_lists_every_switch_in_its_group():
    output = run("--help").output
    for line in list_switches():
        assert f"  {line.name} = {shown(line.value)} {line.values}\n" in output
    groups = list(dict.fromkeys(line.group for line in list_switches()))
    assert groups[:2] == ["Tokens", "Every REST reply"]
    positions = [output.index(f"\n{group}\n") for group in groups]
    assert positions == sorted(positions)


def test_every_switch_is_listed_for_machines():
    result = run("--list-switches", "--json", "--switch", "event_status=200")
    lines = {line["name"]: line for line in json.loads(result.output)}
    assert list(lines) == [line.name for line in list_switches()]
    assert (lines["event_status"]["value"], lines["event_status"]["default"]) == (200, 201)


def test_json_alone_is_refused():
    result = run("--json")
    assert result.exit_code == 2
    assert "--json goes with --list-switches." in result.output


def test_the_help_loads_neither_server_nor_client():
    code = f"""
import atexit, sys
heavy = {{"cattrs", "httpx", "jinja2", "starlette", "uvicorn"}}
atexit.register(lambda: print(sorted(heavy & set(sys.modules)), file=sys.stderr))
sys.argv = ["wharfinger-sfmc-simulator", "--help"]
{START}
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "expires_in = 1079" in ended.stdout
    assert ended.stderr == "[]\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--switch", "nothing=1"], "There is no switch 'nothing'"),
        (["--tenant", "no-such-file.toml"], "no-such-file.toml: cannot be read"),
    ],
)
def test_what_is_wrong_is_told_without_a_traceback(options, says):
    result = run(*options)
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


def test_a_wrong_file_is_told_whole(tmp_path: Path):
    wrong = tmp_path / "tenant.toml"
    wrong.write_text("[tenant]\nsubdomain = 5\n\n[switches]\nx = 1\n", encoding="utf-8")
    lines = run("--tenant", str(wrong)).output.splitlines()
    assert any(line.startswith("tenant.subdomain: ") for line in lines)
    assert any(line.startswith("tenant.eid: ") for line in lines)
    assert any(line.startswith("switches.x: ") for line in lines)


def test_the_distribution_offers_the_command():
    [command] = entry_points(group="console_scripts", name="wharfinger-sfmc-simulator")
    assert command.load() is main
