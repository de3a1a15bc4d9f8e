"""A fit as scikit-learn's callbacks see it: parts, and epochs in each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from sklearn_mtl.estimators._codings import Codings
from sklearn_mtl.estimators._fitted_stack import FittedStack


@contextmanager
def told_to_callbacks(
    estimator: Any, X: Any, y: Any, sample_weight: Any
) -> Iterator[FitTasks | None]:
    """Tell the callbacks of `set_callbacks` of a fit; None where there are none."""
    if not getattr(estimator, "_skl_callbacks", None):
        yield None
        return
    most_parts = 1 if estimator.own_nets == "never" else 2
    root = estimator._init_callback_context(max_subtasks=most_parts)
    known = {"X": X, "y": y, "metadata": None}
    if sample_weight is not None:
        known["metadata"] = {"sample_weight": sample_weight}
    root.call_on_fit_task_begin(estimator=estimator, **known)
    yield FitTasks(estimator, root, known)
    root.call_on_fit_task_end(
        estimator=estimator, **known, reconstruction_attributes={}
    )


class FitTasks:
    """Watches the course of a fit and tells callbacks of scikit-learn.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator or a sibling
    root : sklearn.callback.CallbackContext
        Of the whole fit.
    known : dict
        X, y and metadata, for callbacks that ask for these.

    Attributes
    ----------
    codings : Codings or None
        Of the fit, once they are known; callbacks can then be given an estimator that
        predicts as the weights of the epoch do.
    """

    def __init__(self, estimator: Any, root: Any, known: dict[str, Any]) -> None:
        self.estimator, self.root, self.known = estimator, root, known
        self.codings: Codings | None = None
        self._part: Any = None
        self._epoch: Any = None

    def part_begins(self, name: str, most_epochs: int) -> None:
        """Begin the task of a part, as `MultiTaskNet.part` names it."""
        self._part = self.root.subcontext(task_name=name, max_subtasks=most_epochs)
        self._part.call_on_fit_task_begin(estimator=self.estimator, **self.known)

    def epoch_begins(self, net: Any) -> None:
        """Begin the task of an epoch."""
        self._epoch = self._part.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self.estimator, **self.known)

    def epoch_ends(self, net: Any) -> bool:
        """End the task of an epoch; whether a callback asks to end the part."""
        epoch, self._epoch = self._epoch, None
        return bool(
            epoch.call_on_fit_task_end(
                estimator=self.estimator,
                **self.known,
                reconstruction_attributes=lambda: self._learned_so_far(net),
            )
        )

    def part_ends(self) -> bool:
        """End the task of a part; whether a callback asks to end the fit."""
        if self._epoch is not None:  # broken off
            self._epoch.call_on_fit_task_end(estimator=self.estimator, **self.known)
            self._epoch = None
        return bool(
            self._part.call_on_fit_task_end(estimator=self.estimator, **self.known)
        )

    def _learned_so_far(self, net: Any) -> dict[str, Any] | None:
        """Tell what an estimator needs to predict by the weights of this epoch.

        Those of all columns: of columns that are tried alone, nothing is kept yet.
        """
        if self.codings is None or net.part != "shared":
            return None
        n_tasks = len(self.codings.predicted)
        stack = FittedStack(
            net=net,
            own_net=None,
            codings=self.codings,
            shrinkage=np.ones(n_tasks),
            temperature=np.ones(n_tasks),
            fold_seed=0,
        )
        return {
            "stack_": stack,
            "net_": net,
            "own_net_": None,
            "tasks_": self.codings.predicted_tasks,
            "feature_encoder_": self.codings.encoder,
            "n_outputs_": n_tasks,
        }
