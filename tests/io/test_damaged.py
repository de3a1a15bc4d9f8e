"""Files that are damaged, foreign, or made to do harm: each gives one clear error."""

import hashlib
import json
import pickle
import random
import zipfile

import pytest

from sklearn_mtl.exceptions import ModelFileError
from sklearn_mtl.io import load, save
from tests.io.models import MODELS


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "net"
    save(MODELS["mixed"]()[0], path)
    return path.read_bytes()


def told_of(stored, folder):
    path = folder / "net"
    path.write_bytes(stored)
    with pytest.raises(ModelFileError) as said:
        load(path)
    assert str(path) in str(said.value)
    return str(said.value)


def header_and_data(stored):
    length = int.from_bytes(stored[:8], "little")
    return json.loads(stored[8 : 8 + length]), stored[8 + length :]


def signed(header, data):
    """Put together a file whose checksum is right."""
    blank = '"sha256":"' + "0" * 64
    header["__metadata__"]["sha256"] = "0" * 64
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    stored = len(text).to_bytes(8, "little") + text + data
    digest = '"sha256":"' + hashlib.sha256(stored).hexdigest()
    return stored.replace(blank.encode(), digest.encode(), 1)


def with_content(stored, value):
    header, data = header_and_data(stored)
    header["__metadata__"]["content"] = json.dumps({"custom": [], "value": value})
    return signed(header, data)


def test_every_flipped_bit_is_found(whole, tmp_path):
    draws = random.Random(0)
    for _ in range(40):
        stored = bytearray(whole)
        stored[draws.randrange(len(stored))] ^= 1 << draws.randrange(8)
        told_of(bytes(stored), tmp_path)


def test_files_that_were_cut_off_or_mixed_up(whole, tmp_path):
    draws = random.Random(1)
    for _ in range(20):
        first, second = sorted(draws.randrange(len(whole)) for _ in range(2))
        told_of(whole[:first], tmp_path)
        told_of(whole[first:second] + whole[:first] + whole[second:], tmp_path)
    told_of(whole + b"\0", tmp_path)


LENGTHS = [0, 1, 10**6, 10**8, 2**31, 2**63, 2**64 - 1]


@pytest.mark.parametrize("length", LENGTHS)
def test_header_of_odd_length(length, whole, tmp_path):
    told_of(length.to_bytes(8, "little") + whole[8:], tmp_path)


def test_other_files(tmp_path):
    told_of(b"", tmp_path)
    told_of(b"PNG", tmp_path)
    told_of(pickle.dumps({"a": [1.0] * 100}), tmp_path)
    with zipfile.ZipFile(tmp_path / "net.zip", "w") as file:
        file.writestr("schema.json", "{}" * 100)
    told_of((tmp_path / "net.zip").read_bytes(), tmp_path)
    foreign = json.dumps({"__metadata__": {"format": "pt"}}).encode()
    said = told_of(len(foreign).to_bytes(8, "little") + foreign, tmp_path)
    assert "no file of sklearn_mtl.io.save" in said


@pytest.mark.parametrize("number", ["2", "999", "0", "1.5", "", "9" * 5000])
def test_a_later_format_is_told_with_the_version_that_wrote_it(number, whole, tmp_path):
    header, data = header_and_data(whole)
    header["__metadata__"] |= {"format_number": number, "version": "7.5"}
    said = told_of(signed(header, data), tmp_path)
    assert "formats up to 1" in said
    assert "sklearn_mtl 7.5" in said


SHAPES = [[2**40], [2**62, 4], [0, 2**60], [-1], None, [10**30]]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_tensor_may_not_claim_more_than_its_bytes(shape, whole, tmp_path):
    header, data = header_and_data(whole)
    name = next(name for name, entry in header.items() if "shape" in entry)
    header[name]["shape"] = shape
    told_of(signed(header, data), tmp_path)


MANY = {"range": {"list": [0, 10**15, 1]}}
MANY_ROWS = {"pandas range": {"list": [0, 10**15, 1, None]}}
FLOATS = {"dtype": "<f8"}
ONE = {"array": {"few": ["AAAAAAAA8D8=", "<f8", [1]]}}


def listed(*values):
    return {"list": list(values)}


