import sys

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.plotting import (
    GateUsageDisplay,
    TaskAffinityDisplay,
    TaskComparisonDisplay,
    TrainingCurveDisplay,
)

LOSS = np.ones((2, 1, 1))
FITS_NOTHING = MultiTaskNetRegressor(max_iter=-1)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: TaskAffinityDisplay.from_estimator(FITS_NOTHING, LOSS, LOSS),
        lambda: TaskComparisonDisplay.from_estimator(FITS_NOTHING, LOSS, LOSS),
        lambda: TrainingCurveDisplay(
            epochs=np.arange(2),
            train_loss=LOSS,
            valid_loss=None,
            task_names=["a"],
            best_epoch=None,
        ).plot(),
        lambda: GateUsageDisplay(LOSS[0], task_names=["a"], n_members=1).plot(),
        lambda: TaskAffinityDisplay(Bunch()).plot(),
        lambda: TaskComparisonDisplay(Bunch()).plot(),
    ],
)
def test_without_matplotlib_displays_say_so_before_anything_is_fitted(
    draw, monkeypatch
):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        draw()
