"""A stack of networks: units that all tasks share, and a head for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import torch
from sklearn.base import clone
from torch import nn

from sklearn_mtl.nn._decoder import Decoded
from sklearn_mtl.nn._hard_sharing import HardSharing
from sklearn_mtl.nn._hidden_units import HiddenUnits, layers_used
from sklearn_mtl.nn._inputs import Inputs
from sklearn_mtl.nn._latent import Latent
from sklearn_mtl.nn._layer import Binding, Layer, check_is_module
from sklearn_mtl.nn._layers import StackedLinear
from sklearn_mtl.nn._links import Links
from sklearn_mtl.nn._mixed_heads import make_heads
from sklearn_mtl.nn._network_checks import check_one_each, check_sharing
from sklearn_mtl.nn._network_pass import Joint, NetworkPass, Stages
from sklearn_mtl.nn._random import MemberDraws, draw_seeds
from sklearn_mtl.nn._reconstruction import Autoencoder
from sklearn_mtl.nn._sharing import Sharing, set_up

Tensor = torch.Tensor


class MultiTaskNetwork(Stages, Layer):
    """K members, each with shared units under one head a task.

    Parameters
    ----------
    n_members : int
        K.
    n_features : int
        Numbers that the network reads, d.
    task_of_output : int array of shape (C,)
        The task that owns each raw output; tasks are numbered from 0 without gaps, and
        the outputs of each are neighbours.
    prior_raw : float array of shape (C,)
        Initial bias of the raw outputs, so that training starts at the prior.
    hidden_layer_sizes : sequence of int
        Widths of the shared layers; may be empty.
    head_hidden_layer_sizes : sequence of int, or one such sequence a task
        Widths of the private layers of each task; may be empty.
    sharing : Sharing or None
        From features to units; None for `HardSharing`. A copy is set up.
    bins : sequence of ndarray, or None
        Those of a `PiecewiseLinear` before the first layer.
    activation : str
        A name in `ACTIVATIONS`, or "maxout".
    maxout_pieces : int
        Linear maps that a unit is the largest of; read by "maxout" only.
    dropout : float, or one float a member
        Share of hidden units that are dropped while training.
    depth : sequence of int, or None
        How many of the shared hidden layers each member uses, deepest first; None for
        all. Layers that some member leaves out must keep the width.
    input_dropout : float
        Share of the numbers that enter the first layer that are dropped.
    max_norm : float or None
        Longest that the weights into a unit may be; see `constrain`.
    reconstruction : Autoencoder or None
        Decodes the units of the last shared layer. A copy is set up.
    decoded_columns : Decoded or None
        What it predicts.
    generation : sequence of int, one a task, or None
        Which growth brought a task, in non-decreasing order; None where there was none.
        Tasks of a later one have heads that are computed by themselves.
    dtype : torch.dtype
        Number format of the parameters.
    generator : torch.Generator
        Draws what all members draw together: dropped units and noise.
    seeds : sequence of int or None
        What the initial weights of each member are drawn from, so that they do not
        depend on the members beside it; None draws the seeds from `generator`.

    Attributes
    ----------
    inputs : Inputs
    sharing : Sharing
    heads : Heads
    reconstruction : Autoencoder or None
    n_shared : int
        h, units that a head reads.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from sklearn_mtl.nn import Binding, MultiTaskNetwork
    >>> network = MultiTaskNetwork(
    ...     n_members=1,
    ...     n_features=2,
    ...     task_of_output=np.array([0]),
    ...     prior_raw=np.array([0.5]),
    ...     hidden_layer_sizes=(3,),
    ...     generator=torch.Generator().manual_seed(0),
    ... )
    >>> network(torch.zeros(1, 2)).detach()
    tensor([[[0.5000]]])
    >>> bound = network.bind(Binding(trains=True))
    >>> raw = bound.forward(torch.tensor([[1.0, 2.0]]))
    >>> _ = bound.backward(torch.ones_like(raw))
    >>> network.heads.weight.grad.shape
    torch.Size([1, 3, 1])
    """

    of_members: ClassVar[tuple[str, ...]] = ("n_members",)

    formula_of: ClassVar[tuple[str, ...]] = ("forward", "shared")

    def __init__(
        self,
        *,
        n_members: int,
        n_features: int,
        task_of_output: np.ndarray,
        prior_raw: np.ndarray,
        hidden_layer_sizes: Sequence[int],
        head_hidden_layer_sizes: Sequence[int] | Sequence[Sequence[int]] = (),
        sharing: Sharing | None = None,
        bins: Sequence[np.ndarray] | None = None,
        activation: str = "relu",
        maxout_pieces: int = 5,
        dropout: float | Sequence[float] = 0.0,
        depth: Sequence[int] | None = None,
        input_dropout: float = 0.0,
        max_norm: float | None = None,
        reconstruction: Autoencoder | None = None,
        decoded_columns: Decoded | None = None,
        generation: Sequence[int] | None = None,
        dtype: torch.dtype = torch.float32,
        generator: torch.Generator,
        seeds: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.n_members, self.max_norm = n_members, max_norm
        check_one_each(n_members, seeds=seeds, dropout=dropout, depth=depth)
        if seeds is None:
            seeds = draw_seeds(n_members, generator)
        n_layers, depth = layers_used(depth, len(hidden_layer_sizes))
        sizes = list(hidden_layer_sizes[:n_layers])
        draws = MemberDraws(seeds, generator)
        hidden = HiddenUnits(activation, maxout_pieces, dropout, draws, depth)
        self.inputs = Inputs(
            n_members,
            n_features,
            bins=bins,
            dropout=input_dropout,
            noise=0.0 if reconstruction is None else reconstruction.noise,
            generator=generator,
        )
        self.reconstruction = None if reconstruction is None else clone(reconstruction)
        self.sharing = HardSharing() if sharing is None else clone(sharing)
        if generation is None:
            generation = [0] * len(set(task_of_output.tolist()))
        n_tasks = np.bincount(generation).tolist()
        self._share(n_tasks, sizes, decoded_columns, hidden)
        self.heads = make_heads(
            n_members,
            self.n_shared,
            head_hidden_layer_sizes,
            task_of_output,
            hidden.of_one_depth(),
            by_task=self.sharing.by_task,
            generation=generation,
        )
        if self.sharing.alike_heads:
            self.heads.start_alike()
        self.set_prior(prior_raw)
        self.to(dtype)

    def _share(
        self,
        n_tasks: list[int],
        sizes: list[int],
        decoded_columns: Decoded | None,
        hidden: HiddenUnits,
    ) -> None:
        """Set up what stands below the heads, for the tasks of each growth."""
        n_features, widths = self.inputs.n_outputs, sizes
        if self.reconstruction is not None:
            assert decoded_columns is not None
            widths = self.reconstruction.setup(
                n_members=self.n_members,
                n_features=n_features,
                sizes=sizes,
                columns=decoded_columns,
                hidden=hidden,
            )
        if self.latent is not None:
            hidden = hidden.without_last_layer()
        check_is_module(self.sharing)
        set_up(
            self.sharing,
            n_members=self.n_members,
            n_tasks=n_tasks,
            n_features=n_features,
            sizes=widths,
            hidden=hidden,
        )
        check_sharing(self.sharing, hidden.depth)
        if self.reconstruction is None:
            self.n_shared = self.sharing.n_units
        else:
            self.n_shared = sizes[-1]
            self._check_decodable([n_features, *widths][-1])

    def _check_decodable(self, n_units: int) -> None:
        if self.sharing.by_task:
            given = "gives each its own units"
        elif self.sharing.n_units != n_units:
            given = f"gives {self.sharing.n_units} units, not those of the last layer"
        else:
            return
        raise ValueError(
            f"reconstruction={self.reconstruction!r} decodes units that all tasks "
            f"share, but sharing={self.sharing!r} {given}. "
            "Set reconstruction=None, or another way of sharing."
        )

    @property
    def latent(self) -> Latent | None:
        """The last shared layer where its units are random variables."""
        return None if self.reconstruction is None else self.reconstruction.latent

    def set_prior(self, prior_raw: np.ndarray) -> None:
        """Let members start from predicting the prior, (C,), or their own, (K, C).

        Parameters
        ----------
        prior_raw : ndarray of shape (C,) or (K, C)
            Raw outputs of the prior.
        """
        with torch.no_grad():
            self.heads.set_prior(torch.from_numpy(prior_raw))

    def put_into_bins(self, n_features: int, bins: Sequence[np.ndarray] | None) -> None:
        """Read features that the network was so far given in bins already.

        Nothing is dropped from them any more: it is to predict.

        Parameters
        ----------
        n_features : int
            Features before they are put into bins.
        bins : sequence of ndarray, or None
            Edges of each; None where the network reads them as they are.
        """
        like = next(self.parameters())
        self.inputs = Inputs(
            self.n_members,
            n_features,
            bins=bins,
            dropout=0.0,
            noise=0.0,
            generator=torch.Generator(),
        ).to(like)

    def bind(self, binding: Binding) -> NetworkPass:
        """Look up what the passes of all parts need."""
        return NetworkPass(self, binding)

    def predict_and_decode(self, features: Tensor, n_rows: int) -> Joint:
        """Raw outputs of the first rows, and what decoding costs for all of them.

        Parameters
        ----------
        features : tensor of shape (B, d) or (K, B, d)
            Of rows that heads predict, then of others.
        n_rows : int
            Rows that heads predict; the others only train what is shared.

        Returns
        -------
        Joint
            Raw outputs, units and costs.
        """
        assert self.reconstruction is not None
        below = self.sharing(self.inputs(features))
        units, cost = self.reconstruction.decode(below, features)
        of_heads = units[:, :n_rows, : self.n_shared]
        return Joint(self.heads(of_heads), of_heads, cost)

    def shared_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Name the parameters below the units that heads read.

        Yields
        ------
        name : str
            Where the parameter stands in the network.
        parameter : torch.nn.Parameter
            One of every task, in the order of the layers.
        """
        for name, parameter in self.sharing.shared_parameters():
            yield f"sharing.{name}", parameter
        if self.latent is not None:
            for name, parameter in self.latent.named_parameters():
                yield f"reconstruction.latent.{name}", parameter

    def links(self, padding: np.ndarray | None = None) -> list[Links]:
        """Find the weights from shared units into the heads of tasks, as groups.

        Parameters
        ----------
        padding : bool array of shape (C,), default=None
            Raw outputs that no loss reads; their weights count in no task's group.

        Returns
        -------
        list of Links
            One for each tensor that holds weights of groups.

        Examples
        --------
        >>> import numpy as np
        >>> import torch
        >>> from sklearn_mtl.nn import MultiTaskNetwork
        >>> network = MultiTaskNetwork(
        ...     n_members=1,
        ...     n_features=2,
        ...     task_of_output=np.array([0, 1, 1]),
        ...     prior_raw=np.zeros(3),
        ...     hidden_layer_sizes=(),
        ...     generator=torch.Generator().manual_seed(0),
        ... )
        >>> weight = torch.tensor([[[5.0, 3.0, 4.0], [0.5, 0.0, 2.0]]])
        >>> _ = network.heads.weight.data.copy_(weight)
        >>> network.link_norms()[0]
        array([[5. , 5. ],
               [0.5, 2. ]])
        >>> network.links()[0].shrink(1.0)  # task 1 has groups of two: by the root of 2
        >>> network.link_norms()[0].round(2)
        array([[4.  , 3.59],
               [0.  , 0.59]])
        """
        if padding is None:
            padding = np.zeros(len(self.heads.task_of_output), dtype=bool)
        return self.heads.links(padding)

    def link_norms(self, padding: np.ndarray | None = None) -> np.ndarray:
        """Length of the weights from each unit into each task's head, in float64.

        Parameters
        ----------
        padding : bool array of shape (C,), default=None
            Raw outputs that no class stands for; they count nothing.

        Returns
        -------
        float64 ndarray of shape (K, U, T)
            U is h; or T * h where each task reads units of its own, those of the first
            task first.
        """
        parts = self.links(padding)
        order = np.argsort(np.concatenate([part.tasks for part in parts]))
        norms = np.concatenate([part.norms() for part in parts], axis=-1)[..., order]
        if not self.sharing.by_task:
            return norms
        own = np.einsum("kht,ts->kths", norms, np.eye(norms.shape[-1]))
        return own.reshape(len(own), -1, norms.shape[-1])

    def constrain(self) -> None:
        """Shorten the weights into every unit that are longer than `max_norm`.

        Max-norm regularisation (Srebro & Shraibman 2005; Srivastava et al. 2014); all
        layers that are trained, and each piece of a maxout unit by itself. Only for
        networks that have a `max_norm`.
        """
        assert self.max_norm is not None
        with torch.no_grad():
            for layer in self.modules():
                if isinstance(layer, StackedLinear) and layer.weight.requires_grad:
                    norm = layer.weight.norm(dim=-2, keepdim=True)
                    layer.weight.mul_(self.max_norm / norm.clamp_min(self.max_norm))
