"""What all tests of wrong calls share."""

import re

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_mtl import MultiTaskNetClassifier

SMALL = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 2,
    "random_state": 0,
}


def refuses(net, words, X, y, error=ValueError, method="fit", **more):
    """Fail as expected, and leave both a fresh and a fitted estimator alone.

    `words` are parts of the message, in any order.
    """
    with pytest.raises(error) as caught:
        getattr(net, method)(X, y, **more)
    said = str(caught.value)
    for word in words:
        assert re.search(word, said), f"{word!r} is missing in: {said}"


def good_tables():
    rows = np.random.default_rng(1).normal(size=(20, 3))
    return rows, rows[:, 0]


def refuses_before_and_after_fit(net, words, X, y, error=ValueError, **more):
    """Fail twice: a fresh estimator stays fresh, a fitted one predicts as before."""
    before = dict(vars(net))
    refuses(net, words, X, y, error, **more)
    assert vars(net) == before
    with pytest.raises(NotFittedError):
        net.predict(X)

    rows, labels = good_tables()
    if isinstance(net, MultiTaskNetClassifier):
        labels = labels > 0
    parameters = net.get_params()
    fitted = type(net)(**SMALL).fit(rows, labels).set_params(**parameters)
    state, predicted = dict(vars(fitted)), fitted.predict(rows)
    refuses(fitted, words, X, y, error, **more)
    assert vars(fitted).keys() == state.keys()
    assert all(vars(fitted)[name] is value for name, value in state.items())
    np.testing.assert_array_equal(fitted.predict(rows), predicted)


def fails_saying(words, call, error=(TypeError, ValueError)):
    """Call; the message holds all of the words, in any order."""
    with pytest.raises(error) as caught:
        call()
    said = str(caught.value)
    for word in words:
        assert word in said, f"{word!r} is missing in: {said}"
