"""What the tasks do to each other in the layers that they share, while training."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback
from torch.func import functional_call

from sklearn_mtl.training._batches import Batches, Labels

Shared = dict[str, torch.Tensor]


class SharedLosses:
    """Losses of one batch as a function of the weights of the shared layers.

    In float64, as differences of losses before and after a small step would drown in
    the rounding of float32.

    Parameters
    ----------
    net : MultiTaskNet
        In evaluation mode: dropped units would differ from call to call.
    batch : tuple of features and Labels

    Attributes
    ----------
    weights : dict of str to tensor
        Of the shared layers, as they are.
    now : tensor of shape (K, T)
        Losses of the weights as they are; columns in the order of y.
    """

    def __init__(self, net: Any, batch: tuple[torch.Tensor, Labels]) -> None:
        self._module, self._criterion = net.module_, net.criterion_
        features, labels = batch
        self._features = _exact(features)
        parts: list[Any] = [None if part is None else _exact(part) for part in labels]
        self._labels = Labels(*parts)
        module = self._module
        self._state = {name: _exact(p.detach()) for name, p in _tensors_of(module)}
        self.weights: Shared = {
            name: _exact(p.detach()).requires_grad_()
            for name, p in module.shared_parameters()
        }
        if not self.weights:
            raise ValueError(
                f"sharing={module.sharing!r} has no parameter that all columns share, "
                "so that there are no gradients to compare. Use method='pairs', or "
                "another way of sharing."
            )
        self.now = self.at(self.weights)

    def at(self, weights: Shared) -> torch.Tensor:
        """Losses (K, T) that some weights of the shared layers would have."""
        raw = functional_call(self._module, self._state | weights, (self._features,))
        losses: torch.Tensor = self._criterion(raw, self._labels)
        return losses[:, self._criterion.layout.inverse]

    def gradient(self, t: int) -> Shared:
        """Gradient of one task's loss, which is each member's own."""
        loss = self.now[:, t].sum()
        found = torch.autograd.grad(
            loss, list(self.weights.values()), retain_graph=True
        )
        return dict(zip(self.weights, found, strict=True))


class TaskProbe(Callback):
    """Measure on one batch before each epoch; training goes on as it would without.

    Parameters
    ----------
    seed : int
        Of the generator that draws the rows of the batches.

    Attributes
    ----------
    means_ : dict of str to ndarray of shape (T, T)
        Means over members and the epochs that led to the weights which each keeps; in
        the order of y's columns, NaN where nothing could be measured.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    @abstractmethod
    def measure(self, net: Any, losses: SharedLosses) -> dict[str, torch.Tensor]:
        """Return tensors of shape (K, T, T); NaN where unknown."""

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Start anew."""
        self._generator = torch.Generator().manual_seed(self.seed)
        self._measured: list[dict[str, np.ndarray]] = []

    def on_epoch_begin(
        self, net: Any, dataset_train: Any = None, **kwargs: Any
    ) -> None:
        """Measure on a batch like those of the epoch to come."""
        batches = Batches(
            dataset_train, net.batch_size, shuffle=True, generator=self._generator
        )
        was_training = net.module_.training
        net.module_.eval()
        with torch.enable_grad():
            losses = SharedLosses(net, next(iter(batches)))
            measured = self.measure(net, losses)
        net.module_.train(was_training)
        self._measured.append(
            {k: v.detach().float().cpu().numpy() for k, v in measured.items()}
        )

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        """Average what was measured."""
        # What a member does after its best epoch is not in the weights that it keeps.
        last = np.maximum(dict(net.callbacks_)["best_weights"].best_epoch_, 1)
        is_kept = np.arange(len(self._measured))[:, np.newaxis] < last
        self.means_ = {}
        for name in self._measured[0] if self._measured else ():
            values = np.stack([epoch[name] for epoch in self._measured])[is_kept]
            mean = np.ma.masked_invalid(values).mean(axis=0, dtype=np.float64)
            self.means_[name] = np.ma.filled(mean, np.nan)
        del self._measured, self._generator


class GradientAngles(TaskProbe):
    """Cosines between the gradients of the tasks, and how long these are.

    Measures ``"cosine"``, and ``"log_norm_ratio"``: the logarithm of the length of the
    row's gradient over that of the column's.
    """

    def measure(self, net: Any, losses: SharedLosses) -> dict[str, torch.Tensor]:
        """Compare all gradients; NaN where a task has none, for want of labels."""
        gradients = [losses.gradient(t) for t in range(losses.now.shape[1])]
        products = losses.now.new_zeros(())
        for name in losses.weights:
            of_layer = torch.stack([g[name].flatten(1) for g in gradients], dim=1)
            products = products + of_layer @ of_layer.transpose(1, 2)
        norm = products.diagonal(dim1=1, dim2=2).sqrt()
        length = norm.unsqueeze(2) * norm.unsqueeze(1)
        log_norm = torch.where(norm > 0, norm, torch.nan).log()
        return {
            "cosine": products / length,  # 0 / 0 is NaN
            "log_norm_ratio": log_norm.unsqueeze(2) - log_norm.unsqueeze(1),
        }


class Lookahead(TaskProbe):
    """Share of each task's loss that a step on another one removes.

    The inter-task affinity of Fifty et al. 2021: the trunk takes a plain gradient step
    on the loss of the row's task, of the length of the optimizer's learning rate, and
    the head of the column's task stays. Measures ``"gain"``.
    """

    def measure(self, net: Any, losses: SharedLosses) -> dict[str, torch.Tensor]:
        """Take a step on each task, and back; NaN where a task has no label."""
        rate = net.optimizer_.param_groups[0]["lr"]
        now = losses.now.detach()
        # A share of a loss means nothing where the loss is negative, as a density's
        # logarithm may be.
        now = torch.where(now > 0, now, torch.nan)
        gains = []
        for t in range(now.shape[1]):
            gradient = losses.gradient(t)
            with torch.no_grad():
                stepped = {
                    name: weight - rate * gradient[name]
                    for name, weight in losses.weights.items()
                }
                gain = 1.0 - losses.at(stepped) / now
            has_label = losses.now[:, t : t + 1].detach() != 0
            gains.append(torch.where(has_label, gain, torch.nan))
        return {"gain": torch.stack(gains, dim=1)}


def _tensors_of(module: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    return [*module.named_parameters(), *module.named_buffers()]


def _exact(values: torch.Tensor) -> torch.Tensor:
    """Copy in float64 where the device has it; positions stay what they are."""
    if not values.is_floating_point() or values.device.type == "mps":
        return values.clone()
    return values.to(torch.float64, copy=True)
