"""What the parameters of the estimators may be."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_mtl.nn import ACTIVATIONS, MAXOUT

PARAMETER_CONSTRAINTS: dict[str, Any] = {
    "hidden_layer_sizes": [
        "array-like",
        Interval(Integral, 1, None, closed="left"),
    ],
    "activation": [StrOptions({*ACTIVATIONS, MAXOUT})],
    "maxout_pieces": [Interval(Integral, 2, None, closed="left")],
    "head_hidden_layer_sizes": [
        "array-like",
        Interval(Integral, 1, None, closed="left"),
        dict,
    ],
    "head_sparsity": [Interval(Real, 0, None, closed="left")],
    "sharing": [StrOptions({"auto", "hard"})],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "input_dropout": [Interval(Real, 0, 1, closed="left")],
    "max_norm": [Interval(Real, 0, None, closed="neither"), None],
    "input_noise": [Interval(Real, 0, None, closed="left")],
    "n_unsupervised_units": [Interval(Integral, 0, None, closed="left")],
    "reconstruction_weight": [
        Interval(Real, 0, None, closed="left"),
        StrOptions({"auto"}),
    ],
    "generative": ["boolean"],
    "n_members": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "task_types": "no_validation",
    "task_weights": "no_validation",
    "class_weight": "no_validation",
    "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
    "max_categories": [Interval(Integral, 1, None, closed="left")],
    "n_bins": [Interval(Integral, 0, None, closed="left"), StrOptions({"auto"})],
    "scale_inputs": ["boolean"],
    "solver": [StrOptions({"adam", "sgd"})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [
        Interval(Integral, 1, None, closed="left"),
        StrOptions({"auto"}),
    ],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "early_stopping": ["boolean"],
    "calibrate": ["boolean", StrOptions({"auto"})],
    "validation_fraction": [Interval(Real, 0, 0.5, closed="right")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "device": [str],
    "dtype": [StrOptions({"float32", "float64"})],
    "callbacks": ["array-like", None],
    "net_params": [dict, None],
}
