"""What the README of the distribution says is true."""

import re

import pytest

from wharfinger_sfmc_simulator import FAULT_KINDS, Fault


@pytest.fixture
def readme(pytestconfig) -> str:
    path = pytestconfig.rootpath / "contrib/sfmc-simulator/README.md"
    return str(path.read_text(encoding="utf-8"))


def test_its_example_runs(readme):
    [example] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})


def test_it_names_only_faults_there_are(readme):
    named = readme.partition("lists the kinds: ")[2].partition(" and a few more")[0]
    assert set(re.findall(r"`([a-z-]+)`", named)) <= set(FAULT_KINDS)


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_each_kind_of_fault_is_explained(kind):
    assert f"``{kind}``" in str(Fault.__doc__)
