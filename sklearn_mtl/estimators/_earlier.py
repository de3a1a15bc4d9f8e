"""What an estimator learned in an earlier fit, for one that goes on from it."""

from __future__ import annotations

from typing import Any

from sklearn_mtl.estimators._fit import Fitted
from sklearn_mtl.estimators._trust import Trust


def fitted_before(estimator: Any, goes_on: bool) -> Fitted | None:
    """Give what to go on from; None where a fit starts anew.

    Raises
    ------
    ValueError
        There is nothing that `freeze` could leave as it is.
    """
    if not goes_on and estimator.freeze is not None:
        raise ValueError(
            f"freeze={estimator.freeze!r} leaves as it is what an earlier fit learned, "
            "but warm_start=False starts anew. Set warm_start=True, or freeze=None."
        )
    if estimator.freeze is not None and estimator.auxiliary is not None:
        raise ValueError(
            f"freeze={estimator.freeze!r} does not go with auxiliary="
            f"{estimator.auxiliary!r}. Set freeze=None, or fit anew without auxiliary "
            "columns."
        )
    if not goes_on or not estimator.__sklearn_is_fitted__():
        return None
    trust = Trust(
        estimator.shrinkage_,
        estimator.temperature_,
        estimator.residual_std_,
        estimator._conformal,
        estimator._held_out_labels,
    )
    unit_std, gate_usage = estimator._unit_std, estimator._gate_usage
    return Fitted(estimator.stack_, unit_std, gate_usage, trust, teaching=[])
