"""AdamW over one buffer a parameter group."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch

from sklearn_mtl.training._member_rates import (
    MemberRates,
    Ratio,
    all_alike,
    plain_ratio,
    read_ratios,
)

Parameters = list[torch.Tensor]


class FlatAdamW(torch.optim.AdamW):
    """AdamW [1]_ whose step is one call a parameter group.

    While training, the parameters of a group, their gradients and moments are views
    of four buffers, made by `flatten`. ``torch.optim.AdamW`` itself collects lists of
    tensors in every step, which costs more than the arithmetic of a small network.
    Results differ from its own by rounding alone.

    Parameters
    ----------
    params : iterable
        Parameters or parameter groups; those of one group are of one dtype and device.
    lr : float
    betas : tuple of float
    eps : float
    weight_decay : float
    lr_ratio : sequence of n_members floats or None, default=None
        Learning rate of each member over `lr`, where parameters have members on their
        leading axis; one of shape (m, ...) belongs to the first m members. An option of
        each parameter group too: a group of parameters without members sets None. With
        None, or ones, all have the rate of their group.
    decay_ratio : sequence of n_members floats or None, default=None
        Likewise weight decay of each member over `weight_decay`.

    Raises
    ------
    ValueError
        If a ratio is negative or not finite, or if there are not as many as the longest
        parameter of their group has members.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR
       2019.

    Examples
    --------
    >>> import torch
    >>> weight = torch.nn.Parameter(torch.ones(2, 3))
    >>> optimizer = FlatAdamW([weight], lr=0.1)
    >>> optimizer.flatten()
    >>> weight.grad.copy_(torch.full((2, 3), 5.0))
    tensor([[5., 5., 5.],
            [5., 5., 5.]])
    >>> optimizer.step()
    >>> weight.detach()
    tensor([[0.8990, 0.8990, 0.8990],
            [0.8990, 0.8990, 0.8990]])

    The second member learns at a tenth of the rate of the first, without decay:

    >>> weight = torch.nn.Parameter(torch.ones(2, 3))
    >>> optimizer = FlatAdamW(
    ...     [weight], lr=0.1, lr_ratio=(1.0, 0.1), decay_ratio=(1.0, 0.0)
    ... )
    >>> weight.grad = torch.full((2, 3), 5.0)
    >>> optimizer.step()
    >>> weight.detach()
    tensor([[0.8990, 0.8990, 0.8990],
            [0.9900, 0.9900, 0.9900]])
    """

    reads_loss: ClassVar[bool] = False
    """Whether `step` does anything with the loss that a closure returns."""

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        lr_ratio: Sequence[float] | None = None,
        decay_ratio: Sequence[float] | None = None,
    ) -> None:
        self._buffers: list[_Buffers | None] = []
        self._ratios = {
            "lr_ratio": plain_ratio("lr_ratio", lr_ratio),
            "decay_ratio": plain_ratio("decay_ratio", decay_ratio),
        }
        super().__init__(
            params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, fused=True
        )

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Take over a parameter group."""
        group = {**self._ratios, **param_group}
        _plain(torch.optim.Optimizer.add_param_group)(self, group)
        try:
            read_ratios(self.param_groups[-1])
        except ValueError:
            self.param_groups.pop()
            raise

    def flatten(self) -> None:
        """Lay the parameters that are trained in one buffer a group.

        Does nothing where that is done already; call it before each epoch, as which
        parameters are trained, and ratios of members, may change.
        """
        ratios = [read_ratios(group) for group in self.param_groups]
        trained = [
            [p for p in group["params"] if p.requires_grad]
            for group in self.param_groups
        ]
        laid = [() if b is None else b.parameters for b in self._buffers]
        if [[id(p) for p in ps] for ps in laid] != [
            [id(p) for p in ps] for ps in trained
        ]:
            self.unflatten()
            self._buffers = [_Buffers(ps, self.state) if ps else None for ps in trained]
        for buffers, (lr_ratio, decay_ratio) in zip(self._buffers, ratios, strict=True):
            if buffers is not None:
                buffers.adopt_ratios(lr_ratio, decay_ratio)

    def unflatten(self) -> None:
        """Give parameters and moments memory of their own, so that each pickles."""
        for buffers in self._buffers:
            if buffers is not None:
                buffers.dissolve(self.state)
        self._buffers = []

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters."""
        loss = None if closure is None else closure()
        if not self._buffers:
            self.flatten()
        for group, buffers in zip(self.param_groups, self._buffers, strict=True):
            if buffers is not None:
                buffers.update(group)
        return loss

    # Tells torch not to wrap the step into a profiler's record, which costs as much as
    # the step itself.
    step.hooked = True  # type: ignore[attr-defined]

    def state_dict(self) -> dict[str, Any]:
        """Hyper-parameters, and moments that share no memory."""
        state: dict[str, Any] = _plain(torch.optim.AdamW.state_dict)(self)
        state["state"] = {
            position: {key: value.clone() for key, value in known.items()}
            for position, known in state["state"].items()
        }
        return state

    def load_state_dict(self, state_dict: Any) -> None:
        """Take over hyper-parameters and moments."""
        self.unflatten()
        _plain(torch.optim.AdamW.load_state_dict)(self, state_dict)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_buffers": [], "_ratios": self._ratios}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # torch's own AdamW writes no ratios
            for name, ratio in self._ratios.items():
                group.setdefault(name, ratio)


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    """Take off torch's decorator, which imports its compiler: that takes a second."""
    return inspect.unwrap(method)


