"""What the package offers, each name made when it is asked for."""

import subprocess
import sys
from importlib import import_module

import pytest

import wharfinger_sfmc_simulator as package


@pytest.mark.parametrize("name", package.__all__)
def test_each_public_name_is_there_and_public_in_its_own_module(name):
    module = import_module(f"{package.__name__}.{package._MODULE_OF[name]}")
    assert getattr(package, name) is getattr(module, name)
    assert name in module.__all__


def test_names_are_made_for_what_is_public_and_nothing_else():
    assert sorted(package._MODULE_OF) == sorted(package.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Simulater'"):
        package.Simulater  # noqa: B018  # asking is the point of the test


def test_the_package_loads_nothing_before_it_is_asked():
    code = (
        "import sys, wharfinger_sfmc_simulator;"
        "print(*sorted(name for name in sys.modules if name.startswith('wharfinger_sfmc')))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["wharfinger_sfmc_simulator"]
