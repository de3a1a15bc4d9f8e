"""Some members of a net, trained by themselves."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import torch
from skorch.history import History

from sklearn_mtl.nn import can_select_members, put_members_back, select_members

RATIOS = ("lr_ratio", "decay_ratio")
"""Options of a parameter group that have an entry a member."""


class Part(NamedTuple):
    """What a step works on: a whole net, or copies of some of its members.

    Attributes
    ----------
    members : int ndarray of shape (k,), or None for all
    module : torch.nn.Module
    criterion : TaskLoss
    optimizer : torch.optim.Optimizer
    """

    members: np.ndarray | None
    module: Any
    criterion: Any
    optimizer: Any

    def n_candidates(self, members: Any) -> int:
        """Count the candidates among its members; `members` are those of the net."""
        if members is None:
            return 1
        candidate = members.candidate
        own = candidate if self.members is None else candidate[self.members]
        return len(np.unique(own))

    def spread(self, values: np.ndarray, n_members: int) -> np.ndarray:
        """Spread what members of the part have over all; NaN for the others."""
        if self.members is None:
            return values
        everywhere = np.full((n_members, *values.shape[1:]), np.nan)
        everywhere[self.members] = values
        return everywhere

    def adopt_rates(self, optimizer: Any) -> None:
        """Take over what schedules have set, of which they tell the whole net alone."""
        if self.members is None:
            return
        for own, group in zip(
            self.optimizer.param_groups, optimizer.param_groups, strict=True
        ):
            own.update({k: group[k] for k in group if k not in ("params", *RATIOS)})
            own.update(_of_members(group, self.members))

    def put_back(self, net: Any) -> None:
        """Write what was learned into the whole net."""
        if self.members is None:
            return
        with torch.no_grad():
            for whole, own in (
                (net.module_, self.module),
                (net.criterion_, self.criterion),
            ):
                put_members_back(whole, own, self.members)
            for parameter, own in _pairs(net, self):
                state = net.optimizer_.state[parameter]
                for key, value in self.optimizer.state[own].items():
                    if not _is_of_members(value, own):
                        is_tensor = isinstance(value, torch.Tensor)
                        state[key] = value.clone() if is_tensor else deepcopy(value)
                        continue
                    if key not in state:
                        state[key] = value.new_zeros(parameter.shape)
                    index = _among(self.members, parameter)
                    state[key].index_copy_(0, index, value)


def can_part(net: Any) -> bool:
    """Tell whether members of a net can be trained by themselves."""
    return (
        hasattr(net.iterator_train, "select")
        and hasattr(net.iterator_valid, "select")
        and can_select_members(net.module_)
        and can_select_members(net.criterion_)
        and all(
            _is_of_members(value, parameter) or np.ndim(value) == 0
            for parameter, known in net.optimizer_.state.items()
            for value in known.values()
        )
    )


def part_of(net: Any, members: np.ndarray) -> Part:
    """Copy some members of a net, to be trained by themselves."""
    module = select_members(net.module_, members)
    criterion = select_members(net.criterion_, members)
    part = Part(members, module, criterion, None)
    optimizer = net.optimizer_
    memo: dict[int, Any] = {}
    for parameter, own in _pairs(net, part):
        memo[id(parameter)] = own
        for value in optimizer.state.get(parameter, {}).values():
            if _is_of_members(value, parameter):
                memo[id(value)] = value.index_select(0, _among(members, parameter))
    for group in optimizer.param_groups:  # of which a copy would look at each number
        memo |= {id(group[name]): group[name] for name in RATIOS if name in group}
    chosen = deepcopy(optimizer, memo)
    for group in chosen.param_groups:
        group.update(_of_members(group, members))
    return part._replace(optimizer=chosen)


def net_of_members(net: Any, members: np.ndarray) -> Any:
    """Make a net of some members, which shares callbacks and random draws."""
    part = object.__new__(type(net))
    part.__dict__.update(net.__dict__)
    own = part_of(net, members)
    part.members = net.members.select(members)
    if np.ndim(net.head_sparsity):
        part.head_sparsity = tuple(net.head_sparsity[k] for k in members)
    part.module_, part.criterion_ = own.module, own.criterion
    part.optimizer_ = own.optimizer
    part.history = History(dict(row) for row in net.history)
    for name in part.losses_by_epoch:
        losses = getattr(net, name)
        of_part = {key: [loss[members] for loss in losses[key]] for key in losses}
        setattr(part, name, of_part)
    return part


def _of_members(group: dict[str, Any], members: np.ndarray) -> dict[str, Any]:
    """Take the entries of some members of options that have one a member."""
    known = {name: group[name] for name in RATIOS if group.get(name) is not None}
    return {name: tuple(of[k] for k in members) for name, of in known.items()}


def state_beside_members(net: Any) -> list[dict[str, Any] | None]:
    """Copy what an optimizer knows of each parameter as a whole, such as its steps.

    None where it knows nothing yet.
    """
    known = [net.optimizer_.state.get(p, {}) for p in _parameters(net)]
    return [
        {k: deepcopy(v) for k, v in of_one.items() if not _is_of_members(v, p)}
        if of_one
        else None
        for p, of_one in zip(_parameters(net), known, strict=True)
    ]


def set_state_beside_members(net: Any, state: list[dict[str, Any] | None]) -> None:
    """Set what `state_beside_members` told of a net with these or other members."""
    for parameter, known in zip(_parameters(net), state, strict=True):
        if known is None:
            net.optimizer_.state.pop(parameter, None)
        else:
            net.optimizer_.state[parameter].update(deepcopy(known))


def _parameters(net: Any) -> list[Any]:
    return [*net.module_.parameters(), *net.criterion_.parameters()]


def _pairs(net: Any, part: Part) -> list[tuple[Any, Any]]:
    """Parameters of a net, each with its copy in a part."""
    own = [*part.module.parameters(), *part.criterion.parameters()]
    return list(zip(_parameters(net), own, strict=True))


def _is_of_members(value: Any, parameter: torch.Tensor) -> bool:
    return isinstance(value, torch.Tensor) and value.shape == parameter.shape


def _among(members: np.ndarray, parameter: torch.Tensor) -> torch.Tensor:
    """Those members that a parameter holds, which may be the first ones alone."""
    held = torch.tensor(members[members < len(parameter)])
    return held.to(parameter.device)
