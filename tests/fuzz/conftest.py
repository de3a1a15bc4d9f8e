"""Whether there is all that tables may come in."""

from importlib.util import find_spec

if not all(find_spec(name) for name in ("pandas", "polars", "pyarrow")):
    collect_ignore_glob = ["*.py"]
