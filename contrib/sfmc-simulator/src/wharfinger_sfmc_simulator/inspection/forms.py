"""What people fill in on the pages."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

__all__ = ["fault_of", "form_of", "seconds_of"]

_WHOLE = ("times", "every", "after", "retry_after_s", "bytes")
_DECIMAL = ("probability", "delay_s")


def form_of(body: bytes) -> dict[str, str]:
    """Return the fields of a form as browsers post it, without blanks around them."""
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: text.strip() for name, text in pairs}


def fault_of(form: Mapping[str, str]) -> dict[str, Any]:
    """Return a fault as JSON would describe it; what is no number stays a text, to be refused.

    A field that is empty is left out, but for ``times``, where nothing means for ever.
    """
    fault: dict[str, Any] = {name: _value(name, text) for name, text in form.items() if text}
    if form.get("times") == "":
        fault["times"] = None
    return fault


def seconds_of(form: Mapping[str, str]) -> float:
    """Return the seconds to let pass.

    Raises:
        ValueError: There are none.
    """
    text = form.get("move_s", "")
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"Seconds to let pass must be a number; found {text!r}.") from None


def _value(name: str, text: str) -> Any:
    kind = int if name in _WHOLE else float if name in _DECIMAL else str
    try:
        return kind(text)
    except ValueError:
        return text
