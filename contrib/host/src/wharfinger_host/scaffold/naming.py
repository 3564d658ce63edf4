"""All names of a new plugin, from the one that was given."""

from __future__ import annotations

import re
import unicodedata
from importlib.metadata import version
from importlib.util import find_spec
from typing import Final

import attrs

__all__ = ["Naming", "PluginNameError", "naming_of"]

_SLUG: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PREFIX: Final = "wharfinger-"
_LONGEST: Final = 24
# Distributions of wharfinger itself, installed or not, and names that would be taken for them.
_RESERVED: Final = frozenset(
    {
        *("core", "engines", "host", "kafka", "plugin", "postbox", "rabbitmq"),
        *("test", "testing", "tests", "webhook", "wharfinger"),
    }
)


class PluginNameError(ValueError):
    """A name that no plugin can have; the message says why, and what to do."""


@attrs.frozen(kw_only=True)
class Naming:
    """The names of a plugin.

    Attributes:
        slug: Of the destination and of the entry point: ``"acme-mail"``.
        wharfinger: The version range of wharfinger that it needs.
    """

    slug: str
    wharfinger: str

    @property
    def distribution(self) -> str:
        """What is installed: ``"wharfinger-acme-mail"``."""
        return f"{_PREFIX}{self.slug}"

    @property
    def package(self) -> str:
        """What is imported: ``"wharfinger_acme_mail"``."""
        return self.distribution.replace("-", "_")

    @property
    def title(self) -> str:
        """What people read: ``"Acme Mail"``."""
        return " ".join(word.capitalize() for word in self.slug.split("-"))

    @property
    def variable(self) -> str:
        """The environment variable of its secret: ``"ACME_MAIL_API_KEY"``."""
        return f"{self.slug.upper().replace('-', '_')}_API_KEY"


def naming_of(name: str) -> Naming:
    """Return the names that follow from one.

    Args:
        name: The slug of the destination: lower-case words joined by hyphens.

    Raises:
        PluginNameError: No plugin can have this name.
    """
    if not _SLUG.fullmatch(name):
        raise PluginNameError(
            f"{name!r} cannot be the name of a destination: it needs lower-case letters and "
            f"digits, words joined by hyphens, a letter first.{_suggestion(name)}"
        )
    if name.startswith(_PREFIX):
        raise PluginNameError(
            f"{name!r}: the distribution gets {_PREFIX!r} by itself. "
            f'Say "{name.removeprefix(_PREFIX)}".'
        )
    if len(name) > _LONGEST:
        raise PluginNameError(
            f"{name[:_LONGEST]!r}... has {len(name)} characters; {_LONGEST} are the most."
        )
    major, minor, *_ = version("wharfinger").split(".")
    naming = Naming(slug=name, wharfinger=f">={major}.{minor},<{major}.{int(minor) + 1}")
    if name in _RESERVED or find_spec(naming.package):
        raise PluginNameError(
            f"{name!r} is taken: {naming.package} belongs to wharfinger itself or to a plugin that "
            "is installed here. Choose another name."
        )
    return naming


def _suggestion(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    words = "-".join(re.findall(r"[a-z0-9]+", plain)).lstrip("0123456789-")
    return f' How about "{words}"?' if _SLUG.fullmatch(words) else ""
