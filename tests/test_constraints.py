"""The pins that `make` installs belong to what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
ASKED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = ASKED["project"]["optional-dependencies"]


def requirements(*extras):
    """Read what the build, the package and some extras ask for, by name."""
    lines = [*ASKED["build-system"]["requires"], *ASKED["project"]["dependencies"]]
    waiting = list(extras)
    while waiting:
        for line in EXTRAS[waiting.pop()]:
            needed = Requirement(line)
            if needed.name == "sklearn-mtl":
                waiting += needed.extras
            else:
                lines.append(line)
    return {needed.name: needed for needed in map(Requirement, lines)}


def pins(name):
    if not (ROOT / name).exists():
        pytest.skip("constraints are not in every distribution")
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE))


def test_newest_versions_fit_what_is_asked_for():
    pinned = pins("constraints.txt")
    wrong = {
        str(needed): pinned.get(name)
        for name, needed in requirements(*EXTRAS).items()
        if name not in pinned or pinned[name] not in needed.specifier
    }
    assert not wrong


def test_oldest_versions_are_the_lower_bounds():
    pinned = pins("constraints-oldest.txt")
    bounds = {
        name: bound.version
        for name, needed in requirements("test").items()
        for bound in needed.specifier
        if bound.operator == ">="
    }
    assert pinned == bounds
