"""A layer, and its pass: forward and backward on buffers that are looked up once.

A step of a small network takes less time in arithmetic than autograd takes to record
it. A layer therefore may say its gradient by a formula, in a pass that stands beside
it; where it says none, autograd finds the gradient of that layer alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, ClassVar, NamedTuple

import torch
from torch import nn

Tensor = torch.Tensor


class Binding(NamedTuple):
    """What a pass is for.

    Parameters
    ----------
    trains : bool, default=False
        Whether `Pass.backward` will be called, with gradients written to ``grad`` of
        the parameters.
    needs_input : bool, default=True
        Whether `Pass.backward` is to return the gradient of the input.
    device : torch.device or str, default=None
        Where to compute. None stands for where the parameters are, whose memory is
        then shared.
    dtype : torch.dtype, default=None
        In which number format to compute; None for that of the parameters.
    products : torch.dtype, default=None
        Number format of the products of shared layers, where it is a shorter one.

    Examples
    --------
    >>> from sklearn_mtl.nn import Binding
    >>> Binding(trains=True).at_the_bottom
    Binding(trains=True, needs_input=False, device=None, dtype=None, products=None)
    """

    trains: bool = False
    needs_input: bool = True
    device: torch.device | str | None = None
    dtype: torch.dtype | None = None
    products: torch.dtype | None = None

    @property
    def at_the_bottom(self) -> Binding:
        """The same for a layer below which nothing is trained."""
        return self._replace(needs_input=False)

    @property
    def above(self) -> Binding:
        """The same for a layer above another one that is trained."""
        return self._replace(needs_input=True)

    def put(self, values: Tensor) -> Tensor:
        """Move to the device and, unless they are positions, to the number format.

        Parameters
        ----------
        values : tensor
            Of any shape.

        Returns
        -------
        tensor of the shape of `values`
            `values` itself where nothing is to be changed.
        """
        values = values.detach()
        if self.device is None and self.dtype is None:
            return values
        dtype = self.dtype if values.is_floating_point() else None
        return values.to(device=self.device, dtype=dtype)

    def module(self, module: nn.Module) -> nn.Module:
        """Give the module itself, or a copy in the format that is asked for.

        Parameters
        ----------
        module : torch.nn.Module
            What is bound.

        Returns
        -------
        torch.nn.Module
            `module`, or its copy.
        """
        if self.device is None and self.dtype is None:
            return module
        return deepcopy(module).to(device=self.device, dtype=self.dtype)


class Pass(ABC):
    """Forward and backward of one layer, bound to the memory of its parameters.

    A pass is made anew whenever that memory may have changed. Methods are called in
    turn: `forward`, then `products` if it is wanted, then `backward`.

    Examples
    --------
    The pass of a layer that doubles; it has no parameters:

    >>> import torch
    >>> from sklearn_mtl.nn import Pass
    >>> class Doubling(Pass):
    ...     def forward(self, x):
    ...         return 2 * x
    ...     def backward(self, upstream):
    ...         return 2 * upstream
    >>> double = Doubling()
    >>> double.forward(torch.ones(2)), double.backward(torch.ones(2))
    (tensor([2., 2.]), tensor([2., 2.]))
    """

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Compute the output of the layer; what a call of the pass does, too.

        Parameters
        ----------
        x : tensor
            What the layer reads.

        Returns
        -------
        tensor
            What the layer gives.
        """

    __call__: Callable[..., Tensor]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # One call, not one in another.
        cls.__call__ = cls.forward  # type: ignore[method-assign]

    @abstractmethod
    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients that follow from that of the output, over what is there.

        Parameters
        ----------
        upstream : tensor of the shape of the output
            May be overwritten.

        Returns
        -------
        tensor of the shape of the input
            Gradient of the input; of no meaning where ``needs_input`` is False.
        """

    def products(self, upstream: Tensor) -> tuple[Tensor, Tensor]:
        """Compare the gradients of the layer's parameters that T losses would have.

        Of those that tasks share, where the layer says which these are.

        Parameters
        ----------
        upstream : tensor of shape (K, T, B, n_outputs)
            Gradient of each loss.

        Returns
        -------
        products : tensor of shape (K, T, T)
            Inner products of the tasks' gradients.
        upstream : tensor of shape (K, T, B, n_inputs)
            Gradients of the input; of no meaning where ``needs_input`` is False.
        """
        raise NotImplementedError(f"{type(self).__name__} compares no gradients.")


class AutogradPass(Pass):
    """The pass of a layer, or of any module, that gives no formula.

    Parameters
    ----------
    module : torch.nn.Module
        Maps one tensor to one tensor.
    binding : Binding
        What the pass is for.

    Examples
    --------
    >>> import torch
    >>> from sklearn_mtl.nn import AutogradPass, Binding
    >>> module = torch.nn.Bilinear(1, 1, 1)
    >>> square = AutogradPass(torch.nn.Linear(2, 1), Binding(trains=True))
    >>> y = square.forward(torch.ones(3, 2))
    >>> square.backward(torch.ones_like(y)).shape
    torch.Size([3, 2])
    >>> square.module.weight.grad
    tensor([[3., 3.]])
    """

    def __init__(self, module: nn.Module, binding: Binding) -> None:
        self.module = binding.module(module)
        self.trains, self.needs_input = binding.trains, binding.needs_input
        self.trained = [p for p in self.module.parameters() if p.requires_grad]
        shared = {id(p) for p in shared_by_tasks(self.module)}
        self.is_shared = [id(p) in shared for p in self.trained]

    def forward(self, x: Tensor) -> Tensor:
        """Compute the output, and keep its graph where the pass trains."""
        if not self.trains:
            return self._evaluated(x)
        with torch.enable_grad():
            self.x = x.detach().requires_grad_(self.needs_input)
            self.y: Tensor = self.module(self.x)
        return self.y.detach()

    def _evaluated(self, x: Tensor) -> Tensor:
        """Compute the output in evaluation mode, whatever mode the module is in."""
        was_training = self.module.training
        if was_training:
            self.module.eval()
        with torch.no_grad():
            y: Tensor = self.module(x)
        if was_training:
            self.module.train()
        return y

    def backward(self, upstream: Tensor) -> Tensor:
        """Set the gradients of the parameters, and return that of the input."""
        found = self._gradients(upstream, retain_graph=False)
        for parameter, gradient in zip(self.trained, found[1:], strict=True):
            parameter.grad = gradient
        return upstream if found[0] is None else found[0]

    def products(self, upstream: Tensor) -> tuple[Tensor, Tensor]:
        # One call a task: to batch them, torch would import its compiler.
        """Compare the gradients that T losses would have, by one backward pass each."""
        of_tasks = []
        for t in range(upstream.shape[1]):
            of_task = upstream[:, t]
            if self.y.ndim == upstream.ndim:  # each task reads units of its own
                of_task = torch.zeros_like(self.y)
                of_task[:, t] = upstream[:, t]
            of_tasks.append(self._gradients(of_task, retain_graph=True))
        products = upstream.new_zeros(len(upstream), len(of_tasks), len(of_tasks))
        by_parameter = zip(*(found[1:] for found in of_tasks), strict=True)
        for is_shared, of_parameter in zip(self.is_shared, by_parameter, strict=True):
            if is_shared and of_parameter[0] is not None:
                flat = torch.stack([g.flatten(1) for g in of_parameter], dim=1)
                # A layer that only the first members use has none of the others.
                products[: len(flat)].baddbmm_(flat, flat.transpose(1, 2))
        inputs = [found[0] for found in of_tasks]
        return products, upstream if inputs[0] is None else torch.stack(inputs, dim=1)

    def _gradients(self, upstream: Tensor, *, retain_graph: bool) -> list[Any]:
        """Gradients of the input and of the parameters, None where there is none."""
        wanted = [self.x] if self.needs_input else []
        wanted += self.trained
        if not wanted or not self.y.requires_grad:
            return [None] * (1 + len(self.trained))
        found = torch.autograd.grad(
            self.y, wanted, upstream, retain_graph=retain_graph, allow_unused=True
        )
        return list(found) if self.needs_input else [None, *found]


class Chain(Pass):
    """Passes one after another.

    Parameters
    ----------
    passes : sequence of Pass
        The lowest first.
    """

    def __init__(self, passes: Sequence[Pass]) -> None:
        self.passes = passes

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.passes:
            x = layer.forward(x)
        return x

    def backward(self, upstream: Tensor) -> Tensor:
        for layer in reversed(self.passes):
            upstream = layer.backward(upstream)
        return upstream

    def products(self, upstream: Tensor) -> tuple[Tensor, Tensor]:
        total = upstream.new_zeros(len(upstream), upstream.shape[1], upstream.shape[1])
        for layer in reversed(self.passes):
            products, upstream = layer.products(upstream)
            total += products
        return total, upstream


class Layer(nn.Module):
    """A module that can be bound to a pass.

    A subclass defines ``forward``. It may also define `bind`, to return a pass that
    knows the gradient by a formula. A subclass that changes ``forward`` alone does not
    inherit the formula.

    Parameters
    ----------
    *args, **kwargs : object
        Those of the subclass.

    Examples
    --------
    A layer without a formula is trained by autograd, and its neighbours by theirs:

    >>> import torch
    >>> from sklearn_mtl.nn import Binding, Layer
    >>> class Gate(Layer):
    ...     def __init__(self, n_members, n_units):
    ...         super().__init__()
    ...         self.openness = torch.nn.Parameter(torch.zeros(n_members, 1, n_units))
    ...     def forward(self, x):
    ...         return x * torch.sigmoid(self.openness)
    >>> gate = Gate(n_members=1, n_units=2)
    >>> bound = gate.bind(Binding(trains=True))
    >>> bound.forward(torch.ones(1, 3, 2))[0, 0]
    tensor([0.5000, 0.5000])
    >>> bound.backward(torch.ones(1, 3, 2))[0, 0]
    tensor([0.5000, 0.5000])
    >>> gate.openness.grad
    tensor([[[0.7500, 0.7500]]])
    """

    of_members: ClassVar[tuple[str, ...]] = ()
    """What beside parameters has an entry a member.

    Tensors and tuples with such an axis in front, and the number of members. Each
    class says so for itself, for `select_members` to know that nothing is left out.
    """

    formula_of: ClassVar[tuple[str, ...]] = ("forward",)
    """Methods that a pass repeats; to change one of them is to change the gradient."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let no layer that changes its output inherit the gradient of another one."""
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "bind" not in own and any(name in own for name in cls.formula_of):
            cls.bind = Layer.bind  # type: ignore[method-assign]

    def bind(self, binding: Binding) -> Pass:
        """Look up what a pass needs.

        Parameters
        ----------
        binding : Binding
            What the pass is for.

        Returns
        -------
        Pass
            Forward and backward on the memory that was looked up.
        """
        return AutogradPass(self, binding)


def bind(module: nn.Module, binding: Binding) -> Pass:
    """Bind a layer, or any other module, which is then one layer of autograd."""
    if isinstance(module, Layer):
        return module.bind(binding)
    return AutogradPass(module, binding)


def check_is_module(part: nn.Module) -> None:
    """Name a class whose ``__init__`` leaves out that of torch."""
    if "_modules" not in vars(part):
        name = type(part).__name__
        raise TypeError(
            f"{name}.__init__ does not call super().__init__(), without which torch "
            "keeps no layers. Call it first."
        )


def shared_by_tasks(module: nn.Module) -> list[nn.Parameter]:
    """List the trained parameters in which gradients of tasks can be compared."""
    named: Any = getattr(module, "shared_parameters", module.named_parameters)
    return [parameter for _, parameter in named() if parameter.requires_grad]


def gradient_of(parameter: Tensor) -> Tensor | None:
    """Memory that the gradient is written to; None where none is wanted."""
    if not parameter.requires_grad:
        return None
    if parameter.grad is None:
        parameter.grad = torch.empty_like(parameter, requires_grad=False)
    return parameter.grad
