"""What the README of the distribution says is true."""

import os
import re
import subprocess
import sys

import pytest

from wharfinger_sfmc_simulator import FAULT_KINDS, Fault


@pytest.fixture
def readme(pytestconfig) -> str:
    path = pytestconfig.rootpath / "contrib/sfmc-simulator/README.md"
    return str(path.read_text(encoding="utf-8"))


@pytest.fixture
def examples(readme) -> list[str]:
    return re.findall(r"```python\n(.*?)```", readme, re.DOTALL)


def test_its_example_in_process_runs(examples):
    exec(compile(examples[0], "README.md", "exec"), {})


def test_its_example_in_pytest_passes(examples, tmp_path):
    _, example = examples
    tmp_path.joinpath("test_readme_example.py").write_text(example, encoding="utf-8")
    plugins = ("-p", "wharfinger-sfmc-simulator", "-p", "no:cacheprovider")
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", *plugins, "--rootdir", tmp_path, tmp_path],
        env={**os.environ, "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in ended.stdout


def test_it_names_every_kind_of_fault_and_no_other(readme):
    named = readme.partition("lists the kinds:")[2].partition("\n\nA fault strikes")[0]
    assert sorted(re.findall(r"`([a-z-]+)`", named)) == sorted(FAULT_KINDS)


async def test_it_names_calls_of_inspection_there_are(readme, anonymous):
    calls = re.findall(r"`(GET|POST|DELETE) (/_simulator\S*)`", readme)
    assert len(calls) >= 8
    for method, path in calls:
        reply = await anonymous.request(method, path, content=b'{"move_s": 1, "kind": "drop"}')
        assert reply.status_code not in (404, 405)


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_each_kind_of_fault_is_explained(kind):
    assert f"``{kind}``" in str(Fault.__doc__)
