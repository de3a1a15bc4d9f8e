"""Values in a file, and out of it."""

import datetime as dt
import math
from collections import OrderedDict, defaultdict
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_mtl.exceptions import ModelFileError
from sklearn_mtl.files import (
    Content,
    bytes_of,
    content_of,
    custom_names,
    read_value,
    write_value,
)
from sklearn_mtl.files._names import _MODULE_OF, METRICS, is_known, resolve
from sklearn_mtl.nn import StoredGenerator
from sklearn_mtl.training import Fold


def again(value, custom=()):
    """Write a value to bytes, and read it."""
    written = write_value(value)
    content = content_of(bytes_of(Content("0", written.node, written.tensors)))
    return read_value(content.node, content.tensors, custom_names(custom))


def of_objects(*cells):
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


BERLIN = ZoneInfo("Europe/Berlin")
PLAIN = [
    None,
    True,
    0,
    -(10**40),
    0.1,
    -0.0,
    math.inf,
    -math.inf,
    "",
    "\ud800 \0 ünïcode \"quoted'",
    b"\0\xff" * 300,
    bytearray(b"ab"),
    1 - 2j,
    Decimal("1.10"),
    (),
    (1, (2, [3.5, None])),
    [[], {}, set()],
    {"a": 1, "class": "a.b", "id": 3, "ref": 4, "name": "os.system", "list": []},
    {1: "a", "1": "b", (0, True): "c", None: "d", 2.5: "e", b"x": "f"},
    {frozenset({1, 2}), (3, "a")},
    OrderedDict(b=1, a=2),
    range(3, 30, 4),
    slice(None, 3),
    dt.date(2026, 2, 28),
    dt.time(1, 2, 3, 4),
    dt.datetime(2026, 10, 25, 2, 30, fold=1),
    dt.datetime(2026, 3, 1, tzinfo=BERLIN),
    dt.datetime(2026, 3, 1, tzinfo=dt.timezone(dt.timedelta(hours=-3))),
    dt.timedelta(-1, 5, 7),
    np.float32(0.1),
    np.int8(-3),
    np.bool_(True),
    np.str_("a"),
    np.datetime64("2026-01-01T00:00", "us"),
    np.dtype("<f4"),
    np.dtype("U7"),
    np.dtype("O"),
    torch.float16,
    torch.device("cpu"),
    torch.Size([2, 3]),
    Fold,
    print,
    1 << 9_999,
    [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]],
]


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_plain_values(value):
    found = again(value)
    assert type(found) is type(value)
    assert found == value
    if not isinstance(value, set):  # its order hangs on how it was filled
        assert repr(found) == repr(value)


ARRAYS = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(60.0).reshape(6, 10)),
    np.arange(400)[::7],
    np.zeros((0, 3), dtype=np.int16),
    np.array(2.5),
    np.array([np.nan, -np.inf], dtype=np.float16),
    np.arange(3, dtype=">i4"),
    np.array([True, False]),
    np.array([2**64 - 1], dtype=np.uint64),
    np.array(["a", "", "long\0 one"]),
    np.array([b"a", b"bcd"]),
    np.array([["2026-01-01", "NaT"]], dtype="datetime64[s]"),
    np.array([1, 2], dtype="timedelta64[25us]"),
    np.array([1 + 2j, 3], dtype=np.complex64),
    of_objects(None, "a", 2, math.inf, (1, 2)),
    np.array([[[1, None]]], dtype=object),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype} {a.shape}")
def test_arrays(array):
    found = again(array)
    assert type(found) is np.ndarray
    assert found.shape == array.shape
    assert found.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, array)
    assert found.flags.f_contiguous == array.flags.f_contiguous or array.ndim != 2
    found[...] = found  # it can be written to


def test_alike_arrays_are_stored_as_one():
    values = [np.full((3, 2), float(i)) for i in range(50)]
    written = write_value(values)
    assert len(written.tensors) == 1
    found = again(values)
    np.testing.assert_array_equal(np.stack(found), np.stack(values))
    assert found[0].base is None


