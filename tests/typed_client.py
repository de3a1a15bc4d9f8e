"""What type checkers find in a program that uses the package; ``make lint`` checks it.

Under the flags of ``mypy --strict`` (pyproject.toml); `assert_type` is an error where
a call has lost its type.
"""

from typing import Any, assert_type

import numpy as np

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)


def main() -> None:
    small: dict[str, Any] = {"hidden_layer_sizes": (4,), "n_members": 2, "max_iter": 1}
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.c_[X[:, 0], X[:, 1] > 0]
    net = MultiTaskNetEstimator(**small).fit(X, y)
    assert_type(net, MultiTaskNetEstimator)
    assert_type(net.partial_fit(X, y), MultiTaskNetEstimator)
    regressor = MultiTaskNetRegressor(**small).fit(X, y)
    assert_type(regressor, MultiTaskNetRegressor)
    assert_type(regressor.partial_fit(X, y), MultiTaskNetRegressor)
    classifier = MultiTaskNetClassifier(**small).fit(X, y[:, 1])
    assert_type(classifier, MultiTaskNetClassifier)
    assert_type(classifier.partial_fit(X, y[:, 1]), MultiTaskNetClassifier)
    mean, std = net.predict(X, return_std=True)
    assert_type(net.fit(X, y).predict_interval(X, coverage=0.8), tuple[Any, Any])
    assert_type(net.score(X, y), float)
    probabilities, sets = net.predict_proba(X), net.predict_set(X)
    losses = [row["train_loss"] for row in net.history_]
    print(mean, std, probabilities, sets, losses)
    print(net.estimators_[1].predict_proba(X))


if __name__ == "__main__":
    main()
