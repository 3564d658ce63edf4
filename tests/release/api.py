"""What a change would break for those who use the public face, compared with a released version.

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
from collections.abc import Sequence
from pathlib import Path

import attrs
import griffe

__all__ = ["Break", "breaks", "last_release", "main"]

_ROOT = Path(__file__).parents[2]
_FACES = (("wharfinger", "core/src"),)
_TAG = re.compile(r"v\d+(\.\d+)*")


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
    """Return what is different for users of the public face.

    Args:
        repository: The working tree.
        tag: The release it is compared with.
    """
    return sorted(
        each
        for package, source in _FACES
        for each in _compared(
            griffe.load_git(
                package, ref=tag, repo=repository, search_paths=[source], allow_inspection=False
            ),
            griffe.load(package, search_paths=[repository / source], allow_inspection=False),
        )
    )


def _compared(old: griffe.Object | griffe.Alias, new: griffe.Object | griffe.Alias) -> set[Break]:
    """Compare what two packages list in ``__all__``; where it is defined is nobody's business."""
    before, after = _face(old), _face(new)
    names = {thing.path: name for face in (after, before) for name, thing in face.members.items()}
    found = set[Break]()
    for each in griffe.find_breaking_changes(before, after):
        path = each.obj.path
        home = next(
            home for home in names if path == home or path.startswith((f"{home}.", f"{home}("))
        )
        public = f"{old.name}.{names[home]}{path.removeprefix(home)}"
        found.add(Break(public, each.kind.value + _details(each)))
    return found


def _face(package: griffe.Object | griffe.Alias) -> griffe.Module:
    """Return a module that holds just what is public."""
    face = griffe.Module(package.name)
    face.exports = [str(name) for name in package.exports or ()]
    face.members.update({str(name): _target(package[str(name)]) for name in face.exports})
    return face


def _target(thing: griffe.Object | griffe.Alias) -> griffe.Object | griffe.Alias:
    return thing.final_target if isinstance(thing, griffe.Alias) else thing


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