def test_tensors():
    wide = torch.arange(24.0).reshape(2, 3, 4)
    for value in (wide, wide.permute(2, 0, 1), wide[:, ::2], torch.tensor(3)):
        found = again(value)
        assert torch.equal(found, value)
        assert found.is_contiguous() or found.stride() == value.stride()
    for number in (torch.bfloat16, torch.float16, torch.bool, torch.int16):
        assert torch.equal(again(wide.to(number)), wide.to(number))
    fixed = again(nn.Parameter(wide, requires_grad=False))
    assert type(fixed) is nn.Parameter
    assert not fixed.requires_grad


def test_what_stands_in_two_places_is_one():
    shared = {"weight": nn.Parameter(torch.ones(2))}
    loop = [shared, shared["weight"], {shared["weight"]: 1}]
    loop.append(loop)
    found = again(loop)

    assert found[3] is found
    assert found[1] is found[0]["weight"]
    assert next(iter(found[2])) is found[1]


def test_generators_go_on():
    for draws, draw in (
        (np.random.RandomState(3), lambda g: g.normal()),
        (np.random.default_rng(3), lambda g: g.normal()),
        (torch.Generator().manual_seed(3), lambda g: torch.rand(1, generator=g)),
        (StoredGenerator().manual_seed(3), lambda g: torch.rand(1, generator=g)),
    ):
        draw(draws)
        found = again(draws)
        assert type(found) is type(draws)
        assert draw(found) == draw(draws)


def test_defaults_and_named_tuples():
    counts = defaultdict(list, a=[1])
    found = again(counts)
    assert found == counts
    assert found["b"] == []
    fold = Fold(*[np.arange(3)] * len(Fold._fields))
    assert type(again(fold)) is Fold


def test_modules():
    layers = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    found = again(layers)
    x = torch.randn(4, 3)
    assert torch.equal(found(x), layers(x))
    assert [n for n, _ in found.named_parameters()] == ["0.weight", "0.bias"]
    assert "_forward_hooks" not in str(write_value(layers).node)


class Mine:
    def __init__(self, a):
        self.a = a


def by_me(x, factor):
    return x * factor


def test_what_the_caller_brings():
    kept = {"kind": Mine, "one": Mine([1]), "part": partial(by_me, factor=2)}
    assert set(write_value(kept).custom) == {f"{__name__}.Mine", f"{__name__}.by_me"}
    with pytest.raises(ModelFileError, match=r"custom=\[Mine, by_me\]"):
        again(kept)
    found = again(kept, [Mine, by_me])
    assert found["one"].a == [1]
    assert found["part"](4) == 8


class Slotted:
    __slots__ = ("a",)

    def __init__(self):
        self.a = 1


class BuildsItself:
    def __reduce__(self):
        return BuildsItself, ()


class Pair(tuple):
    """No named tuple."""

    __slots__ = ()


def nested(n_levels):
    value = []
    for _ in range(n_levels):
        value = [value]
    return value


REFUSED = [
    Slotted(),
    BuildsItself(),
    lambda: 0,
    memoryview(b"a"),
    iter([]),
    np.zeros(1, dtype=[("a", "f8")]),
    np.longdouble(1) if np.longdouble(1).nbytes > 8 else Slotted(),
    torch.eye(2).to_sparse(),
    defaultdict(Mine),
    10**4400,
    nested(200),
    partial(Mine),
    partial([].append),
    Pair((1, 2)),
]


@pytest.mark.parametrize("value", REFUSED, ids=lambda v: type(v).__name__)
def test_what_cannot_be_stored_is_refused_with_its_place(value):
    with pytest.raises(ModelFileError, match=r"^\['a'\]\[1\]"):
        write_value({"a": [0, value]})


def test_every_name_is_found():
    for name in _MODULE_OF:
        assert is_known(resolve(name, {})), name


def test_functions_of_other_modules_are_not_metrics():
    assert METRICS == "sklearn.metrics"
    assert callable(resolve("r2_score", {}))
    for name in ("os", "check_array", "confusion_matrix_", "__doc__", "np"):
        with pytest.raises(ModelFileError):
            resolve(name, {})
