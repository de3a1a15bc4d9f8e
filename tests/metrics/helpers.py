"""Settings that tests of scores share."""

from sklearn_mtl.tasks import Quantile

NAMES = ["price", "sold", "city", "grade", "visits", "load"]

KINDS = {"grade": "ordinal", "visits": "count", "load": Quantile((0.1, 0.5, 0.8))}

SMALL = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 3,
    "batch_size": 64,
    "random_state": 0,
}
