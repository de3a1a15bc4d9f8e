"""What a network hands on to one of further tasks, and what of it may be held."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import torch
from torch import nn

from sklearn_mtl.nn._network import MultiTaskNetwork


def hand_on(earlier: MultiTaskNetwork, grown: MultiTaskNetwork) -> None:
    """Give a network the weights that one of fewer tasks has learned.

    Parameters
    ----------
    earlier : MultiTaskNetwork
        Stays as it is.
    grown : MultiTaskNetwork
        Made by the same settings, for further tasks behind those of `earlier`.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_mtl.nn import MultiTaskNetwork, hand_on
    >>> def network(task_of_output, **settings):
    ...     return MultiTaskNetwork(
    ...         n_members=2,
    ...         n_features=3,
    ...         task_of_output=np.array(task_of_output),
    ...         prior_raw=np.zeros(len(task_of_output)),
    ...         hidden_layer_sizes=(4,),
    ...         generator=torch.Generator().manual_seed(0),
    ...         **settings,
    ...     )
    >>> earlier = network([0, 1])
    >>> grown = network([0, 1, 2], generation=[0, 0, 1])
    >>> hand_on(earlier, grown)
    >>> x = torch.ones(5, 3)
    >>> torch.equal(grown(x)[..., :2], earlier(x))
    True
    """
    for name in ("inputs", "sharing", "reconstruction"):
        part = getattr(earlier, name)
        if part is not None:
            _hand_on(part, getattr(grown, name))
    known = {tuple(part.tasks): part for part in earlier.heads.parts}
    for part in grown.heads.parts:
        own = known.get(tuple(part.tasks))
        if own is not None:
            _hand_on(own, part)


def _hand_on(earlier: nn.Module, grown: nn.Module) -> None:
    """Copy what both have; what is of further tasks alone stays as it was drawn."""
    state = earlier.state_dict()
    missing = [name for name in state if name not in grown.state_dict()]
    if missing:
        raise ValueError(
            f"{type(grown).__name__} of further tasks has no {missing[0]!r}, which it "
            "had before. Let grow keep the names of what setup made."
        )
    grown.load_state_dict(state, strict=False)


def own_of_tasks(
    network: MultiTaskNetwork,
) -> Iterator[tuple[list[int], nn.Module]]:
    """Give the modules that are of some tasks alone, with these tasks."""
    for part in network.heads.parts:
        yield part.tasks.tolist(), part
    yield from network.sharing.own_parts()


def held_parameters(
    network: MultiTaskNetwork, trained: Collection[int], *, shared_only: bool
) -> list[nn.Parameter]:
    """List the parameters that stay as they are while some tasks learn.

    Parameters
    ----------
    network : MultiTaskNetwork
        Whose parameters are listed.
    trained : collection of int
        Tasks whose own parameters may change.
    shared_only : bool
        Whether only what all tasks share is held, and what is of the other tasks
        alone; without, all is but what is of `trained` alone.

    Returns
    -------
    list of Parameter
        Those of a part that several tasks have are trained if one of these is.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_mtl.nn import MultiTaskNetwork, held_parameters
    >>> network = MultiTaskNetwork(
    ...     n_members=2,
    ...     n_features=3,
    ...     task_of_output=np.array([0, 1]),
    ...     prior_raw=np.zeros(2),
    ...     hidden_layer_sizes=(4,),
    ...     generation=[0, 1],
    ...     generator=torch.Generator().manual_seed(0),
    ... )
    >>> [tuple(p.shape) for p in held_parameters(network, [1], shared_only=False)]
    [(2, 3, 4), (2, 1, 4), (2, 4, 1), (2, 1, 1)]
    >>> [tuple(p.shape) for p in held_parameters(network, [0, 1], shared_only=True)]
    [(2, 3, 4), (2, 1, 4)]
    """
    own: set[int] = set()
    others: set[int] = set()
    for tasks, part in own_of_tasks(network):
        ids = own if set(tasks) & set(trained) else others
        ids |= {id(parameter) for parameter in part.parameters()}
    shared = {id(parameter) for _, parameter in network.shared_parameters()}
    everything = list(network.parameters())
    if shared_only:
        return [p for p in everything if id(p) in (shared | others) - own]
    return [p for p in everything if id(p) not in own]


def shares_parameters(network: nn.Module) -> bool:
    """Tell whether tasks have parameters in common, as far as is known.

    Parameters
    ----------
    network : Module
        A `MultiTaskNetwork`, or a module of one's own.

    Returns
    -------
    bool
        False for a module that does not name the parameters which tasks share.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.nn import shares_parameters
    >>> shares_parameters(torch.nn.Linear(2, 1))
    False
    """
    named = getattr(network, "shared_parameters", None)
    return named is not None and any(
        isinstance(parameter, torch.Tensor) for _, parameter in named()
    )
