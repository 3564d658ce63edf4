"""Writing a configuration: the whole of it or nothing, whatever happens in between."""

from __future__ import annotations

import os
import pathlib
import shutil
import tempfile
from contextlib import suppress

from wharfinger_host.exports import new_file

__all__ = ["write_whole"]


def write_whole(file: pathlib.Path, text: str, *, replace: bool) -> None:
    """Write a file that has its name once it is whole.

    Args:
        file: Where it stands.
        text: Its content.
        replace: Whether it may take the place of another file, whose permissions it keeps.

    Raises:
        OSError: It cannot be written, or is there already and is not to be replaced.
    """
    if not replace or not file.exists():
        with new_file(file) as stream:
            stream.write(text.encode())
        return
    file = file.resolve()
    descriptor, name = tempfile.mkstemp(prefix=f"{file.name}.", suffix=".part", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        shutil.copymode(file, name)
        pathlib.Path(name).replace(file)
    except BaseException:
        with suppress(OSError):
            pathlib.Path(name).unlink()
        raise