class _Buffers:
    """Parameters of one group, their gradients and moments, each in one tensor."""

    def __init__(self, parameters: Parameters, state: Any) -> None:
        self.parameters = parameters
        self.values = torch.cat([p.detach().flatten() for p in parameters])
        self.gradient = torch.zeros_like(self.values)
        self.gradients = self._views(self.gradient)
        for parameter, view in zip(parameters, self._views(self.values), strict=True):
            parameter.data = view
        for parameter, view in zip(parameters, self.gradients, strict=True):
            if parameter.grad is not None:
                view.copy_(parameter.grad)
            parameter.grad = view
        self._gather_state(state)
        self._ratios: tuple[Ratio, Ratio] = (None, None)
        self._member_rates: MemberRates | None = None

    def adopt_ratios(self, lr_ratio: Ratio, decay_ratio: Ratio) -> None:
        """Give each member its own rate and decay from the next step on."""
        if (lr_ratio, decay_ratio) != self._ratios:
            self._ratios = lr_ratio, decay_ratio
            self._member_rates = (
                None
                if all_alike(lr_ratio, decay_ratio)
                else MemberRates(self.values, self.parameters, lr_ratio, decay_ratio)
            )

    def _views(self, flat: torch.Tensor) -> list[torch.Tensor]:
        parts = flat.split([p.numel() for p in self.parameters])
        return [
            part.view(p.shape) for part, p in zip(parts, self.parameters, strict=True)
        ]

    def _gather_state(self, state: Any) -> None:
        self.step = torch.zeros((), dtype=torch.float32, device=self.values.device)
        self.exp_avg = torch.zeros_like(self.values)
        self.exp_avg_sq = torch.zeros_like(self.values)
        averages, squares = self._views(self.exp_avg), self._views(self.exp_avg_sq)
        for parameter, average, square in zip(
            self.parameters, averages, squares, strict=True
        ):
            known = state[parameter]
            if known:
                average.copy_(known["exp_avg"])
                square.copy_(known["exp_avg_sq"])
                self.step.copy_(known["step"])
            # At once: a state of which some is missing cannot be gone on with.
            known.update(exp_avg=average, exp_avg_sq=square, step=self.step)

    def update(self, group: dict[str, Any]) -> None:
        """Take one step of AdamW."""
        for parameter, view in zip(self.parameters, self.gradients, strict=True):
            gradient = parameter.grad
            if gradient is not view:  # somebody set another one
                view.zero_() if gradient is None else view.copy_(gradient)
                parameter.grad = view
        self.step += 1
        beta1, beta2 = group["betas"]
        values, lr, weight_decay = self.values, group["lr"], group["weight_decay"]
        rates = self._member_rates
        if rates is not None:
            # A rate and a decay of 1 replace the update before by this one.
            values, lr, weight_decay = rates.update, 1.0, 1.0
        torch._fused_adamw_(
            [values],
            [self.gradient],
            [self.exp_avg],
            [self.exp_avg_sq],
            [],
            [self.step],
            amsgrad=False,
            lr=lr,
            beta1=beta1,
            beta2=beta2,
            weight_decay=weight_decay,
            eps=group["eps"],
            maximize=False,
        )
        if rates is not None:
            rates.apply(group["lr"], group["weight_decay"])

    def dissolve(self, state: Any) -> None:
        """Copy all views to memory of their own; drop the gradients."""
        for parameter in self.parameters:
            parameter.data = parameter.detach().clone()
            parameter.grad = None
            known = state[parameter]
            for key in ("exp_avg", "exp_avg_sq", "step"):
                known[key] = known[key].clone()
