"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

LONGEST_NAME = 255
"""Bytes of a file's name that file systems take."""


@contextmanager
def written_whole(files: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Write beside the files that are asked for, and rename once all are written.

    A file that is there keeps its permissions, and a link to one stays a link. Devices
    and pipes are written to, never replaced.

    Parameters
    ----------
    files : mapping of str to object
        Paths by name. What is no path of a file, such as an open one, is handed on.

    Yields
    ------
    dict
        Where to write.
    """
    paths = {name: os.path.realpath(f) for name, f in files.items() if _is_file(f)}
    beside = {name: _beside(path) for name, path in paths.items()}
    try:
        yield {**files, **beside}
        for name, path in paths.items():
            if os.path.exists(path):
                shutil.copymode(path, beside[name])
            os.replace(beside[name], path)
    finally:
        for path in beside.values():
            with suppress(OSError):
                os.unlink(path)


def write_whole(path: str | bytes | os.PathLike[Any], content: bytes) -> None:
    """Write the bytes of one file, and see them on the disk before it has its name.

    Raises
    ------
    OSError
        It cannot be written: what stood there is unchanged.
    """
    asked = os.fsdecode(path)
    _check_place(asked)
    with (
        written_whole({"file": asked}) as beside,
        open(beside["file"], "wb") as file,
    ):
        file.write(content)
        if beside["file"] != asked:  # pipes and terminals have no disk
            file.flush()
            os.fsync(file.fileno())


def _check_place(path: str) -> None:
    if not path or os.path.isdir(path):
        raise IsADirectoryError(
            f"{path!r} is a folder. Pass the path of a file in it."
            if path
            else "The path is empty. Pass the path of a file."
        )
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            f"{path!r} cannot be written: there is no folder {folder!r}. Make it first."
        )


def _beside(path: str) -> str:
    # The name stays in front, as torch writes it into its files.
    folder, name = os.path.split(path)
    ending = f".{uuid.uuid4().hex}"
    short = os.fsencode(name)[: LONGEST_NAME - len(ending)].decode(errors="ignore")
    return os.path.join(folder, short + ending)


def _is_file(target: Any) -> bool:
    """Tell files, which may not be there yet, from devices, pipes and open files."""
    is_path = isinstance(target, str | os.PathLike)
    return is_path and (os.path.isfile(target) or not os.path.exists(target))
