"""What this plugin knows of the destination it adds to."""

from __future__ import annotations

from typing import Final

__all__ = ["SLUG"]

SLUG: Final = "salesforce-marketing-cloud"
