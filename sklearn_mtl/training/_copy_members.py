"""From the members of one net to those of another one."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from sklearn_mtl.training._net import MultiTaskNet


def copy_members(
    source: MultiTaskNet, origin: np.ndarray, target: MultiTaskNet
) -> None:
    """Give members of a net the weights that members of another one have.

    Parameters
    ----------
    source : MultiTaskNet
    origin : int ndarray of shape (K,)
        The member of `source` whose weights each member of `target` takes, in
        non-decreasing order; all of them, each once, where both have as many.
    target : MultiTaskNet
        Made by the same settings; its weights of tasks stay what they are.
    """
    _copy(source.module_, origin, target.module_)
    weight = target.criterion_.task_weight.clone()
    _copy(source.criterion_, origin, target.criterion_)
    target.criterion_.task_weight.copy_(weight)


def go_on_with(source: MultiTaskNet, origin: np.ndarray, target: MultiTaskNet) -> None:
    """Let a new net go on where members of another one are, as if it were these.

    Parameters
    ----------
    source, origin, target : as in `copy_members`
    """
    copy_members(source, origin, target)
    for before, now in zip(_parameters(source), _parameters(target), strict=True):
        target.optimizer_.state[now] = {
            key: _of(value, origin, now) if np.ndim(value) else value.clone()
            for key, value in source.optimizer_.state.get(before, {}).items()
        }
    best_of_source = dict(source.callbacks_)["best_weights"]
    best = dict(target.callbacks_)["best_weights"]
    best.best_epoch_ = best_of_source.best_epoch_[origin]
    best.best_loss_ = best_of_source.best_loss_[origin]
    target.history = source.history
    for name in target.losses_by_epoch:
        of_origin = {
            part: [loss[origin] for loss in losses]
            for part, losses in getattr(source, name).items()
        }
        setattr(target, name, of_origin)


def _parameters(net: MultiTaskNet) -> list[nn.Parameter]:
    return [p for group in net.optimizer_.param_groups for p in group["params"]]


def _copy(source: nn.Module, origin: np.ndarray, target: nn.Module) -> None:
    state = source.state_dict()
    wanted = target.state_dict()
    target.load_state_dict({k: _of(v, origin, wanted[k]) for k, v in state.items()})


def _of(value: torch.Tensor, origin: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    """Pick members of a tensor; what has no axis of members stays as it is."""
    if value.shape == like.shape:
        return value.clone()
    held = torch.tensor(origin[origin < len(value)]).to(value.device)
    return value.index_select(0, held)
