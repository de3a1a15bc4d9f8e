"""Layers as ONNX graphs: a runtime computes what modules compute."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sklearn_mtl.nn import (
    ACTIVATIONS,
    MAXOUT,
    SHARING,
    CrossStitch,
    DSelectK,
    LayeredExtraction,
)
from tests.nn.helpers import BINS, SHAPES, network

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

PARTS = SHAPES | {
    "layers that some leave out": {"hidden_layer_sizes": (6, 6), "depth": (2, 2, 1)},
    "all at once": {
        "hidden_layer_sizes": (6, 6),
        "head_hidden_layer_sizes": ((4, 3), (), (2,)),
        "depth": (2, 1, 1),
        "bins": BINS,
    },
}


def raw_by_runtime(module, x):
    from sklearn_mtl.io._onnx_graph import IR_VERSION, OPSET, Graph
    from sklearn_mtl.io._onnx_network import add_network

    graph = Graph()
    name = graph.input("x", np.float64, x.shape[1])
    raw = add_network(graph, module, name)
    graph.nodes.append(onnx.helper.make_node("Identity", [raw], ["raw"]))
    shape = [module.n_members, "n_rows", len(module.heads.task_of_output)]
    output = onnx.helper.make_tensor_value_info("raw", graph.type_of(x.dtype), shape)
    made = onnx.helper.make_graph(
        graph.nodes, "network", graph.inputs, [output], graph.constants
    )
    opset = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(made, opset_imports=opset, ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(["raw"], {"x": x})[0]


def assert_runtime_computes(module, tolerance=1e-12):
    x = np.random.default_rng(0).normal(size=(5, 4)) * 3

    raw = raw_by_runtime(module, x)

    expected = module(torch.from_numpy(x)).detach().numpy()
    assert_allclose(raw, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, MAXOUT])
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_network(part, activation):
    module = network(activation=activation, **part).eval()

    # Runtimes have the error function in float32 only.
    assert_runtime_computes(module, 1e-6 if activation == "gelu" else 1e-12)


WAYS = {name: way() for name, way in SHARING.items()} | {
    "each row selects": DSelectK(3, by_row=True),
    "two experts each": LayeredExtraction(2, 1),
}
HEADS = {"linear": (), "private": (4,), "mixed": ((4, 3), (), (2,))}


@pytest.mark.parametrize("heads", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_ways_of_sharing(way, heads):
    module = network(
        hidden_layer_sizes=(7, 6, 5), head_hidden_layer_sizes=heads, sharing=way
    ).eval()
    with torch.no_grad():  # gates that make a difference
        for name, parameter in module.named_parameters():
            if "gate" in name:
                parameter.mul_(20)

    assert_runtime_computes(module)


@pytest.mark.parametrize("way", [CrossStitch(), LayeredExtraction(n_levels=1)], ids=str)
def test_ways_of_sharing_of_members_of_unlike_depth(way):
    sizes = {"hidden_layer_sizes": (6, 6, 6), "depth": (2, 1, 1)}

    assert_runtime_computes(network(sharing=way, **sizes).eval())
