"""Members that have left the stack count with their last losses."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_mtl.training import with_last_losses
from sklearn_mtl.training._last_losses import mean_of_labelled

NAN = np.nan


def test_last_losses_stand_for_all_later_ones():
    losses = [
        np.array([[0.5, 0.6], [0.7, 0.8]]),
        np.array([[0.4, 0.5], [NAN, NAN]]),
        np.array([[NAN, NAN], [NAN, NAN]]),
    ]

    filled = with_last_losses(losses)

    assert_array_equal(filled[0], losses[0])
    assert_array_equal(filled[1], [[0.4, 0.5], [0.7, 0.8]])
    assert_array_equal(filled[2], [[0.4, 0.5], [0.7, 0.8]])
    assert np.isnan(losses[2]).all()


def test_a_loss_that_was_never_known_stays_missing():
    losses = [np.array([[NAN, 0.6]]), np.array([[NAN, 0.5]]), np.array([[NAN, NAN]])]

    filled = with_last_losses(losses)

    assert_array_equal(filled, [[[NAN, 0.6]], [[NAN, 0.5]], [[NAN, 0.5]]])


def test_no_epochs_have_no_losses():
    assert with_last_losses([]) == []


@pytest.mark.parametrize(
    ("loss", "mean"), [([0.2, NAN, 0.4], 0.3), ([NAN, NAN], NAN), ([np.inf, 1], np.inf)]
)
def test_mean_is_over_members_that_have_a_loss(loss, mean):
    assert mean_of_labelled(np.array(loss)) == pytest.approx(mean, nan_ok=True)
