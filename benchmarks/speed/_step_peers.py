"""The training step as people run it on a CPU today, and as this project runs it.

Each trainer fits a net of the same architecture with Adam, by batches of the same size,
in float32, and returns the number of steps that it took. None stops before the last
epoch. All start from weights of their own and draw batches of their own.
"""

import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from skorch import NeuralNetRegressor
from torch import nn

from sklearn_mtl import MultiTaskNetRegressor

LEARNING_RATE = 1e-3
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


class Size(NamedTuple):
    rows: int
    features: int
    tasks: int
    hidden: tuple[int, ...]
    batch: int
    epochs: int
    """So many that a fit takes about half a second."""

    def __str__(self) -> str:
        hidden = f"{self.hidden[0]}x{len(self.hidden)}"
        return f"{self.rows}, {self.features}, {self.tasks}, {hidden}, {self.batch}"


Trainer = Callable[[np.ndarray, np.ndarray, Size], int]


def ours(X: np.ndarray, y: np.ndarray, size: Size, n_members: int = 1) -> int:
    """Train with early stopping on: rows are held out and scored each epoch."""
    model = MultiTaskNetRegressor(
        hidden_layer_sizes=size.hidden,
        n_members=n_members,
        n_bins=0,
        dropout=0.0,
        alpha=0.0,
        batch_size=size.batch,
        learning_rate_init=LEARNING_RATE,
        max_iter=size.epochs,
        n_iter_no_change=2 * size.epochs + 1,
        tol=0.0,
        random_state=0,
        device="cpu",
    ).fit(X, y)
    return sum(model.net_.history[:, "train_batch_count"])


