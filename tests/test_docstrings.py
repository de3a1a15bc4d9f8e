"""Public docstrings hold to numpydoc: they tell all that a call takes and gives.

`[tool.numpydoc_validation]` in pyproject.toml names the checks.
"""

import importlib
import inspect
import re
import tomllib
from pathlib import Path

import pytest
from sklearn.utils._metadata_requests import RequestMethod

validate = pytest.importorskip("numpydoc.validate").validate

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
if not (ROOT / "docs" / "api").exists():
    pytest.skip("docs/ is not in every distribution", allow_module_level=True)
CHECKS = SETTINGS["tool"]["numpydoc_validation"]["checks"]

# A method that stands for one of a base class here is told there; its own docstring
# says what differs, and repeats the sections where it gives something else.
TOLD_BY_BASE = {"PR01", "RT01", "YD01"}
# Examples are asked of classes and functions: one shows its methods at work together.
ASKED_ONCE = {"EX01"}


def public_objects():
    """Yield each class and function that the API reference lists."""
    pages = sorted((ROOT / "docs" / "api").glob("*.md"))
    page = "\n".join(one.read_text(encoding="utf-8") for one in pages)
    for name in re.findall(r"^   ([\w.]+)$", page, re.MULTILINE):
        room, _, last = f"sklearn_mtl.{name}".rpartition(".")
        item = getattr(importlib.import_module(room), last)
        if callable(item):
            yield item


def methods_of(cls):
    """Yield each public method and property, and whether a base class tells of it."""
    owners = [base for base in cls.__mro__ if base.__module__.startswith("sklearn_mtl")]
    for position, owner in enumerate(owners):
        for name, item in vars(owner).items():
            if is_ours(item) and not name.startswith("_"):
                told = any(name in vars(base) for base in owners[position + 1 :])
                yield f"{address(owner)}.{name}", told


def is_ours(item):
    """Whether a class itself wrote the method; `set_fit_request` is scikit-learn's."""
    is_method = inspect.isroutine(item) or isinstance(item, property)
    return is_method and not isinstance(item, RequestMethod)


def address(item):
    return f"{item.__module__}.{item.__qualname__}"


def findings(name, spared):
    return [
        f"{name}: {code} {said}"
        for code, said in validate(name)["errors"]
        if wanted(code) and code not in spared
    ]


def wanted(code):
    return (code in CHECKS) is ("all" not in CHECKS)


@pytest.fixture(scope="module")
def asked():
    """Find the addresses of all public docstrings, and the checks they are spared."""
    asked = {}
    for item in public_objects():
        asked[address(item)] = set()
        for name, told in methods_of(item) if inspect.isclass(item) else ():
            asked[name] = ASKED_ONCE | (TOLD_BY_BASE if told else set())
    return asked


def test_docstrings(asked):
    found = [line for name, spared in asked.items() for line in findings(name, spared)]
    assert not found, "\n".join(found)
