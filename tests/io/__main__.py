"""All round trips, and thousands of damaged files: ``python -m tests.io [n_files]``."""

import json
import pickle
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import skops.io

from sklearn_mtl.exceptions import ModelFileError
from sklearn_mtl.io import load, save
from tests.io.models import MODELS, OWN, answers, assert_same
from tests.io.test_damaged import HARMFUL, header_and_data, places_of, signed

MOST_SECONDS = 5


def through_skops(net):
    stored = skops.io.dumps(net)
    trusted = skops.io.get_untrusted_types(data=stored)
    return skops.io.loads(stored, trusted=trusted), len(stored)


def through_pickle(net):
    stored = pickle.dumps(net)
    return pickle.loads(stored), len(stored)


def through_a_file(net, path):
    save(net, path)
    return load(path, custom=OWN), path.stat().st_size


def round_trips(path):
    """Compare what comes back; returns the files."""
    print(f"{'':20}{'file':>9}{'skops':>9}{'pickle':>9}  bytes")
    files = []
    for name, make in MODELS.items():
        net, X, y = make()
        ways = [through_a_file(net, path), through_skops(net), through_pickle(net)]
        if X is not None:
            files.append(path.read_bytes())
            for again, _ in ways:
                assert_same(answers(again, X, y), answers(net, X, y), name)
        print(f"{name:20}" + "".join(f"{size:9}" for _, size in ways) + "  the same")
    return files


def cut(stored, draws):
    return stored[: draws.randrange(len(stored))]


def flipped(stored, draws):
    changed = bytearray(stored)
    for _ in range(draws.choice([1, 1, 3, 50])):
        changed[draws.randrange(len(changed))] ^= 1 << draws.randrange(8)
    return bytes(changed)


def swapped(stored, draws):
    first, second = sorted(draws.randrange(len(stored)) for _ in range(2))
    return stored[first:second] + stored[:first] + stored[second:]


def with_odd_header(stored, draws):
    length = draws.choice([0, 1, 2**20, 10**8, 2**31, 2**62, 2**64 - 1])
    return length.to_bytes(8, "little") + stored[8:]


def with_odd_tensor(stored, draws):
    header, data = header_and_data(stored)
    entry = header[draws.choice([name for name in header if name != "__metadata__"])]
    odd = [[2**40], [2**62, 4], [0, 2**60], [-1], "F64", "X", None, [10**30], [0, 0]]
    entry[draws.choice(sorted(entry))] = draws.choice(odd)
    return signed(header, data)


def with_odd_content(stored, draws):
    header, data = header_and_data(stored)
    node = json.loads(header["__metadata__"]["content"])
    for _ in range(draws.choice([1, 1, 2, 5])):
        part, key = draws.choice(places_of(node))
        other, where = draws.choice(places_of(node))
        odd = [*HARMFUL.values(), True, -1, 2**63, 0.5, "", {}, [], other[where]]
        part[key] = json.loads(json.dumps(draws.choice(odd)))
    header["__metadata__"]["content"] = json.dumps(node)
    return signed(header, data)


DAMAGES = [cut, flipped, swapped, with_odd_header, with_odd_tensor, with_odd_content]


def damage(files, path, n_files):
    """Load damaged files: each loads, or gives the one error."""
    seen = Counter()
    for seed in range(n_files):
        draws = random.Random(seed)
        how = draws.choice(DAMAGES)
        path.write_bytes(how(draws.choice(files), draws))
        began = time.monotonic()
        try:
            load(path, custom=OWN)
            seen[how.__name__, "loaded"] += 1
        except ModelFileError:
            seen[how.__name__, "told"] += 1
        assert time.monotonic() - began < MOST_SECONDS, seed
    for (name, came), number in sorted(seen.items()):
        print(f"{name:20}{number:6} {came}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        found = round_trips(Path(folder) / "net")
        damage(found, Path(folder) / "net", int((sys.argv[1:] or ["2000"])[0]))
