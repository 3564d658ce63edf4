"""What a change would break for those who use a public face, compared with a released version.

    python -m tests.release.api             # against the last tag of the form v1.2.3
    python -m tests.release.api --against v0.1.0 --json

Ends with 1 where something breaks. Before 1.0 a minor version may break things, and says so in the
changelog; after it only a major one.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs
import griffe

__all__ = ["FACES", "Break", "breaks", "last_release", "main"]

_Thing = griffe.Object | griffe.Alias
_ROOT = Path(__file__).parents[2]
FACES = {
    "core/src": ("wharfinger", "wharfinger.hookspecs", "wharfinger.sync", "wharfinger.testing"),
    "contrib/host/src": ("wharfinger_host.engines.contract", "wharfinger_host.sharing.contract"),
    "contrib/sfmc-simulator/src": ("wharfinger_sfmc_simulator",),
}
"""The modules whose ``__all__`` is promised to others, by where their distribution has its source.

The plugins promise none: they are used through core.
"""

_TAG = re.compile(r"v\d+(\.\d+)*")
_HOOKS = "wharfinger.hookspecs"
# An implementation of a hook names the arguments that it wants, so only one that goes is missed.
_SPARES_HOOKS = frozenset(
    {
        griffe.BreakageKind.PARAMETER_ADDED_REQUIRED,
        griffe.BreakageKind.PARAMETER_CHANGED_KIND,
        griffe.BreakageKind.PARAMETER_MOVED,
    }
)


@attrs.frozen(order=True)
class Break:
    """One thing that no longer works as it did.

    Attributes:
        name: Its public name: ``"wharfinger.Connection.deliver"``.
        what: What changed, in griffe's words.
    """

    name: str
    what: str


def last_release(repository: Path) -> str | None:
    """Return the tag of the newest release; None where nothing was released yet."""
    command = ["git", "-C", str(repository), "tag", "--merged", "HEAD", "--sort=-v:refname"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return next((tag for tag in run.stdout.split() if _TAG.fullmatch(tag)), None)


def breaks(repository: Path, tag: str) -> list[Break]:
    """Return what no longer works for those who use or fulfil what is public.

    Args:
        repository: The working tree.
        tag: The release it is compared with.
    """
    return sorted(
        each
        for source, faces in FACES.items()
        for old, new in _versions(repository, tag, source, faces)
        for each in _compared(old, new)
    )


def _versions(
    repository: Path, tag: str, source: str, faces: Sequence[str]
) -> Iterator[tuple[griffe.Module, griffe.Module]]:
    """Yield each face of a distribution as it was and as it is; one that is new breaks nothing."""
    package, *_ = faces[0].split(".")
    before = _loaded(
        package,
        lambda: griffe.load_git(
            package, ref=tag, repo=repository, search_paths=[source], allow_inspection=False
        ),
    )
    after = _loaded(
        package,
        lambda: griffe.load(package, search_paths=[repository / source], allow_inspection=False),
    )
    for name in faces:
        if old := _face(before, name):
            yield old, _face(after, name) or griffe.Module(name)


def _loaded(name: str, load: Callable[[], _Thing]) -> _Thing:
    try:
        return load()
    except ModuleNotFoundError:
        return griffe.Module(name)


def _face(package: _Thing, name: str) -> griffe.Module | None:
    """Return a module that holds just what is public; None where it is not there."""
    try:
        module = package[path] if (path := name.split(".")[1:]) else package
    except KeyError:
        return None
    face = griffe.Module(name)
    face.exports = [str(public) for public in module.exports or ()]
    face.members.update({str(public): _target(module[str(public)]) for public in face.exports})
    return face


def _target(thing: _Thing) -> griffe.Object | griffe.Alias:
    return thing.final_target if isinstance(thing, griffe.Alias) else thing


def _compared(old: griffe.Module, new: griffe.Module) -> set[Break]:
    """Compare what two versions of a module list; where that is defined is nobody's business."""
    homes = {thing.path: name for face in (new, old) for name, thing in face.members.items()}
    return {
        Break(_public(old.name, homes, each.obj.path), each.kind.value + _details(each))
        for each in griffe.find_breaking_changes(old, new)
        if not (old.name == _HOOKS and each.kind in _SPARES_HOOKS)
    } | set(_asked_for(old, new))


def _public(face: str, homes: Mapping[str, str], path: str) -> str:
    """Return the name that users know something by."""
    for home, name in homes.items():
        if path == home or path.startswith((f"{home}.", f"{home}(")):
            return f"{face}.{name}{path.removeprefix(home)}"
    return path  # what a class has from one that is not public itself


def _asked_for(old: griffe.Module, new: griffe.Module) -> Iterator[Break]:
    """Yield what a protocol asks for that it did not: others fulfil it, and have nothing of it."""
    for name, after in new.members.items():
        before = old.members.get(name)
        if not isinstance(before, griffe.Class) or not isinstance(after, griffe.Class):
            continue
        if "Protocol" in map(str, after.bases):
            for more in _more(before, after):
                yield Break(f"{old.name}.{name}.{more}", "Protocol asks for more")


def _more(before: griffe.Class, after: griffe.Class) -> Iterator[str]:
    for name, thing in after.members.items():
        known = before.members.get(name)
        if known is None:
            yield name
        elif isinstance(known, griffe.Function) and isinstance(thing, griffe.Function):
            # Those without a default are found as they are everywhere else.
            names = {each.name for each in thing.parameters if not each.required}
            yield from (f"{name}({each})" for each in names if each not in known.parameters)


def _details(broken: griffe.Breakage) -> str:
    values = [str(each) for each in (broken.old_value, broken.new_value) if each is not None]
    return f": {' -> '.join(values)}" if values else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, say what was found, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.release.api", description=__doc__)
    parser.add_argument("--against", metavar="TAG", help="a release; the last one unless given")
    parser.add_argument("--json", action="store_true", help="for machines")
    given = parser.parse_args(arguments)
    tag = given.against or last_release(_ROOT)
    found = breaks(_ROOT, tag) if tag else []
    if given.json:
        text = json.dumps({"against": tag, "breaks": [attrs.asdict(each) for each in found]})
    elif tag is None:
        text = "Nothing was released yet, so nothing can break."
    else:
        text = "\n".join(f"{each.name}: {each.what}" for each in found)
        text = text or f"Nothing of {tag} breaks."
    print(text)  # noqa: T201  # its output is what it is for
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
