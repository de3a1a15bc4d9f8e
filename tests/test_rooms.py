"""The rooms of the package: who may import whom, and what imports cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_mtl

PACKAGE = Path(sklearn_mtl.__file__).parent
FLOORS = [
    {"inspection", "io", "plotting"},
    {"estimators"},
    {"model_selection", "datasets"},
    {"metrics"},
    {"training"},
    {"balancing"},
    {"nn"},
    {"joint"},
    {"tasks"},
    {"files"},
    {"tables"},
    {"exceptions"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(
    path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"
)
ONLY_HERE = {"skorch": {"training"}, "narwhals": {"tables"}, "safetensors": {"files"}}
NOT_AT_IMPORT = {"pandas", "polars", "matplotlib", "onnx", "safetensors"}


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def room_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def modules_of(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) else []


def imports_of(path):
    """All modules that a file imports, anywhere in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {module for node in ast.walk(tree) for module in modules_of(node)}


def top_of(path):
    """Modules that a file imports when it is imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {module for node in tree.body for module in modules_of(node)}


def rooms_of(modules):
    return {m.split(".")[1] for m in modules if m.startswith("sklearn_mtl.")}


files = pytest.mark.parametrize("path", FILES, ids=name_of)


def test_every_room_has_its_floor():
    assert {room_of(path) for path in FILES} == set(FLOOR)


@files
def test_imports_point_down(path):
    floor = FLOOR[room_of(path)]
    for room in rooms_of(imports_of(path)) - {room_of(path)}:
        assert FLOOR[room] >= floor, f"{name_of(path)} imports {room}"


@files
def test_the_network_knows_no_tables(path):
    if room_of(path) == "nn":
        assert rooms_of(imports_of(path)) <= {"nn"}


@files
def test_estimators_have_no_tensors(path):
    if room_of(path) == "estimators":
        assert not any(m.split(".")[0] == "torch" for m in imports_of(path))


@files
def test_libraries_stay_in_their_room(path):
    for module in imports_of(path):
        rooms = ONLY_HERE.get(module.split(".")[0])
        assert rooms is None or room_of(path) in rooms, f"{name_of(path)}: {module}"


@files
def test_optional_libraries_are_imported_where_they_are_used(path):
    assert not {m.split(".")[0] for m in top_of(path)} & NOT_AT_IMPORT


FITS = """
import sys
import numpy as np
from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.nn import Autoencoder

X = np.random.default_rng(0).normal(size=(60, 3))
small = {"hidden_layer_sizes": (8,), "max_iter": 2, "n_members": 2, "random_state": 0}
for parameters in (
    {},
    {"balancing": "uncertainty"},
    {"balancing": "pcgrad"},
    {"reconstruction": Autoencoder(2)},
):
    net = MultiTaskNetRegressor(**small, **parameters).fit(X, X[:, :2])
    net.partial_fit(X, X[:, :2]).predict(X)
print([name for name in ("torch._dynamo", "torch._inductor") if name in sys.modules])
"""


def test_no_fit_imports_a_compiler():
    found = subprocess.run(
        [sys.executable, "-c", FITS], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
