"""Nothing heavy is imported when a plugin loads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Iterator
from types import ModuleType
from typing import Any, Final

from wharfinger.discovery import discover
from wharfinger.plugins import Plugins
from wharfinger.testing.complaints import Complaint

__all__ = ["HEAVY", "NotImportableError", "heavy_imports", "module_of"]

HEAVY: Final = frozenset(
    {
        *("aiobotocore", "boto3", "botocore", "confluent_kafka", "cryptography", "dask", "django"),
        *("duckdb", "fastapi", "flask", "google.cloud", "grpc", "hypothesis", "IPython"),
        *("jsonschema", "matplotlib", "numpy", "pandas", "paramiko", "PIL", "polars", "psycopg"),
        *("psycopg2", "pyarrow", "pydantic", "pyspark", "pytest", "requests", "rich", "scipy"),
        *("sklearn", "sqlalchemy", "tensorflow", "torch", "transformers", "typer", "zeep"),
    }
)
"""Modules that take long to import, or have no place in a running host."""

_SCRIPT: Final = """
import importlib, importlib.util, json, sys
given = json.load(sys.stdin)
sys.path[:] = given["path"]
import wharfinger
before = set(sys.modules)
if importlib.util.find_spec(given["module"].partition(".")[0]) is None:
    sys.exit(3)
module = importlib.import_module(given["module"])
wharfinger.load_plugins(allow=(), extra=[module])
print(json.dumps(sorted(set(sys.modules) - before)))
"""
_NOT_THERE: Final = 3


class NotImportableError(Exception):
    """A fresh interpreter cannot find the module; a test made it, for example."""


def module_of(plugins: Plugins, given: Any, destination: str, actions: Collection[str]) -> str:
    """Return the name of the module that a plugin is loaded from, or ``""``.

    Args:
        plugins: The plugins, loaded.
        given: The plugin, where the test brings it along; None where it is installed.
        destination: Slug of the destination it gives, or adds actions to.
        actions: The actions that are tried; where there are any, it gives the first of them.
    """
    if given is not None:
        return given.__name__ if isinstance(given, ModuleType) else ""
    gives, installed = f"destination {destination}", discover()
    if actions:
        gives = f"action {destination}/{next(iter(actions))}"
    names = [plugin.name for plugin in plugins.report.plugins if gives in plugin.provides]
    return next((installed[name][0].module for name in names if name in installed), "")


def heavy_imports(module: str, permitted: Collection[str]) -> Iterator[Complaint]:
    """Load a plugin in a fresh interpreter, and complain about what came along.

    Args:
        module: Its name.
        permitted: Heavy modules that it may import all the same.

    Raises:
        NotImportableError: There is no such module outside of this process.
    """
    run = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        input=json.dumps({"module": module, "path": sys.path}),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode == _NOT_THERE:
        raise NotImportableError(module)
    if run.returncode:
        yield Complaint(
            module,
            f"it cannot be imported by itself: {run.stderr.strip().splitlines()[-1]}",
            "let the module import what it needs, and nothing of its tests.",
        )
        return
    loaded = set(json.loads(run.stdout.splitlines()[-1]))
    for name in sorted(HEAVY & loaded - set(permitted)):
        yield Complaint(
            module,
            f"loading it imports {name}, although nobody has used the plugin yet.",
            f"import {name} inside the function that needs it, so that every start of every host "
            "stays quick; or name it in `may_import`.",
        )
