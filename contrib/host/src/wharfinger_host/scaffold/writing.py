"""Writing a new plugin: the whole folder or nothing of it."""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import jinja2

from wharfinger_host.scaffold.naming import Naming

__all__ = ["next_steps", "texts_of", "write_plugin"]

_TEMPLATE: Final = ".txt"
# Braces mean something in Python, in mappings and in CI; these signs in none of them.
_ENVIRONMENT: Final = jinja2.Environment(
    variable_start_string="<<",
    variable_end_string=">>",
    block_start_string="<%",
    block_end_string="%>",
    comment_start_string="<#",
    comment_end_string="#>",
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701  # what comes out is code, and names are checked
)


def texts_of(naming: Naming) -> Mapping[str, str]:
    """Return the text of every file of a plugin, by its path within the folder."""
    names = {
        "slug": naming.slug,
        "distribution": naming.distribution,
        "package": naming.package,
        "title": naming.title,
        "variable": naming.variable,
        "range": naming.wharfinger,
    }
    texts = {}
    for path, template in _templates(files(__package__) / "templates"):
        parts = [naming.package if part == "package" else part for part in path]
        parts[-1] = parts[-1].removesuffix(_TEMPLATE).replace("slug.md", f"{naming.slug}.md")
        texts["/".join(parts)] = _ENVIRONMENT.from_string(template).render(names)
    return texts


def _templates(folder: Traversable, *above: str) -> Iterator[tuple[tuple[str, ...], str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = (*above, entry.name)
        if entry.is_dir():
            yield from _templates(entry, *path)
        elif entry.name.endswith(_TEMPLATE):
            yield path, entry.read_text("utf-8")


def write_plugin(folder: pathlib.Path, naming: Naming) -> list[str]:
    """Write a plugin into a new folder, which is there once it is whole.

    Args:
        folder: The folder; it must not be there yet, and the one above it must.
        naming: Its names.

    Returns:
        The paths of the files, within the folder.

    Raises:
        OSError: Something of this name is there already, or nothing can be written.
    """
    texts = texts_of(naming)
    if folder.exists() or folder.is_symlink():
        raise FileExistsError(17, "is there already; nothing is written over", str(folder))
    if not folder.parent.is_dir():
        raise NotADirectoryError(
            20, "is no folder that is there; make it first", str(folder.parent)
        )
    made = pathlib.Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for path, text in texts.items():
            file = made / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        made.chmod(0o777 & ~_umask())
        made.rename(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return list(texts)


def _umask() -> int:
    """Return what permissions new files do not get; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def next_steps(folder: pathlib.Path, naming: Naming) -> list[str]:
    """Return what to type next, line by line."""
    return [
        f"cd {shlex.quote(str(folder))}",
        'pip install -e ".[test]"',
        "pytest",
        f"wharfinger describe {naming.slug} send-event",
    ]