def mlp_regressor(X: np.ndarray, y: np.ndarray, size: Size) -> int:
    model = MLPRegressor(
        hidden_layer_sizes=size.hidden,
        alpha=0.0,
        batch_size=size.batch,
        learning_rate_init=LEARNING_RATE,
        max_iter=size.epochs,
        n_iter_no_change=size.epochs + 1,
        tol=0.0,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    return model.n_iter_ * -(-len(X) // size.batch)


def skorch_default(X: np.ndarray, y: np.ndarray, size: Size) -> int:
    """Train skorch's regressor, which by default holds a fifth of the rows out."""
    model = NeuralNetRegressor(
        torch_net(X.shape[1], size.hidden, y.shape[1]),
        optimizer=torch.optim.Adam,
        lr=LEARNING_RATE,
        batch_size=size.batch,
        max_epochs=size.epochs,
        iterator_train__shuffle=True,
        verbose=0,
    ).fit(X, y)
    return sum(model.history[:, "train_batch_count"])


def torch_by_hand(X: np.ndarray, y: np.ndarray, size: Size) -> int:
    features, labels = torch.from_numpy(X), torch.from_numpy(y)
    net = torch_net(X.shape[1], size.hidden, y.shape[1])
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, fused=True)
    steps = 0
    for _ in range(size.epochs):
        order = torch.randperm(len(features))
        for rows in order.split(size.batch):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(features[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            steps += 1
    return steps


def torch_net(n_features: int, hidden: tuple[int, ...], n_outputs: int) -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in pairwise((n_features, *hidden)):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear((n_features, *hidden)[-1], n_outputs))


def numpy_by_hand(X: np.ndarray, y: np.ndarray, size: Size) -> int:
    rng = np.random.default_rng(0)
    net = NumpyNet((X.shape[1], *size.hidden, y.shape[1]), size.batch, rng)
    steps = 0
    for _ in range(size.epochs):
        order = rng.permutation(len(X))
        for begin in range(0, len(X), size.batch):
            net.differentiate(X, y, order[begin : begin + size.batch])
            net.update()
            steps += 1
    return steps


class NumpyNet:
    """A net of ReLU layers, its backward pass by hand, nothing allocated in a step.

    Parameters, gradients and Adam's moments are one flat array each, so that an update
    is a few calls whatever the number of layers.
    """

    def __init__(
        self, sizes: tuple[int, ...], batch: int, rng: np.random.Generator
    ) -> None:
        shapes = [(before + 1, after) for before, after in pairwise(sizes)]
        n_parameters = sum(rows * columns for rows, columns in shapes)
        self.parameters, self.gradient, self.mean, self.square, self.scratch = np.zeros(
            (5, n_parameters), dtype=np.float32
        )
        self.weights, self.biases = _views(self.parameters, shapes)
        self.weight_gradients, self.bias_gradients = _views(self.gradient, shapes)
        for weight in self.weights:
            bound = np.sqrt(6.0 / len(weight))
            weight[...] = rng.uniform(-bound, bound, weight.shape)
        self.outputs = [np.empty((batch, size), dtype=np.float32) for size in sizes]
        self.deltas = [np.empty((batch, size), dtype=np.float32) for size in sizes]
        self.active = [np.empty((batch, size), dtype=bool) for size in sizes]
        self.labels = np.empty((batch, sizes[-1]), dtype=np.float32)
        self.ones = np.ones(batch, dtype=np.float32)
        self.n_steps = 0

    def differentiate(self, X: np.ndarray, y: np.ndarray, rows: np.ndarray) -> None:
        """Set the gradient of the mean squared error over these rows."""
        n_rows, last = len(rows), len(self.weights)
        outputs = [output[:n_rows] for output in self.outputs]
        deltas = [delta[:n_rows] for delta in self.deltas]
        labels = self.labels[:n_rows]
        # Without mode="clip", NumPy takes into a buffer of its own first.
        X.take(rows, axis=0, out=outputs[0], mode="clip")
        y.take(rows, axis=0, out=labels, mode="clip")
        for layer, (weight, bias) in enumerate(
            zip(self.weights, self.biases, strict=True), start=1
        ):
            output = outputs[layer]
            np.matmul(outputs[layer - 1], weight, out=output)
            output += bias
            if layer < last:
                np.maximum(output, 0.0, out=output)
        np.subtract(outputs[last], labels, out=deltas[last])
        deltas[last] *= 2.0 / deltas[last].size
        for layer in range(last, 0, -1):
            delta, before = deltas[layer], outputs[layer - 1]
            np.matmul(before.T, delta, out=self.weight_gradients[layer - 1])
            np.matmul(self.ones[:n_rows], delta, out=self.bias_gradients[layer - 1])
            if layer > 1:
                active = self.active[layer - 1][:n_rows]
                np.greater(before, 0.0, out=active)
                np.matmul(delta, self.weights[layer - 1].T, out=deltas[layer - 1])
                deltas[layer - 1] *= active

    def update(self) -> None:
        """Take one step of Adam."""
        self.n_steps += 1
        correction = np.sqrt(1.0 - BETA_2**self.n_steps)
        rate = LEARNING_RATE * correction / (1.0 - BETA_1**self.n_steps)
        gradient, scratch = self.gradient, self.scratch
        self.mean *= BETA_1
        np.multiply(gradient, 1.0 - BETA_1, out=scratch)
        self.mean += scratch
        self.square *= BETA_2
        gradient *= gradient
        gradient *= 1.0 - BETA_2
        self.square += gradient
        np.sqrt(self.square, out=scratch)
        scratch += EPSILON * correction
        np.divide(self.mean, scratch, out=scratch)
        scratch *= -float(rate)
        self.parameters += scratch


def _views(
    flat: np.ndarray, shapes: list[tuple[int, int]]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Weights and biases as parts of one array; the last row of a layer is its bias."""
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    layers = [
        part.reshape(shape)
        for part, shape in zip(np.split(flat, ends[:-1]), shapes, strict=True)
    ]
    return [layer[:-1] for layer in layers], [layer[-1] for layer in layers]


PEERS: dict[str, Trainer] = {
    "MLPRegressor": mlp_regressor,
    "skorch default": skorch_default,
    "torch by hand": torch_by_hand,
    "NumPy by hand": numpy_by_hand,
}
