"""Dynamic weight average against its formula."""

import numpy as np
import torch
from numpy.testing import assert_allclose

from sklearn_mtl.balancing import DynamicWeightAverage

EPOCHS = np.array([[[1.0, 0.9, 0.8]], [[0.7, 0.8, 0.8]], [[0.6, 0.3, 0.79]]])
ONES = torch.ones(1, 3, dtype=torch.float64)


def balancing(temperature=2.0):
    made = DynamicWeightAverage(temperature)
    made.setup(ONES / 3, torch.Generator())
    return made


def test_weights_are_those_of_liu_et_al():
    made = balancing(1.5)
    weights = []
    for losses in EPOCHS:
        weights.append(made.weights(ONES).numpy())
        made.end_epoch(torch.from_numpy(losses))
    weights.append(made.weights(ONES).numpy())

    assert_allclose(weights[:2], 1 / 3)
    for epoch in (2, 3):
        rate = EPOCHS[epoch - 1] / EPOCHS[epoch - 2]
        expected = np.exp(rate / 1.5) / np.exp(rate / 1.5).sum()
        assert_allclose(weights[epoch], expected, rtol=1e-6)


def test_losses_without_a_ratio_count_as_if_they_stood_still():
    made = balancing()
    made.end_epoch(torch.tensor([[1.0, 1.0, -0.1]]))
    made.end_epoch(torch.tensor([[1.0, 0.0, 0.5]]))

    assert_allclose(made.weights(ONES), 1 / 3)
