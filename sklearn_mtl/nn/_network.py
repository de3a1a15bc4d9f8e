"""A stack of networks: a trunk that all tasks share, and a head for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from sklearn_mtl.nn._activations import ACTIVATIONS
from sklearn_mtl.nn._layers import Dropout, StackedLinear
from sklearn_mtl.nn._pieces import PiecewiseLinear


class MultiTaskNetwork(nn.Module):
    """K members, each a shared trunk under one head a task.

    Parameters
    ----------
    n_members : int
        K.
    n_features : int
        d.
    task_of_output : int array of shape (C,)
        The task that owns each raw output; tasks are numbered from 0 without gaps.
    prior_raw : float array of shape (C,)
        Initial bias of the raw outputs, so that training starts at the prior.
    hidden_layer_sizes : sequence of int
        Widths of the shared layers; may be empty.
    head_hidden_layer_sizes : sequence of int
        Widths of the private layers of each task; may be empty.
    pieces : sequence of ndarray, or None
        Those of a `PiecewiseLinear` before the first layer.
    activation : str
        A name in `ACTIVATIONS`.
    dropout : float
        Share of hidden units that are dropped while training.
    dtype : torch.dtype
        Number format of the parameters.
    generator : torch.Generator
        Draws initial weights and dropped units.
    """

    def __init__(
        self,
        *,
        n_members: int,
        n_features: int,
        task_of_output: np.ndarray,
        prior_raw: np.ndarray,
        hidden_layer_sizes: Sequence[int],
        head_hidden_layer_sizes: Sequence[int] = (),
        pieces: Sequence[np.ndarray] | None = None,
        activation: str = "relu",
        dropout: float = 0.0,
        dtype: torch.dtype = torch.float32,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.n_members = n_members
        self.pieces = None
        if pieces is not None:
            self.pieces = PiecewiseLinear(pieces)
            n_features += self.pieces.n_pieces
        self.trunk = Trunk(
            n_members, n_features, hidden_layer_sizes, activation, dropout, generator
        )
        n_shared = hidden_layer_sizes[-1] if len(hidden_layer_sizes) else n_features
        if len(head_hidden_layer_sizes):
            self.heads: nn.Module = PrivateHeads(
                n_members,
                n_shared,
                head_hidden_layer_sizes,
                task_of_output,
                activation,
                dropout,
                generator,
            )
        else:
            self.heads = StackedLinear(
                (n_members,),
                n_shared,
                len(task_of_output),
                gain=OUTPUT_GAIN,
                generator=generator,
            )
        self.set_prior(prior_raw)
        self.to(dtype)

    def set_prior(self, prior_raw: np.ndarray) -> None:
        """Let every member start from predicting the prior."""
        bias = self.heads.bias
        assert isinstance(bias, torch.Tensor)
        with torch.no_grad():
            bias.copy_(torch.from_numpy(prior_raw).to(bias).view(bias.shape[1:]))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map features (B, d), or (K, B, d), to raw outputs (K, B, C)."""
        if self.pieces is not None:
            features = self.pieces(features)
        return self.heads(self.trunk(features))


OUTPUT_GAIN = 0.1
"""Small initial output weights keep the first predictions near the prior."""


class Trunk(nn.Module):
    """The layers that all tasks share."""

    def __init__(
        self,
        n_members: int,
        n_features: int,
        sizes: Sequence[int],
        activation: str,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.activation = activation
        widths = [n_features, *sizes]
        self.layers = nn.ModuleList(
            StackedLinear(
                (n_members,),
                n_in,
                n_out,
                gain=ACTIVATIONS[activation].gain,
                generator=generator,
            )
            for n_in, n_out in pairwise(widths)
        )
        self.dropout = Dropout(dropout, generator)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map (B, d) or (K, B, d) to the shared representation (K, B, h)."""
        activate = ACTIVATIONS[self.activation].value
        hidden = features
        for layer in self.layers:
            hidden = self.dropout(activate(layer(hidden)))
        return hidden


class PrivateHeads(nn.Module):
    """Layers of each task's own, all tasks computed together.

    The first private layer of all tasks is one linear map of the shared units; every
    further one is a batched product over members and tasks. The last product is
    batched over raw outputs, so that tasks may own different numbers of them.
    """

    task_of_output: torch.Tensor

    def __init__(
        self,
        n_members: int,
        n_shared: int,
        sizes: Sequence[int],
        task_of_output: np.ndarray,
        activation: str,
        dropout: float,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.activation = activation
        n_tasks = int(task_of_output[-1]) + 1
        self.n_tasks = n_tasks
        self.one_output_each = n_tasks == len(task_of_output)
        self.register_buffer("task_of_output", torch.from_numpy(task_of_output))
        self.first = StackedLinear(
            (n_members,),
            n_shared,
            n_tasks * sizes[0],
            gain=ACTIVATIONS[activation].gain,
            generator=generator,
        )
        self.inner = nn.ModuleList(
            StackedLinear(
                (n_members, n_tasks),
                n_in,
                n_out,
                gain=ACTIVATIONS[activation].gain,
                generator=generator,
            )
            for n_in, n_out in pairwise(sizes)
        )
        self.last = StackedLinear(
            (n_members, len(task_of_output)),
            sizes[-1],
            1,
            gain=OUTPUT_GAIN,
            generator=generator,
        )
        self.dropout = Dropout(dropout, generator)

    @property
    def bias(self) -> torch.Tensor:
        """Bias of the raw outputs, of shape (K, C, 1, 1)."""
        return self.last.bias

    def forward(self, shared: torch.Tensor) -> torch.Tensor:
        """Map shared units (K, B, h) to raw outputs (K, B, C)."""
        activate = ACTIVATIONS[self.activation].value
        hidden = self.dropout(activate(self.first(shared)))
        hidden = hidden.unflatten(-1, (self.n_tasks, -1)).transpose(1, 2)
        for layer in self.inner:
            hidden = self.dropout(activate(layer(hidden)))
        if not self.one_output_each:
            hidden = hidden.index_select(1, self.task_of_output)
        return self.last(hidden).squeeze(-1).transpose(1, 2)
