"""What SOAP tells of a folder, and which folders a filter lets through."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import attrs

from wharfinger_sfmc_simulator.catalogue import ROOT_FOLDER_KEY, Folder
from wharfinger_sfmc_simulator.soap import Condition, Junction, SoapError, element, nil

__all__ = ["FolderTree", "strange_properties"]

Value = str | None


_OWN: Mapping[str, Callable[[Folder], Value]] = {
    "ID": lambda folder: str(folder.id),
    "CustomerKey": lambda folder: folder.key,
    "ObjectID": lambda _: None,
    "Name": lambda folder: folder.name,
    "Description": lambda folder: folder.description or None,
    "ContentType": lambda folder: folder.content_type,
    "IsActive": lambda _: "true",
    "IsEditable": lambda folder: "false" if folder.key == ROOT_FOLDER_KEY else "true",
    "AllowChildren": lambda _: "true",
}
_PARENT = "ParentFolder."
_OTHERS = ("Client.ID", "CreatedDate", "ModifiedDate")


def strange_properties(names: Iterable[str]) -> list[str]:
    """Return those of some properties that no folder has."""
    return [
        name for name in names if name not in _OTHERS and name.removeprefix(_PARENT) not in _OWN
    ]


@attrs.frozen
class FolderTree:
    """The folders of one account.

    Attributes:
        folders: All of them, by id.
        made: When they were made, as server time.
    """

    folders: Mapping[int, Folder]
    made: datetime

    def matching(self, condition: Condition | Junction | None) -> list[Folder]:
        """Return the folders a filter lets through.

        Raises:
            SoapError: The filter compares in a way that is not known.
        """
        return [folder for folder in self.folders.values() if self._matches(folder, condition)]

    def as_xml(self, folder: Folder, properties: Iterable[str]) -> str:
        """Return a folder's ``Results``; what is not asked for is left out or nil."""
        wanted = set(properties)
        own = {name: self.value(folder, name) for name in _OWN if name in wanted}
        dates = {name: self.value(folder, name) for name in _OTHERS[1:] if name in wanted}
        identity = {"PartnerKey": None, "ID": own.pop("ID", None), "ObjectID": None}
        own.pop("ObjectID", None)
        parts = [_client(folder)] if "Client.ID" in wanted else []
        parts += _elements({**identity, **dates})
        parts += self._parent(folder, wanted)
        parts += _elements(own)
        return f'<Results xsi:type="DataFolder">{"".join(parts)}</Results>'

    def value(self, folder: Folder, name: str) -> Value:
        """Return one property of a folder, or None where it has no value."""
        if name.startswith(_PARENT):
            parent = self.folders.get(folder.parent)
            if parent is None:
                return "0" if name == "ParentFolder.ID" else None
            return _OWN[name.removeprefix(_PARENT)](parent)
        if name == "Client.ID":
            return str(folder.account)
        if name in _OTHERS:
            return self.made.isoformat(timespec="milliseconds")
        return _OWN[name](folder)

    def _parent(self, folder: Folder, wanted: set[str]) -> list[str]:
        asked = [name for name in _OWN if f"{_PARENT}{name}" in wanted]
        if not asked:
            return []
        told = {name: self.value(folder, f"{_PARENT}{name}") for name in asked}
        identity = {"PartnerKey": None, "ID": told.pop("ID", None), "ObjectID": None}
        told.pop("ObjectID", None)
        return ["<ParentFolder>", *_elements({**identity, **told}), "</ParentFolder>"]

    def _matches(self, folder: Folder, condition: Condition | Junction | None) -> bool:
        if condition is None:
            return True
        if isinstance(condition, Junction):
            both = (self._matches(folder, each) for each in (condition.left, condition.right))
            return all(both) if condition.operator == "AND" else any(both)
        value = (self.value(folder, condition.property) or "").lower()
        given = [each.lower() for each in condition.values]
        if condition.operator == "equals":
            return given == [value]
        if condition.operator == "notEquals":
            return given != [value]
        if condition.operator == "IN":
            return value in given
        raise SoapError(f"Error: The SimpleOperator {condition.operator} is not valid.")


def _client(folder: Folder) -> str:
    return f"<Client>{element('ID', str(folder.account))}</Client>"


def _elements(values: Mapping[str, Value]) -> list[str]:
    return [nil(name) if value is None else element(name, value) for name, value in values.items()]
