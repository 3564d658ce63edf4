"""What is said while events are delivered: logged, printed, warned of."""

from __future__ import annotations

import io
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Final

__all__ = ["listening"]

_USUAL: Final = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime"})
"""What any log record has, once it was formatted; what it has besides was given as ``extra``."""
_STREAMS: Final = (1, 2)
"""Where every process prints, by the numbers that it has for that."""

_Texts = list[tuple[str, str]]


@contextmanager
def listening(texts: _Texts) -> Iterator[None]:
    """Hear what is logged, printed and warned of.

    Args:
        texts: Gets each with the place where it was said.
    """
    with _logged(texts), _warned(texts), _written(texts), _printed(texts):
        yield


class _Lines(logging.Handler):
    def __init__(self, texts: _Texts) -> None:
        super().__init__(logging.DEBUG)
        self._texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: value for name, value in vars(record).items() if name not in _USUAL}
        text = f"{record.getMessage()} {extra}"
        if record.exc_info:
            text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
        self._texts.append((f"the log of {record.name}", text))


@contextmanager
def _logged(texts: _Texts) -> Iterator[None]:
    root, lines = logging.getLogger(), _Lines(texts)
    level = root.level
    root.addHandler(lines)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(lines)


@contextmanager
def _warned(texts: _Texts) -> Iterator[None]:
    """Hear every warning, and give it then to whoever else wants to know of it."""
    caught: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    finally:
        texts += [("a warning", f"{each.message}") for each in caught]
        for each in caught:
            warnings.warn_explicit(
                each.message, each.category, each.filename, each.lineno, source=each.source
            )


@contextmanager
def _printed(texts: _Texts) -> Iterator[None]:
    printed = io.StringIO()
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            yield
    finally:
        texts.append(("what is printed", printed.getvalue()))


@contextmanager
def _written(texts: _Texts) -> Iterator[None]:
    """Hear what is printed without Python's streams: by a library in C, or another process."""
    with tempfile.TemporaryFile() as file:
        _flush()
        kept = [os.dup(number) for number in _STREAMS]
        for number in _STREAMS:
            os.dup2(file.fileno(), number)
        try:
            yield
        finally:
            _flush()
            for number, own in zip(_STREAMS, kept, strict=True):
                os.dup2(own, number)
                os.close(own)
            file.seek(0)
            texts.append(("what is printed", file.read().decode(errors="replace")))


def _flush() -> None:
    """Let out what was printed so far."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed:
            stream.flush()
