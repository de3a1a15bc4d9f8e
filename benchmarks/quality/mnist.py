"""Permutation-invariant MNIST: the maxout network of Goodfellow et al. (2013).

Its published test error is 0.94 %. Three runs: without dropout, to see the validation
loss turn up again; with the authors' dropout and max-norm, on 50,000 of the training
images; and, as the authors do, the same on all 60,000. The other 10,000 training images
judge the first two runs and the schedule of the third. Each net reads the test images
once, when it is trained.
"""

from time import perf_counter
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback, LRScheduler

from benchmarks.benchmark import Benchmark, Case, Plan, Run, combined
from benchmarks.data import mnist
from benchmarks.report import figure_link, table
from sklearn_mtl import MultiTaskNetClassifier

N_VALIDATION, N_DIGITS = 10_000, 10
PLAIN = {
    "hidden_layer_sizes": (240, 240),
    "activation": "maxout",
    "maxout_pieces": 5,
    "dropout": 0.0,
    "n_members": 1,
    "n_bins": 0,
    "scale_inputs": False,
    "alpha": 0.0,
    "batch_size": 100,
    "n_iter_no_change": 1000,
    "random_state": 0,
}
DROPPED = PLAIN | {
    "dropout": 0.5,
    "input_dropout": 0.2,
    "max_norm": 1.9365,
    "solver": "sgd",
    "learning_rate_init": 0.1,
}
DECAY = 0.94
"""Each epoch's learning rate is this share of the last one's, with dropout."""

EPOCHS_PLAIN, EPOCHS_DROPPED = 20, 70
WITHOUT, WITH = "without dropout", "with dropout"
WITH_ALL = "with dropout, all images"


class ValidationErrors(Callback):
    """Share of the validation images that are misread, after each epoch."""

    def __init__(self, X: np.ndarray, digits: np.ndarray) -> None:
        self.X, self.digits = X, digits

    def on_train_begin(self, net, **kwargs) -> None:
        self.errors_: list[float] = []

    def on_epoch_end(self, net, **kwargs) -> None:
        net.module_.eval()
        with torch.no_grad():
            # Outputs are padded; the digits come first.
            raw = net.module_(torch.from_numpy(self.X))[0, :, :N_DIGITS]
        self.errors_.append(float((raw.argmax(dim=1).numpy() != self.digits).mean()))


def images(every: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pixels from 0 to 1 and digits, in the order of the original files."""
    X, y, is_train = mnist(every)
    train, n_validation = np.flatnonzero(is_train), N_VALIDATION // every
    parts = {
        "train": train[:-n_validation],
        "valid": train[-n_validation:],
        "all": train,
        "test": np.flatnonzero(~is_train),
    }
    return {name: (X[rows], y[rows]) for name, rows in parts.items()}


def cases(plan: Plan) -> list[Case]:
    return combined(net=(WITHOUT, WITH, WITH_ALL))


def measure(plan: Plan, net: str) -> dict[str, Any]:
    """Train for all epochs; the best one's weights are kept if images are held out.

    The net reads the test images once.
    """
    data = images(plan.shorten)
    X, y = data["all" if net == WITH_ALL else "train"]
    X_val, y_val = (None, None) if net == WITH_ALL else data["valid"]
    settings: dict[str, Any] = PLAIN if net == WITHOUT else DROPPED
    callbacks: list[Any] = []
    if net == WITH_ALL:
        settings = settings | {"early_stopping": False, "calibrate": False}
    else:
        callbacks += [("errors", ValidationErrors(X_val, y_val))]
    if net != WITHOUT:
        callbacks += [("decay", LRScheduler(policy="ExponentialLR", gamma=DECAY))]
    epochs = plan.fewer(EPOCHS_PLAIN if net == WITHOUT else EPOCHS_DROPPED)
    model = MultiTaskNetClassifier(**settings, max_iter=epochs, callbacks=callbacks)
    start = perf_counter()
    model.fit(X, y, X_val=X_val, y_val=y_val)
    seconds = perf_counter() - start
    result = {"images": len(X), "train": [row["train_loss"] for row in model.history_]}
    if net != WITH_ALL:
        best = int(model.best_epoch_[0])
        (errors,) = (c.errors_ for n, c in model.net_.callbacks_ if n == "errors")
        result |= {
            "valid": [row["valid_loss"] for row in model.history_],
            "valid_errors": errors,
            "best_epoch": best,
            "valid_error": errors[best - 1],
            "last_valid_error": errors[-1],
        }
    return result | {"seconds": seconds, "test_error": 1 - model.score(*data["test"])}


def as_table(runs: list[Run]) -> list[str]:
    rows = []
    for run in runs:
        valid = f"{run['valid_error']:.2%}" if "valid_error" in run else ""
        cells = [str(run["images"]), valid, f"{run['test_error']:.2%}"]
        cells += [str(run.get("best_epoch", "last")), str(len(run["train"]))]
        rows.append([run["net"], *cells, f"{run['seconds'] / 60:.1f}"])
    header = ["", "images", "validation error", "test error", "epoch kept", "epochs"]
    figure = figure_link("mnist", "Losses over epochs on MNIST")
    return [table([*header, "minutes"], rows), figure]


BENCHMARK = Benchmark(
    "MNIST", cases, measure, as_table, rounds=1, threads=2, needs=lambda case: "mnist"
)
