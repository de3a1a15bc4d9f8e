"""Some members of a stack as a stack of their own, and back."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

Tensor = torch.Tensor
Module = TypeVar("Module", bound=nn.Module)

CONTAINERS = {
    nn.ModuleList,
    nn.ModuleDict,
    nn.Sequential,
    nn.ParameterList,
    nn.ParameterDict,
}
"""Modules of torch that hold others, and nothing of their own."""


HOOKS = tuple(
    name
    for name, value in vars(nn.Module()).items()
    if "hooks" in name and isinstance(value, dict)
)
"""Attributes of every module, most of them empty; a deep copy takes as long for these
as for all else."""


def can_select_members(module: nn.Module) -> bool:
    """Tell whether each part of a module says what it has an entry a member of.

    Parameters
    ----------
    module : torch.nn.Module
        Asked with all that it consists of.

    Returns
    -------
    bool
        True where `select_members` can take members out of it.

    See Also
    --------
    select_members : Take members out of a module.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.nn import can_select_members
    >>> can_select_members(torch.nn.Linear(2, 1))
    False
    """
    return all(map(_is_told, module.modules()))


def select_members(module: Module, index: Any) -> Module:
    """Copy a network, loss or balancing, with some members only.

    Generators are those of the original, so that what they draw goes on; what has no
    entry a member is shared, or copied.

    Parameters
    ----------
    module : torch.nn.Module
        Each class in it declares `of_members`.
    index : int array of shape (k,)
        Members of the copy, in order; may be repeated.

    Returns
    -------
    torch.nn.Module
        Its parameters have no gradients yet.

    See Also
    --------
    put_members_back : Write a copy's members back.
    can_select_members : Whether a module can be cut so.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_mtl.nn import MultiTaskNetwork, select_members
    >>> network = MultiTaskNetwork(
    ...     n_members=3,
    ...     n_features=2,
    ...     task_of_output=np.array([0]),
    ...     prior_raw=np.array([0.5]),
    ...     hidden_layer_sizes=(4,),
    ...     generator=torch.Generator().manual_seed(0),
    ... )
    >>> some, x = select_members(network, [0, 2]), torch.ones(5, 2)
    >>> some.n_members
    2
    >>> torch.equal(some(x)[1], network(x)[2])
    True
    """
    _check_is_told(module)
    index = _checked(module, index)
    memo: dict[int, Any] = {id(buffer): buffer for buffer in module.buffers()}
    for parameter in module.parameters():
        memo[id(parameter)] = nn.Parameter(
            _picked(parameter.detach(), index), requires_grad=parameter.requires_grad
        )
    for part in module.modules():
        memo |= {id(found): found for _, found in _generators(part)}
        memo |= {id(vars(part)[name]): vars(part)[name].copy() for name in HOOKS}
        for _, value in _entries(part):
            is_tensor = isinstance(value, Tensor)
            memo[id(value)] = _picked(value, index) if is_tensor else value
    chosen = deepcopy(module, memo)
    for part, own in zip(module.modules(), chosen.modules(), strict=True):
        for name, value in _entries(part):
            if not isinstance(value, Tensor):
                setattr(own, name, _chosen(value, index))
        _hand_on_generators(part, own)
    return chosen


def put_members_back(module: nn.Module, chosen: nn.Module, index: Any) -> None:
    """Write the members of a copy over those of the module that they are of.

    Parameters
    ----------
    module : torch.nn.Module
        What members go back into.
    chosen : torch.nn.Module
        What ``select_members(module, index)`` returned.
    index : int array of shape (k,)
        No member twice.

    See Also
    --------
    select_members : Copy a module with some members only.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.nn import MemberDraws, StackedLinear
    >>> from sklearn_mtl.nn import put_members_back, select_members
    >>> draws = MemberDraws([1, 2], torch.Generator())
    >>> layer = StackedLinear((2,), 1, 1, gain=1.0, draws=draws)
    >>> second = select_members(layer, [1])
    >>> _ = second.bias.data.fill_(3.0)
    >>> put_members_back(layer, second, [1])
    >>> layer.bias.flatten().tolist()
    [0.0, 3.0]
    """
    index = _checked(module, index)
    if len(index.unique()) < len(index):
        raise ValueError(
            f"index={index.tolist()} repeats members, of which none can be put back "
            "twice. Select each member once."
        )
    with torch.no_grad():
        for part, own in zip(module.modules(), chosen.modules(), strict=True):
            for whole, some in _pairs(part, own):
                whole.index_copy_(0, _held(index, whole), some)
            _hand_on_generators(own, part)


def _pairs(part: nn.Module, own: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    """Tensors of members, each with that of the copy."""
    of_copy = own.parameters(recurse=False)
    yield from zip(part.parameters(recurse=False), of_copy, strict=True)
    for name, value in _entries(part):
        if isinstance(value, Tensor):
            yield value, getattr(own, name)


def _is_told(part: nn.Module) -> bool:
    kind = type(part)
    if "of_members" in vars(kind) or kind in CONTAINERS:
        return True
    has_state = any(True for _ in (*part.parameters(), *part.buffers()))
    is_plain = not has_state and not any(True for _ in part.children())
    return is_plain and kind.__module__.startswith("torch.")


def _check_is_told(module: nn.Module) -> None:
    for part in module.modules():
        if not _is_told(part):
            name = type(part).__name__
            raise TypeError(
                f"{name} does not say what it has an entry a member of, so that no "
                f"members can be selected. Set of_members in the body of class {name}: "
                "names of buffers, tensors and tuples with such an axis in front, "
                "parameters aside, and of the number of members; or ()."
            )


def _entries(part: nn.Module) -> Iterator[tuple[str, Any]]:
    """Give what a part has an entry a member of, beside parameters."""
    for name in vars(type(part)).get("of_members", ()):
        value = getattr(part, name, None)
        # One number stands for all members.
        if value is not None and not isinstance(value, float):
            yield name, value


def _chosen(value: Any, index: Tensor) -> Any:
    if isinstance(value, int):
        return len(index)
    if isinstance(value, tuple):
        return tuple(value[k] for k in index.tolist() if k < len(value))
    raise TypeError(
        f"of_members names {value!r}, of which no members can be selected. Make it a "
        "tensor or a tuple."
    )


def _picked(values: Tensor, index: Tensor) -> Tensor:
    return values.index_select(0, _held(index, values))


def _held(index: Tensor, values: Tensor) -> Tensor:
    """Those members that a tensor holds, which may be the first ones alone."""
    return index[index < len(values)].to(values.device)


def _generators(part: nn.Module) -> list[tuple[str, torch.Generator]]:
    # isinstance asks the metaclass, for each of some thirty attributes of a part.
    known = vars(part).items()
    return [(n, v) for n, v in known if torch.Generator in type(v).__mro__]


def _hand_on_generators(part: nn.Module, to: nn.Module) -> None:
    for name, generator in _generators(part):
        setattr(to, name, generator)


def _checked(module: nn.Module, index: Any) -> Tensor:
    asked = np.asarray(index)
    is_sorted = asked.ndim == 1 and bool((asked[1:] >= asked[:-1]).all())
    if asked.dtype.kind not in "iu" or not is_sorted or not len(asked):
        raise ValueError(
            f"index={index!r} is not a sorted sequence of integers. Pass the members "
            "to select, in order."
        )
    n_members = max(map(_n_members, module.modules()), default=0)
    if asked[0] < 0 or asked[-1] >= n_members:
        raise IndexError(
            f"index={index!r} names members that are not among the {n_members} of "
            f"{type(module).__name__}. Count members from 0."
        )
    return torch.from_numpy(asked.astype(np.int64))


def _n_members(part: nn.Module) -> int:
    found = [len(p) for p in part.parameters(recurse=False)]
    for _, value in _entries(part):
        found.append(value if isinstance(value, int) else len(value))
    return max(found, default=0)
