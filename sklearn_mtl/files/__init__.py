"""The package's own file format: values to bytes and back, without running code.

It knows the classes of other rooms by name alone.
"""

from sklearn_mtl.files._format import (
    FORMAT,
    MAGIC,
    Content,
    bytes_of,
    content_of,
    is_whole_file,
)
from sklearn_mtl.files._names import Custom, custom_names
from sklearn_mtl.files._read import read_value
from sklearn_mtl.files._whole import write_whole, written_whole
from sklearn_mtl.files._write import Written, write_value

__all__ = [
    "FORMAT",
    "MAGIC",
    "Content",
    "Custom",
    "Written",
    "bytes_of",
    "content_of",
    "custom_names",
    "is_whole_file",
    "read_value",
    "write_value",
    "write_whole",
    "written_whole",
]
