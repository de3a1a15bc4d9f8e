"""The layout of a file: safetensors, with JSON in its header and a checksum of all."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

import torch

from sklearn_mtl.exceptions import ModelFileError

FORMAT = 1
"""Number of the format. Another one reads files of all smaller numbers, too."""
MAGIC = "sklearn_mtl"
MOST_HEADER = 100_000_000
"""Bytes of the longest header that safetensors reads."""
LENGTH = 8
"""Bytes that say how long the header is."""
NO_DIGEST = "0" * 64


class Content(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    version : str
        Version of the package that wrote it.
    node : object
        What JSON holds; see `write_value`.
    tensors : dict of str to tensor
    """

    version: str
    node: Any
    tensors: dict[str, torch.Tensor]


def bytes_of(content: Content) -> bytes:
    """Make the bytes of a file."""
    from safetensors.torch import save

    metadata = {
        "format": MAGIC,
        "format_number": str(FORMAT),
        "version": content.version,
        "sha256": NO_DIGEST,
        "content": json.dumps(content.node, allow_nan=False, separators=(",", ":")),
    }
    blank: bytes = save(content.tensors, metadata)
    digest = hashlib.sha256(blank).hexdigest()
    return blank.replace(_field(NO_DIGEST), _field(digest), 1)


def is_whole_file(beginning: bytes, size: int) -> bool:
    """Tell from the first bytes of a file whether its header fits in its size."""
    length = int.from_bytes(beginning[:LENGTH], "little")
    return len(beginning) >= LENGTH and length <= min(size - LENGTH, MOST_HEADER)


def content_of(stored: bytes) -> Content:
    """Read the bytes of a file, and check that all are as they were written.

    Raises
    ------
    ModelFileError
        It is no file of this package, or a damaged one, or one of a later format.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    metadata = _metadata(stored)
    if metadata.get("format") != MAGIC:
        raise ModelFileError("It is no file of sklearn_mtl.io.save.")
    number = str(metadata.get("format_number"))
    if not number.isdecimal() or len(number) > 9 or not 1 <= int(number) <= FORMAT:
        raise ModelFileError(
            f"It has format {number:.20}, and this version reads formats up to "
            f"{FORMAT}. Load it with sklearn_mtl {metadata.get('version')}, which "
            "wrote it, or a later one."
        )
    digest = str(metadata.get("sha256"))
    blank = stored.replace(_field(digest), _field(NO_DIGEST), 1)
    if hashlib.sha256(blank).hexdigest() != digest:
        raise _damaged("its checksum is another")
    try:
        node = json.loads(metadata["content"])
        return Content(str(metadata["version"]), node, load(stored))
    except (SafetensorError, RecursionError, ValueError, KeyError, TypeError) as error:
        raise _damaged(str(error)) from error


def _metadata(stored: bytes) -> dict[str, Any]:
    if not is_whole_file(stored, len(stored)):
        raise _damaged("its header is longer than itself")
    length = int.from_bytes(stored[:LENGTH], "little")
    try:
        metadata = json.loads(stored[LENGTH : LENGTH + length])["__metadata__"]
        if isinstance(metadata, dict):
            return metadata
    except (RecursionError, ValueError, KeyError, TypeError):
        pass
    raise _damaged("its header cannot be read")


def _field(digest: str) -> bytes:
    return f'"sha256":"{digest}"'.encode()


def _damaged(why: str) -> ModelFileError:
    return ModelFileError(
        f"It is no file of sklearn_mtl.io.save, or it is damaged: {why}. Save or copy "
        "it anew."
    )