UNROLLED = {
    "as parts": {"torch size": MANY},
    "as arguments": {"lasting": MANY},
    "as an argument": listed({**MANY, "id": 0}, {"slice": {"ref": 0}}),
    "a scalar along an index": {"pandas series": listed(None, MANY_ROWS, FLOATS, 0.5)},
    "cells of a frame": {
        "pandas frame": listed(listed("a"), MANY_ROWS, listed(FLOATS), listed(MANY))
    },
    "codes": {"pandas levels": listed(listed(ONE), listed(MANY), listed(None))},
    "a level": {"pandas levels": listed(listed(MANY_ROWS), listed(ONE), listed(None))},
    "categories": {"narwhals type": listed("Enum", listed(MANY))},
    "cells of polars": {
        "narwhals frame": listed(
            {"narwhals backend": "polars"},
            listed(listed("a", {"narwhals type": listed("Int64", listed())}, MANY)),
        )
    },
    "an index as cells": {
        "narwhals frame": listed(
            {"narwhals backend": "polars"},
            listed(
                listed("a", {"narwhals type": listed("Int64", listed())}, MANY_ROWS)
            ),
        )
    },
    "a cell": {
        "pandas index": listed(
            None,
            {"pandas type": "Int64"},
            {"array": {"objects": [MANY], "shape": [1]}},
            None,
        )
    },
    "a state": {
        "Generator": {
            "dict": {"bit_generator": "MT19937", "state": {"dict": {"key": MANY}}}
        }
    },
}


HARMFUL = {
    "a function of the system": {"name": "system"},
    "its module": {"class": "posix.system", "state": {}},
    "a builtin": {"name": "eval"},
    "a class of the caller's": {"class": "builtins.list", "items": []},
    "another class": {"class": "Pipeline", "state": {}},
    "a function as a class": {"class": "held_out_split", "state": {}},
    "a function with arguments": {"partial": ["exec", ["1"], {}]},
    "a class with arguments": {"partial": ["MultiTaskNet", [], {}]},
    "no estimator": {"list": [1, 2]},
    "nothing": None,
    "a text": "net",
    "an unknown word": {"code": "1"},
    "a loop": {"ref": 0},
    "a loop of tuples": {"tuple": [{"ref": 0}], "id": 0},
    "many numbers": {"array": {"few": ["AAAA", "<f8", [10**12]]}},
    "many strings": {"array": {"strings": ["a"], "shape": [10**15]}},
    "a wide type": {"array": {"few": ["", "V1000000000000", [1]]}},
    "a tensor that is not there": {"tensor": ["nowhere"]},
    "deep": json.loads('{"list":[' * 90 + "]}" * 90),
    "a path": {"zone": "../../../etc/passwd"},
    "draws that unpack to much": {"class": "StoredGenerator", "state": {"drawn": "x"}},
}


@pytest.mark.parametrize("name", HARMFUL)
def test_what_a_file_may_not_hold(name, whole, tmp_path):
    told_of(with_content(whole, HARMFUL[name]), tmp_path)


@pytest.mark.parametrize("name", UNROLLED)
def test_a_range_is_not_unrolled(name, whole, tmp_path):
    """Some bytes may stand for any number of rows; no memory is taken for them."""
    said = told_of(with_content(whole, UNROLLED[name]), tmp_path)
    assert "does not fit together (" in said
    assert "MemoryError" not in said


def test_a_deep_file_ends(whole, tmp_path):
    header, data = header_and_data(whole)
    header["__metadata__"]["content"] = '{"list":[' * 20_000 + "]}" * 20_000
    told_of(signed(header, data), tmp_path)


def places_of(node):
    """Containers in a node, each with a key."""
    found, waiting = [], [node]
    while waiting:
        part = waiting.pop()
        keys = part if isinstance(part, dict) else range(len(part))
        for key in keys:
            found.append((part, key))
            if isinstance(part[key], dict | list):
                waiting.append(part[key])
    return found


def test_content_that_was_changed_loads_or_is_told(whole, tmp_path):
    draws = random.Random(2)
    text = header_and_data(whole)[0]["__metadata__"]["content"]
    path, odd = tmp_path / "net", [*HARMFUL.values(), True, -1, 2**63, 0.5, {}, []]
    n_told = 0
    for _ in range(40):
        node = json.loads(text)["value"]
        part, key = draws.choice(places_of(node))
        part[key] = draws.choice(odd)
        path.write_bytes(with_content(whole, node))
        try:
            load(path)
        except ModelFileError:
            n_told += 1
    assert n_told > 20
