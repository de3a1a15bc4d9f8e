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

from benchmarks.benchmark import Benchmark, Case, Plan, Run
from benchmarks.data import mnist
from benchmarks.report import figure_link, table
from sklearn_mtl import MultiTaskNetClassifier

N_VALIDATION, N_DIGITS = 10_000, 10
PUBLISHED = 0.0094
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


def decay() -> tuple[str, LRScheduler]:
    return "decay", LRScheduler(policy="ExponentialLR", gamma=DECAY)


def fit_validated(
    data: dict, epochs: int, settings: dict[str, Any], callbacks: list
) -> tuple[MultiTaskNetClassifier, dict[str, Any]]:
    """Train for all epochs on 50,000 images; weights of the best one are kept."""
    X_val, y_val = data["valid"]
    callbacks = [("errors", ValidationErrors(X_val, y_val)), *callbacks]
    net = MultiTaskNetClassifier(**settings, max_iter=epochs, callbacks=callbacks)
    start = perf_counter()
    net.fit(*data["train"], X_val=X_val, y_val=y_val)
    seconds = perf_counter() - start
    best = int(net.best_epoch_[0])
    (errors,) = (c for name, c in net.net_.callbacks_ if name == "errors")
    return net, {
        "images": len(data["train"][0]),
        "train": [row["train_loss"] for row in net.history_],
        "valid": [row["valid_loss"] for row in net.history_],
        "valid_errors": errors.errors_,
        "best_epoch": best,
        "valid_error": errors.errors_[best - 1],
        "last_valid_error": errors.errors_[-1],
        "seconds": seconds,
    }


def fit_all(data: dict, epochs: int) -> tuple[MultiTaskNetClassifier, dict[str, Any]]:
    """Train on all 60,000 images, for the schedule that was judged on 50,000."""
    net = MultiTaskNetClassifier(
        **DROPPED,
        max_iter=epochs,
        early_stopping=False,
        calibrate=False,
        callbacks=[decay()],
    )
    start = perf_counter()
    net.fit(*data["all"])
    return net, {
        "images": len(data["all"][0]),
        "train": [row["train_loss"] for row in net.history_],
        "seconds": perf_counter() - start,
    }


def cases(plan: Plan) -> list[Case]:
    return [{"net": name} for name in (WITHOUT, WITH, WITH_ALL)]


def measure(plan: Plan, net: str) -> dict[str, Any]:
    """Fit a net, which then reads the test images once."""
    data = images(plan.shorten)
    if net == WITHOUT:
        fitted, result = fit_validated(data, plan.fewer(EPOCHS_PLAIN), PLAIN, [])
    elif net == WITH:
        epochs = plan.fewer(EPOCHS_DROPPED)
        fitted, result = fit_validated(data, epochs, DROPPED, [decay()])
    else:
        fitted, result = fit_all(data, plan.fewer(EPOCHS_DROPPED))
    return result | {"test_error": 1 - fitted.score(*data["test"])}


def as_table(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        valid = f"{run['valid_error']:.2%}" if "valid_error" in run else ""
        cells = [str(run["images"]), valid, f"{run['test_error']:.2%}"]
        cells += [str(run.get("best_epoch", "last")), str(len(run["train"]))]
        rows.append([run["net"], *cells, f"{run['seconds'] / 60:.1f}"])
    header = ["", "images", "validation error", "test error", "epoch kept", "epochs"]
    return "\n\n".join(
        [
            "784-maxout-maxout-10 with 240 units of five pieces, one member, 10,000 of "
            "the 60,000 training images to validate on. Without dropout: Adam at a "
            "constant rate. With dropout: gradient descent with momentum, its rate "
            f"multiplied by {DECAY} each epoch. The last net trains on all 60,000 "
            "images for the whole schedule, without early stopping. The error that "
            "Goodfellow et al. (2013) publish for this network, trained on all 60,000 "
            f"in the end, is {PUBLISHED:.2%}. 10,000 test images tell errors apart to "
            "about 0.1 points. Minutes are those of runs beside other work of the "
            "machine.",
            table([*header, "minutes"], rows),
            figure_link("mnist", "Losses over epochs on MNIST"),
        ]
    )


BENCHMARK = Benchmark(
    title="MNIST",
    cases=cases,
    measure=measure,
    table=as_table,
    rounds=1,
    threads=2,
    needs=lambda case: "mnist",
)
