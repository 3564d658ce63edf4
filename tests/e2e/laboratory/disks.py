"""Real disks that are full or may only be read, where this user may mount any."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["NotPermittedError", "SmallDisk", "read_only", "small_disk"]


class NotPermittedError(Exception):
    """This user may not mount anything here."""


class SmallDisk:
    """A disk of its own.

    Args:
        folder: Where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.folder / "ballast").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4_096)
            except OSError:
                return

    def make_room(self) -> None:
        """Let it be large."""
        (self.folder / "ballast").unlink(missing_ok=True)
        _call("mount", "-o", "remount,size=64m", str(self.folder))


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[SmallDisk]:
    """Mount a disk over a folder, as long as the context lasts.

    Args:
        folder: Made if it is not there.
        size: ``2m`` for two megabytes.

    Raises:
        NotPermittedError: This user may not.
    """
    folder.mkdir(exist_ok=True)
    _call("mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        _call("umount", "--lazy", str(folder))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody, not even root, write to a folder as long as the context lasts.

    Raises:
        NotPermittedError: This user may not.
    """
    _call("mount", "--bind", str(folder), str(folder))
    try:
        _call("mount", "-o", "remount,bind,ro", str(folder))
        yield
    finally:
        _call("umount", "--lazy", str(folder))


def _call(*command: str) -> None:
    if shutil.which(command[0]) is None:
        raise NotPermittedError(f"there is no {command[0]}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPermittedError(done.stderr.strip())
