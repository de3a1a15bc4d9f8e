"""Change tokens one by one in a copy, and run the tests of their room.

What these do not notice may be noticed in another room: ``--whole`` asks all tests.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

from tests.mutants.changes import changes_of, compiles

ROOT = Path(__file__).parents[2]
PARTS = ("sklearn_mtl", "tests", "pyproject.toml")
NOT_CODE = ("__init__.py", "_parameters.py", "_version.py")
UNNOTICED = {0: "survived", 5: "has no test"}


def sources(root):
    paths = sorted((root / "sklearn_mtl").rglob("*.py"))
    return [path.relative_to(root) for path in paths if path.name not in NOT_CODE]


def drawn(number, seed, root):
    """Draw changes, each token as likely as any other one."""
    texts = {path: (root / path).read_text(encoding="utf-8") for path in sources(root)}
    every = [(path, change) for path in texts for change in changes_of(texts[path])]
    random.Random(seed).shuffle(every)
    print(f"{number} of {len(every)} changes, seed {seed}", flush=True)
    possible = (
        (path, change)
        for path, change in every
        if compiles(change.applied(texts[path]))
    )
    return islice(possible, number)


def tests_of(path, copy):
    """Return the tests of a file first, then those of its room, then its docstrings."""
    room = Path("tests") / path.parts[1] if len(path.parts) > 2 else Path("tests")
    own = room / f"test_{path.stem.lstrip('_')}.py"
    return [str(one) for one in (own, room, path) if (copy / one).exists()]


def outcome(path, change, copy, seconds, *, whole):
    source = (copy / path).read_text(encoding="utf-8")
    (copy / path).write_text(change.applied(source), encoding="utf-8")
    try:
        said = result_of(tests_of(path, copy), copy, seconds)
        if said in UNNOTICED.values() and whole:
            said = result_of(["tests", "sklearn_mtl"], copy, 10 * seconds)
    finally:
        (copy / path).write_text(source, encoding="utf-8")
    return said


def result_of(tests, copy, seconds):
    command = [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [*command, *tests],
            cwd=copy,
            env=environment,
            capture_output=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return "not noticed in time"
    return UNNOTICED.get(done.returncode, "noticed")


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description=__doc__
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300, help="for each change")
    parser.add_argument("--whole", action="store_true", help="then ask all tests")
    asked = parser.parse_args()
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in PARTS:
            source = ROOT / part
            add = shutil.copytree if source.is_dir() else shutil.copy
            add(source, copy / part)
        for path, change in drawn(asked.number, asked.seed, copy):
            said = outcome(path, change, copy, asked.seconds, whole=asked.whole)
            counts[said] = counts.get(said, 0) + 1
            place = f"{path}:{change.line}:{change.column}"
            print(f"{said}: {place} {change.old!r} -> {change.new!r}", flush=True)
    print(", ".join(f"{number} {said}" for said, number in counts.items()))


if __name__ == "__main__":
    main()
