"""What users install: the wheels, in an environment that holds nothing else."""

from __future__ import annotations

import asyncio
import configparser
import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from wharfinger_sfmc_simulator import Simulator

# One group: with several workers the wheels are built and installed once, by one of them.
pytestmark = [
    pytest.mark.packaging,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("packaging"),
]

SFMC = "salesforce-marketing-cloud"


def _run(*command: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command away from the sources, without the settings of this session."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("WHARFINGER_", "PYTHON", "COV_", "VIRTUAL_ENV"))
    }
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _succeed(*command: object, cwd: Path, **environment: str) -> str:
    run = _run(*command, cwd=cwd, **environment)
    assert run.returncode == 0, f"{command}\n{run.stdout}\n{run.stderr}"
    return run.stdout


@pytest.fixture(scope="module")
def built(distributions, root, tmp_path_factory):
    """Build sdist and wheel of each distribution, and of the plugin in the documentation."""
    folder = tmp_path_factory.mktemp("dist")
    for source in [*(d.folder for d in distributions), root / "docs/how-to/postbox"]:
        _succeed(
            sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source, cwd=folder
        )
    return folder


@pytest.fixture(scope="module")
def wheels(built, distributions):
    return {d.name: next(built.glob(f"{d.package}-*.whl")) for d in distributions}


class Environment:
    """An empty environment and the commands in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder, with_pip=True)
        self.bin = folder / ("Scripts" if sys.platform == "win32" else "bin")

    def pip(self, *arguments: object) -> str:
        quiet = ("--quiet", "--disable-pip-version-check")
        return _succeed(self.bin / "python", "-m", "pip", *arguments, *quiet, cwd=self.folder)

    def python(self, code: str) -> str:
        return _succeed(self.bin / "python", "-W", "error", "-c", code, cwd=self.folder).strip()

    def run(
        self, command: str, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return _run(self.bin / command, *arguments, cwd=self.folder, **environment)

    def plugins(self) -> dict[str, Any]:
        run = self.run("wharfinger", "plugins", "--json")
        return {plugin["name"]: plugin for plugin in json.loads(run.stdout)["plugins"]}


@pytest.fixture(scope="module")
def environment(wheels, root, tmp_path_factory):
    environment = Environment(tmp_path_factory.mktemp("environment") / "venv")
    environment.pip("install", "-c", root / "constraints.txt", *wheels.values())
    return environment


@pytest.fixture(scope="module")
def small(built, root, tmp_path_factory):
    """What ``pip install wharfinger wharfinger-sfmc`` gives, from the wheels."""
    environment = Environment(tmp_path_factory.mktemp("small") / "venv")
    pins = ("-c", root / "constraints.txt")
    environment.pip("install", *pins, "--find-links", built, "wharfinger", "wharfinger-sfmc")
    return environment


@pytest.fixture
def without_sfmc(environment, wheels):
    environment.pip("uninstall", "-y", "wharfinger-sfmc")
    yield environment
    environment.pip("install", "--no-deps", "--no-index", wheels["wharfinger-sfmc"])


def test_a_wheel_holds_every_file_of_its_package_and_nothing_else(distributions, wheels):
    for distribution in distributions:
        expected = {
            str(path.relative_to(distribution.source.parent))
            for path in distribution.source.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert f"{distribution.package}/py.typed" in expected
        with zipfile.ZipFile(wheels[distribution.name]) as wheel:
            held = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert held == expected


def test_a_source_distribution_can_be_built_from_and_read(distributions, built):
    for distribution in distributions:
        (file,) = built.glob(f"{distribution.package}-*.tar.gz")
        with tarfile.open(file) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        assert {"pyproject.toml", "README.md", "LICENSE", "PKG-INFO"} <= names
        assert f"src/{distribution.package}/__init__.py" in names


def test_a_wheel_says_who_it_is_and_carries_its_licence(distributions, wheels):
    for distribution in distributions:
        project = distribution.facts["project"]
        info = f"{distribution.package}-{project['version']}.dist-info"
        with zipfile.ZipFile(wheels[distribution.name]) as wheel:
            metadata = wheel.read(f"{info}/METADATA").decode()
            assert (
                wheel.read(f"{info}/licenses/LICENSE")
                == (distribution.folder / "LICENSE").read_bytes()
            )
        assert f"\nName: {distribution.name}\n" in metadata
        assert "\nLicense-Expression: Apache-2.0\n" in metadata
        assert f"\nRequires-Python: {project['requires-python']}\n" in metadata


def test_a_wheel_names_its_entry_points(distributions, wheels):
    for distribution in distributions:
        project = distribution.facts["project"]
        expected = dict(project.get("entry-points", {}))
        if "scripts" in project:
            expected["console_scripts"] = project["scripts"]
        parser = configparser.ConfigParser(delimiters=("=",))
        with zipfile.ZipFile(wheels[distribution.name]) as wheel:
            for name in wheel.namelist():
                if name.endswith(".dist-info/entry_points.txt"):
                    parser.read_string(wheel.read(name).decode())
        assert {section: dict(parser[section]) for section in parser.sections()} == expected


def test_the_environment_holds_the_wheels_and_not_the_sources(environment, distributions, root):
    for distribution in distributions:
        code = f"import {distribution.package} as package; print(package.__file__)"
        file = Path(environment.python(code))
        assert file.is_relative_to(environment.folder)
        assert not file.is_relative_to(root)
    environment.pip("check")


def test_the_plugin_is_found_by_the_entry_point_of_its_wheel(environment, distributions):
    (sfmc,) = (d for d in distributions if d.name == "wharfinger-sfmc")
    found = environment.plugins()[SFMC]
    assert (found["state"], found["distribution"]) == ("loaded", "wharfinger-sfmc")
    assert found["version"] == sfmc.facts["project"]["version"]
    assert f"destination {SFMC}" in found["provides"]
    assert sum(thing.startswith(f"action {SFMC}/") for thing in found["provides"]) >= 4


@pytest.mark.parametrize(
    "arguments", [(), (SFMC,), (SFMC, "create-contact"), (SFMC, "create-contact", "--json")]
)
def test_what_the_plugin_offers_can_be_described(environment, arguments):
    run = environment.run("wharfinger", "describe", *arguments)
    assert run.returncode == 0, run.stderr
    assert ("Contact" if len(arguments) > 1 else "Marketing Cloud") in run.stdout


def test_the_simulator_has_its_sample_tenant_and_its_command(environment):
    run = environment.run("wharfinger-sfmc-simulator", "--list-switches")
    assert run.returncode == 0, run.stderr
    assert run.stdout


def test_a_blocked_plugin_of_a_wheel_is_not_imported(environment):
    code = (
        "import sys, wharfinger; wharfinger.load_plugins(); print('wharfinger_sfmc' in sys.modules)"
    )
    blocked = environment.run("python", "-c", code, WHARFINGER_BLOCK_PLUGINS=SFMC)
    loaded = environment.run("python", "-c", code)
    assert (blocked.stdout.strip(), loaded.stdout.strip()) == ("False", "True")


def test_uninstalling_the_plugin_takes_its_destination_away_and_breaks_nothing(without_sfmc):
    assert SFMC not in without_sfmc.plugins()
    for command in ("plugins", "describe"):
        run = without_sfmc.run("wharfinger", command)
        assert (run.returncode, run.stderr) == (0, "")
        assert "Marketing Cloud" not in run.stdout
    run = without_sfmc.run("wharfinger", "describe", SFMC)
    assert run.returncode == 2
    assert f'No installed plugin gives the destination "{SFMC}"' in run.stderr


def test_a_plugin_of_somebody_else_is_found_beside_ours(environment, built):
    (wheel,) = built.glob("wharfinger_postbox-*.whl")
    ours = environment.plugins().keys()
    environment.pip("install", "--no-deps", "--no-index", wheel)
    try:
        found = environment.plugins()
        assert SFMC in ours
        assert found.keys() == {*ours, "postbox"}
        assert {plugin["state"] for plugin in found.values()} == {"loaded"}
        run = environment.run("wharfinger", "describe", "postbox", "send-letter")
        assert "Recipient" in run.stdout
    finally:
        environment.pip("uninstall", "-y", "wharfinger-postbox")


_DELIVER = """
import asyncio, json, sys, wharfinger

