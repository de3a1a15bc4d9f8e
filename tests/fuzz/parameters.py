"""Values of parameters that are allowed, alone and with each other."""

from sklearn_mtl.balancing import BALANCING, UncertaintyWeighting
from sklearn_mtl.nn import Autoencoder, VariationalAutoencoder

TINY = {
    "hidden_layer_sizes": (4,),
    "n_members": 2,
    "max_iter": 2,
    "random_state": 0,
    "device": "cpu",
}
ALLOWED = {
    "hidden_layer_sizes": [(), 3, (4, 4)],
    "activation": ["tanh", "logistic", "identity", "gelu", "maxout"],
    "maxout_pieces": [2],
    "head_hidden_layer_sizes": [3, (3, 2)],
    "head_sparsity": [0.1],
    "own_nets": ["never"],
    "balancing": [*BALANCING, UncertaintyWeighting()],
    "dropout": [0.0, 0.9],
    "input_dropout": [0.3],
    "max_norm": [0.5],
    "reconstruction": [Autoencoder(2), VariationalAutoencoder(2)],
    "n_members": [1, 3, "auto"],
    "class_weight": ["balanced"],
    "categorical_features": ["from_dtype", None, [0]],
    "max_categories": [2, 30],
    "n_bins": [0, 2, 8],
    "scale_inputs": [False],
    "solver": ["adam", "sgd"],
    "alpha": [0.0, 1.0],
    "batch_size": [1, 7, 1000],
    "learning_rate": ["adaptive", "invscaling"],
    "scoring": [None, "r2", "accuracy"],
    "learning_rate_init": [1e-6, 0.1],
    "max_iter": [1, 4],
    "time_limit": [0.001, 60],
    "random_state": [None, 3],
    "tol": [0.0, 1.0],
    "warm_start": [True],
    "early_stopping": [False],
    "calibrate": [True, False],
    "validation_fraction": [0.3, 0.5],
    "cv": [2, 3],
    "n_iter_no_change": [1],
    "dtype": ["float64"],
    "precision": ["bfloat16"],
}
