"""The tutorial on the first plugin, from an empty folder: installed, used, and tried by the kit."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import threading
from http.server import HTTPServer

import pytest
from tests.meta.pages import DOCS, files_of, texts
from tests.meta.terminal import compare, turns

PAGE = DOCS / "tutorial/first-plugin.md"


@pytest.fixture
def folder(tmp_path):
    """A folder with the files that the page has its reader write, under the names it gives them."""
    for name, text in files_of(PAGE).items():
        assert f"`{name}`" in PAGE.read_text(), "the page does not say what the file is called"
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def run(folder):
    """Run a command of the page where the plugin is installed."""
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation"]
    subprocess.run(
        [*install, "--no-deps", "--no-index", "--target", "site", "."], cwd=folder, check=True
    )
    path = os.pathsep.join(filter(None, (str(folder / "site"), os.environ.get("PYTHONPATH"))))
    environment = {
        **os.environ,
        "NOTICEBOARD_KEY": "made-up-key-0123456789",
        "PYTHONPATH": path,
        "COLUMNS": "80",
    }

    def run(*command):
        found = subprocess.run(
            [sys.executable, *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=100,
        )
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout + found.stderr

    return run


WHARFINGER = ("-c", "from wharfinger_host.cli import main; main()")


def test_the_vendor_of_the_tutorial_needs_no_environment(folder):
    (typed,) = (text for text in texts(PAGE, "console") if "vendor.py" in text)
    assert typed == "$ cd noticeboard\n$ python3 vendor.py\n"
    imports = ("-I", "-S", "-c", "import runpy; runpy.run_path('vendor.py')")
    subprocess.run([sys.executable, *imports], cwd=folder, check=True)


@pytest.mark.xdist_group("first-plugin")
def test_a_reader_of_the_tutorial_gets_what_it_shows(run, folder, monkeypatch, capsys):
    described = run(*WHARFINGER, "describe", "noticeboard", "put-up-note")
    assert {"Note ID", "Text"} <= set(re.findall(r"Note ID|Text", described))
    monkeypatch.syspath_prepend(str(folder))
    vendor = importlib.import_module("vendor")

    server = HTTPServer(("127.0.0.1", 0), vendor.Board)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        notes = folder / "notes.toml"
        address = f"http://127.0.0.1:{server.server_port}"
        notes.write_text(notes.read_text().replace("http://127.0.0.1:8099", address))
        (shown,) = (text for text in texts(PAGE, "console") if "send notes.toml" in text)
        (_, nothing), *rest = turns(shown)
        assert not nothing
        assert len(rest) == 2
        for line, lines in rest:
            compare("\n".join(lines), run(*WHARFINGER, *line.split()[1:]), line)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del sys.modules["vendor"]
    (board,) = texts(PAGE, "text")
    assert capsys.readouterr().out == board


@pytest.mark.xdist_group("first-plugin")
def test_the_plugin_of_the_tutorial_keeps_the_contract_and_a_broken_one_does_not(run, folder):
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_contract.py")
    assert " passed" in run(*command)
    module = folder / "wharfinger_noticeboard.py"  # pytest looks here first
    code = module.read_text()
    assert "session.redact(response.text[:500])" in code
    module.write_text(code.replace("session.redact(response.text[:500])", "response.text[:500]"))
    with pytest.raises(AssertionError, match=r"FAILED .*test_secrets_show_nowhere"):
        run(*command)