async def deliver(config, events):
    async with wharfinger.load_plugins().connect(config) as connection:
        return await connection.deliver(events)

config = json.loads(sys.argv[1])
for receipt in asyncio.run(deliver(config, [{"type": "identify", "userId": "c-77"}])):
    print(*[outcome.status for outcome in receipt.outcomes.values()])
"""


async def test_core_and_plugin_alone_deliver_an_event(small):
    simulator = Simulator.sample()
    client, tenant = simulator.catalogue.clients[0], simulator.catalogue.tenant
    async with simulator.serving("127.0.0.1", 0) as address:
        config = {
            "destination": SFMC,
            "route": address,
            "settings": {
                "account_id": str(simulator.catalogue.accounts[0].id),
                "client_id": client.id,
                "client_secret": client.secret,
                "subdomain": tenant.subdomain,
            },
            "mappings": {"contacts": {"action": "create-contact"}},
        }
        run = await asyncio.to_thread(
            small.run, "python", "-W", "error", "-c", _DELIVER, json.dumps(config)
        )
    assert (run.stdout, run.stderr) == ("delivered\n", "")
    assert "c-77" in simulator.contacts


def test_core_and_plugin_alone_bring_no_host_and_no_tool(small):
    listed = json.loads(small.run("python", "-m", "pip", "list", "--format=json").stdout)
    names = {each["name"].lower() for each in listed}
    assert {"wharfinger", "wharfinger-sfmc", "httpx"} <= names
    assert names.isdisjoint({"wharfinger-host", "aiohttp", "pytest", "rich", "starlette", "typer"})


def test_a_type_checker_sees_the_types_of_the_wheels(small, root):
    """mypy runs here and looks for what is imported there."""
    consumer = root / "tests/release/consumer.py"
    checked = ("--strict", "--config-file=", "--python-executable", small.bin / "python")
    cached = ("--cache-dir", small.folder / "cache")
    _succeed(sys.executable, "-m", "mypy", *checked, *cached, consumer, cwd=small.folder)
    wrong = small.folder / "wrong.py"
    text = consumer.read_text()
    wrong.write_text(text.replace("outcome.status, wharfinger.Status", "outcome.status, int"))
    run = _run(sys.executable, "-m", "mypy", *checked, *cached, wrong, cwd=small.folder)
    assert run.returncode == 1
    assert 'Expression is of type "Status", not "int"' in run.stdout
