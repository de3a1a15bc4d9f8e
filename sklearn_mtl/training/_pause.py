"""Where the training of a net was paused, from which some of its members go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback

from sklearn_mtl.training._batches import MemberRows
from sklearn_mtl.training._best_weights import OF_MEMBERS
from sklearn_mtl.training._course import Course
from sklearn_mtl.training._cut import train, trains_at_once
from sklearn_mtl.training._members import Members
from sklearn_mtl.training._net import MultiTaskNet
from sklearn_mtl.training._part import can_part, net_of_members
from sklearn_mtl.training._stop_together import OF_CANDIDATES

PAUSE = "pause"
"""Name of the callback."""


class Pause(Callback):
    """Note where members stand at the end of the last epoch, and let them go on.

    Training ends with the best weights of each member. Here the last ones are kept
    beside, and what stopping early has seen, so that training on is what it would have
    been without a pause. The callback stands behind all others.

    Parameters
    ----------
    epoch : int
        Number of the last one.
    """

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self._noted: dict[str, Any] | None = None

    @property
    def has_noted(self) -> bool:
        """Whether training got to the pause, or to its end before."""
        return self._noted is not None

    @property
    def has_going(self) -> bool:
        """Whether some member has not stopped."""
        noted = self._noted
        return noted is not None and not noted["best_weights"]["_stopped"].all()

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Put members where they were."""
        if self._noted is None:
            return
        callbacks, noted = dict(net.callbacks_), self._noted
        self._noted = None
        with torch.no_grad():
            for parameter, last in zip(_trained(net), noted["weights"], strict=True):
                parameter.copy_(last)
        net._last_losses = noted["losses"]
        net._last_of_columns = noted["of_columns"]
        callbacks["best_weights"].stand(noted["best_weights"])
        groups = net.optimizer_.param_groups
        callbacks["stop_together"].stand(noted["stop_together"], groups)
        net.let_others_go(np.flatnonzero(callbacks["best_weights"].going))

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Note where members are."""
        callbacks = dict(net.callbacks_)
        some_go = callbacks["best_weights"].going.any() and net.course.goes_on()
        if some_go and len(net.history) < self.epoch:
            return
        self._noted = {
            "weights": [p.detach().clone() for p in _trained(net)],
            "losses": dict(net._last_losses),
            "of_columns": dict(net._last_of_columns),
            **{k: callbacks[k].standing() for k in ("best_weights", "stop_together")},
        }

    def select(self, members: np.ndarray, candidates: np.ndarray) -> Pause:
        """Give the pause of some candidates, with all of their members."""
        chosen = Pause(self.epoch)
        if self._noted is not None:
            noted = self._noted
            chosen._noted = {
                "weights": [_of(w, members) for w in noted["weights"]],
                "losses": {k: of[members] for k, of in noted["losses"].items()},
                "of_columns": {k: of[members] for k, of in noted["of_columns"].items()},
                "best_weights": _best_of(noted["best_weights"], members),
                "stop_together": {
                    name: of[candidates if name in OF_CANDIDATES else members]
                    for name, of in noted["stop_together"].items()
                },
            }
        return chosen


def _trained(net: Any) -> list[torch.Tensor]:
    return [p for _, p in net.get_all_learnable_params() if p.requires_grad]


def _of(value: torch.Tensor, members: np.ndarray) -> torch.Tensor:
    """Pick members of a tensor, which may be of the first ones alone."""
    held = torch.tensor(members[members < len(value)]).to(value.device)
    return value.index_select(0, held)


def _best_of(noted: dict[str, Any], members: np.ndarray) -> dict[str, Any]:
    diverged = {
        position: noted["diverged_"][k]
        for position, k in enumerate(members.tolist())
        if k in noted["diverged_"]
    }
    kept = [_of(weights, members) for weights in noted["_kept"]]
    of_members = {name: noted[name][members] for name in OF_MEMBERS}
    return of_members | {"diverged_": diverged, "_kept": kept}


def pause_at(net: MultiTaskNet, epoch: int) -> None:
    """Let the training of a net be one that can go on after an epoch.

    Where it cannot, `is_paused` tells.
    """
    if (
        trains_at_once(net)
        and {"best_weights", "stop_together"} <= dict(net.callbacks_).keys()
    ):
        net.callbacks_ = [*net.callbacks_, (PAUSE, Pause(epoch))]


def is_paused(net: MultiTaskNet) -> bool:
    """Tell whether members of a trained net can go on."""
    pause = dict(net.callbacks_).get(PAUSE)
    return pause is not None and pause.has_noted and can_part(net)


def go_on(
    net: MultiTaskNet,
    rows: MemberRows,
    candidates: np.ndarray,
    members: Members,
    epoch: int,
    course: Course,
) -> tuple[MultiTaskNet, MemberRows]:
    """Train some candidates of a paused net to a later epoch.

    Parameters
    ----------
    net : MultiTaskNet
        Not to be used afterwards, as its random draws go on.
    rows : MemberRows
        Of its members.
    candidates : int ndarray of shape (k,)
        Those that go on, in increasing order.
    members : Members
        Theirs, in the order of the net.
    epoch : int
        The last one, counted from the beginning.
    course : Course

    Returns
    -------
    MultiTaskNet, MemberRows
        Of these candidates; paused again.
    """
    positions = np.flatnonzero(np.isin(net.members.candidate, candidates))
    pause = dict(net.callbacks_)[PAUSE].select(positions, candidates)
    pause.epoch = epoch
    others = [pair for pair in net.callbacks_ if pair[0] != PAUSE]
    chosen: MultiTaskNet = net_of_members(net, positions)
    chosen.members, chosen.callbacks_ = members, [*others, (PAUSE, pause)]
    own_rows = rows.select(positions)
    if pause.has_going and epoch > len(net.history):
        train(chosen, own_rows, epoch - len(net.history), course)
    return chosen, own_rows
