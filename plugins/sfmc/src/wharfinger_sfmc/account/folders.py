"""The folders of data extensions, and how people name one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Final

import attrs

import wharfinger
from wharfinger_sfmc.account.findings import nearest
from wharfinger_sfmc.api.soap import Retrieve, Soap
from wharfinger_sfmc.errors import Call, Topic
from wharfinger_sfmc.permissions import READ_ROWS, words
from wharfinger_sfmc.values.columns import fold, quoted

__all__ = ["Folder", "FolderTree", "folder_tree"]

_ROOT_KEY: Final = "dataextension_default"
"""Customer key of the folder that all others are in, in every account."""
_WANTED: Final = Retrieve(
    kind="DataFolder",
    properties=("ID", "Name", "ParentFolder.ID", "ContentType", "CustomerKey"),
    where=("ContentType", "dataextension"),
)
_CALL: Final = Call(topic=Topic.CATALOGUE, subject="reading folders", permissions=words(READ_ROWS))


@attrs.frozen(kw_only=True)
class Folder:
    """One folder.

    Attributes:
        id: What a data extension names it by.
        name: For people.
        parent: Id of the folder it is in; ``"0"`` or ``""`` where it is in none.
        key: Its customer key.
    """

    id: str
    name: str
    parent: str = ""
    key: str = ""


@attrs.frozen
class FolderTree:
    """The folders of an account's data extensions, by id."""

    folders: Mapping[str, Folder]

    @cached_property
    def root(self) -> Folder | None:
        """The folder that the others are in; None where SFMC lists none that is."""
        roots = [folder for folder in self.folders.values() if folder.parent not in self.folders]
        keyed = (folder for folder in self.folders.values() if fold(folder.key) == _ROOT_KEY)
        return next(keyed, roots[0] if len(roots) == 1 else None)

    @cached_property
    def paths(self) -> Sequence[tuple[str, Folder]]:
        """Every folder but the root with its path below the root: ``"Imports/Daily"``."""
        inner = (folder for folder in self.folders.values() if folder is not self.root)
        return sorted(((self.path(folder), folder) for folder in inner), key=lambda pair: pair[0])

    def path(self, folder: Folder) -> str:
        """Return a folder's path below the root; the root's is its name."""
        names, seen = [folder.name], {folder.id}
        above = self.folders.get(folder.parent)
        # A folder inside itself would have an endless path.
        while above is not None and above is not self.root and above.id not in seen:
            names.append(above.name)
            seen.add(above.id)
            above = self.folders.get(above.parent)
        return "/".join(reversed(names))

    def find(self, text: str) -> Folder:
        """Return the folder that a text names.

        Args:
            text: A path below the root, with or without the root's name; a name that only one
                folder has; or ``""`` for the root.

        Raises:
            LookupError: There is none, or there are several; in words.
        """
        if not text:
            if self.root is None:
                raise LookupError("SFMC lists no root folder. Name a folder.")
            return self.root
        wanted = fold(text.strip("/"))
        if self.root is not None and wanted == fold(self.root.name):
            return self.root
        if self.root is not None:
            wanted = wanted.removeprefix(f"{fold(self.root.name)}/")
        exact = [folder for path, folder in self.paths if fold(path) == wanted]
        named = [folder for _, folder in self.paths if fold(folder.name) == wanted]
        found = exact or named
        if len(found) == 1:
            return found[0]
        if found:
            paths = ", ".join(f"{quoted(self.path(each))} ({each.id})" for each in found)
            raise LookupError(
                f"Several folders are called {quoted(text)}: {paths}. Give the whole path."
            )
        near = nearest(
            text, chain.from_iterable((path, folder.name) for path, folder in self.paths)
        )
        hint = f"Did you mean {quoted(near)}?" if near else "Make it in Contact Builder first."
        raise LookupError(f"There is no folder {quoted(text)}. {hint}")


async def folder_tree(session: wharfinger.Session) -> FolderTree:
    """Read all folders of data extensions.

    Raises:
        wharfinger.DeliveryError: SFMC did not tell them.
    """
    objects = await Soap(session, _CALL).retrieve(_WANTED)
    folders = (
        Folder(
            id=values["ID"],
            name=values.get("Name", ""),
            parent=values.get("ParentFolder.ID", ""),
            key=values.get("CustomerKey", ""),
        )
        for values in objects
        if "ID" in values
    )
    return FolderTree({folder.id: folder for folder in folders})
