"""The fixtures for anyone's tests, as pytest finds them by their entry point."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

TENANT = """
[tenant]
subdomain = "mcown-tenant"
eid = 42

[[accounts]]
id = 42

[[clients]]
id = "client"
secret = "open"
account = 42
"""


# Named as their entry points are; all others are left out, for they take longer than the tests.
PLUGINS = ("-p", "wharfinger-sfmc-simulator", "-p", "asyncio", "-p", "no:cacheprovider")


@pytest.fixture
def run(tmp_path: Path):
    """Run a test file of somebody else in a folder of its own; give what pytest said."""

    def run(code: str, *options: str, ini: str = "", fails: int = 0) -> str:
        tmp_path.joinpath("pytest.ini").write_text(
            f"[pytest]\nasyncio_default_fixture_loop_scope = function\n{ini}\n", encoding="utf-8"
        )
        tmp_path.joinpath("test_own.py").write_text(f"import pytest\n{code}", encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-m", "pytest", *PLUGINS, *options],
            cwd=tmp_path,
            env={**os.environ, "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == fails, ended.stdout + ended.stderr
        return ended.stdout

    return run


def test_the_plugin_is_found_by_its_entry_point():
    [plugin] = entry_points(group="pytest11", name="wharfinger-sfmc-simulator")
    assert plugin.value == "wharfinger_sfmc_simulator.pytest_plugin"


def test_each_test_gets_a_fresh_sample_tenant(run):
    output = run("""
import httpx

@pytest.mark.parametrize("time", [1, 2])
def test_fresh(sfmc, sfmc_address, time):
    assert sfmc.catalogue.tenant.subdomain == "mcshop-and-loyalty-sample-00"
    assert sfmc.requests == []
    assert httpx.get(f"{sfmc_address}/platform/v1/tokenContext").status_code == 401
    assert len(sfmc.requests) == 1
""")
    assert "2 passed" in output


def test_a_test_without_an_event_loop_signs_in_over_a_port(run):
    run("""
import httpx

def test_token(sfmc, sfmc_address):
    client = sfmc.catalogue.clients[0]
    form = {
        "grant_type": "client_credentials",
        "client_id": client.id,
        "client_secret": client.secret,
    }
    assert httpx.post(f"{sfmc_address}/v2/token", json=form).status_code == 200
    assert sfmc.token_requests == 1
""")


def test_a_test_of_any_asynchronous_framework_dials_the_same_port(run):
    run("""
import asyncio
import httpx

async def ask(address):
    async with httpx.AsyncClient() as client:
        return await client.get(f"{address}/_simulator")

def test_own_loop(sfmc_address):
    assert asyncio.run(ask(sfmc_address)).status_code == 200

@pytest.mark.asyncio
async def test_loop_of_a_plugin(sfmc, sfmc_address):
    assert (await ask(sfmc_address)).status_code == 200
    async with httpx.AsyncClient(transport=sfmc.transport()) as client:
        assert (await client.get("https://x.rest.marketingcloudapis.com/y")).status_code == 401
""")


def test_a_marker_changes_the_simulator_and_the_nearest_one_wins(run, tmp_path):
    tmp_path.joinpath("own.toml").write_text(TENANT, encoding="utf-8")
    run("""
from wharfinger_sfmc_simulator import Fault

pytestmark = pytest.mark.sfmc(tenant="own.toml", switches={"event_status": 200}, seed=1)

def test_module(sfmc):
    assert (sfmc.catalogue.tenant.eid, sfmc.switches.event_status) == (42, 200)

@pytest.mark.sfmc(switches={"expires_in": 5}, faults=[Fault(kind="drop")])
def test_nearest(sfmc):
    assert (sfmc.catalogue.tenant.eid, sfmc.switches.event_status) == (42, 201)
    assert sfmc.switches.expires_in == 5
    assert [each.fault.kind for each in sfmc.faults] == ["drop"]

@pytest.mark.sfmc(tenant={
    "tenant": {"subdomain": "mcmapped", "eid": 7},
    "accounts": [{"id": 7}],
    "clients": [{"id": "c", "secret": "s", "account": 7}],
})
def test_mapping(sfmc):
    assert sfmc.catalogue.tenant.eid == 7
""")


def test_a_seed_of_a_marker_makes_a_run_repeatable(run):
    run("""
seen = []

@pytest.mark.sfmc(seed=3)
@pytest.mark.parametrize("time", [1, 2])
def test_seed(sfmc, time):
    seen.append(sfmc._state.new_guid())
    assert len(set(seen)) == 1

def test_other_seed(sfmc):
    assert sfmc._state.new_guid() not in seen
""")


def test_the_tenant_of_the_ini_file_is_relative_to_it(run, tmp_path):
    tmp_path.joinpath("own.toml").write_text(TENANT, encoding="utf-8")
    run(
        """
def test_ini(sfmc):
    assert sfmc.catalogue.tenant.eid == 42
""",
        ini="sfmc_tenant = own.toml",
    )


def test_the_clock_stands_still_where_it_is_asked_for(run):
    run("""
from datetime import UTC, datetime, timedelta
import httpx

def test_standing(sfmc, sfmc_address, sfmc_clock):
    begun = sfmc.now
    assert begun == sfmc_clock.now == sfmc.now
    sfmc_clock.move(30)
    httpx.get(f"{sfmc_address}/y")
    assert sfmc.now - begun == timedelta(seconds=30)

@pytest.mark.sfmc(step_s=2)
def test_steps(sfmc_clock, sfmc, sfmc_address):
    begun = sfmc.now
    httpx.get(f"{sfmc_address}/y")
    assert sfmc.now - begun == timedelta(seconds=2)

def test_real(sfmc):
    assert sfmc.now - datetime.now(UTC) <= timedelta()
""")


def test_a_marker_that_is_wrong_is_told(run):
    wrong = {
        "tenants='x'": "The marker sfmc takes tenant, switches, faults, seed, step_s",
        "'own.toml'": "found 'own.toml'",
        "step_s=1": "must ask for sfmc_clock",
        "tenant='missing.toml'": "cannot be read",
        "switches={'x': 1}": "There is no switch 'x'",
    }
    tests = [
        f"@pytest.mark.sfmc({marker})\ndef test_{number}(sfmc): pass\n"
        for number, marker in enumerate(wrong)
    ]
    output = run("".join(tests), fails=1)
    assert f"{len(wrong)} errors" in output
    assert [says for says in wrong.values() if says not in output] == []


def test_marker_fixtures_and_option_are_explained(run):
    assert "@pytest.mark.sfmc(tenant=..., switches=..." in run("", "--markers")
    assert "sfmc_tenant" in run("", "--help")
    fixtures = run("", "--fixtures", "-q")
    for name in ("sfmc ", "sfmc_address ", "sfmc_clock "):
        assert name in fixtures


def test_a_run_that_does_not_simulate_loads_nothing_of_the_simulator(run):
    run(
        """
import sys

def test_nothing():
    ours = {name for name in sys.modules if name.startswith("wharfinger_sfmc_simulator")}
    assert ours == {"wharfinger_sfmc_simulator", "wharfinger_sfmc_simulator.pytest_plugin"}
""",
        "--strict-markers",
    )


def test_the_package_itself_does_not_need_pytest():
    code = """
import sys
sys.modules["pytest"] = None
import wharfinger_sfmc_simulator as package
for name in package.__all__:
    getattr(package, name)
import wharfinger_sfmc_simulator.cli
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
