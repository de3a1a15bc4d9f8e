"""The skorch net that trains a stack: from batch to step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EpochTimer
from torch import nn

from sklearn_mtl.balancing import weighted_mean
from sklearn_mtl.tasks import OutputLayout
from sklearn_mtl.training._callbacks import BestWeights, member_loss
from sklearn_mtl.training._data import Batches, Labels, MemberRows


class TaskLoss(nn.Module):
    """Losses of all members and tasks, in units of the prior's cost.

    Parameters
    ----------
    layout : OutputLayout
    task_weight : tensor of shape (K, T)
        Weight of each task's loss for each member, in block order.
    """

    task_weight: torch.Tensor

    def __init__(self, layout: OutputLayout, task_weight: torch.Tensor) -> None:
        super().__init__()
        self.layout = layout
        self.register_buffer("task_weight", task_weight)

    def forward(self, raw: torch.Tensor, labels: Labels) -> torch.Tensor:
        """Map raw outputs (K, B, C) to losses (K, T)."""
        loss = self.layout.losses(raw, labels.codes)
        if labels.label_weight is not None:
            loss = loss * labels.label_weight
        if labels.row_weight is None:
            total = loss.sum(dim=1)
        else:
            total = torch.bmm(labels.row_weight.unsqueeze(1), loss).squeeze(1)
        return total * labels.scale

    def combine(self, loss: torch.Tensor) -> torch.Tensor:
        """Map losses (K, T) to one loss a member, (K,)."""
        return weighted_mean(loss, self.task_weight)


def held_out_split(
    dataset: MemberRows, y: None = None
) -> tuple[MemberRows, MemberRows | None]:
    """Give skorch the rows to train on and the rows that members hold out."""
    return dataset, dataset.held_out


class MultiTaskNet(NeuralNet):
    """A skorch net over a stack of multi-task networks.

    It differs from ``skorch.NeuralNet`` in three things. Batches are slices of
    tensors prepared once. Losses stay on the device within an epoch and are read
    once at its end. They are kept for each member and task in `task_losses_`;
    ``history`` holds their mean over members, in units of the prior.

    Attributes
    ----------
    task_losses_ : dict of str to list of ndarray of shape (K, T)
        "train" and "valid" losses of each epoch, tasks in block order; NaN where a
        member has no label of a task to be validated on.
    """

    def __init__(
        self,
        module: Any,
        *,
        criterion: Any = TaskLoss,
        optimizer: Any = torch.optim.AdamW,
        iterator_train: Any = Batches,
        iterator_valid: Any = Batches,
        train_split: Any = held_out_split,
        use_caching: Any = False,
        verbose: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            module,
            criterion=criterion,
            optimizer=optimizer,
            iterator_train=iterator_train,
            iterator_valid=iterator_valid,
            train_split=train_split,
            use_caching=use_caching,
            verbose=verbose,
            **kwargs,
        )

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        return [("epoch_timer", EpochTimer()), ("best_weights", BestWeights())]

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        """Tell all callbacks, then end training where every member has stopped."""
        super().notify(method_name, **cb_kwargs)
        if method_name == "on_epoch_end":
            best = dict(self.callbacks_).get("best_weights")
            if best is not None and best.all_stopped:
                raise KeyboardInterrupt  # skorch's own way to end training

    def initialize(self) -> MultiTaskNet:
        """Initialize module, criterion, optimizer, callbacks and history."""
        super().initialize()
        self.task_losses_: dict[str, list[np.ndarray]] = {"train": [], "valid": []}
        return self

    @contextmanager
    def restored_on_failure(self) -> Iterator[None]:
        """Bring weights, optimizer and history back if training fails."""
        weights = {k: v.clone() for k, v in self.module_.state_dict().items()}
        optimizer = deepcopy(self.optimizer_.state_dict())
        n_epochs = len(self.history)
        try:
            yield
        except BaseException:
            self.module_.load_state_dict(weights)
            self.optimizer_.load_state_dict(optimizer)
            del self.history[n_epochs:]
            for losses in self.task_losses_.values():
                del losses[n_epochs:]
            raise

    def on_train_end(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an epoch that was interrupted, of which no loss is known."""
        if self.history and "dur" not in self.history[-1]:
            self.history.pop()
        for losses in self.task_losses_.values():
            del losses[len(self.history) :]

    def get_loss(
        self, y_pred: torch.Tensor, y_true: Labels, *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        """Sum the members' losses, for callbacks that ask skorch for a loss."""
        return self.criterion_.combine(self.criterion_(y_pred, y_true)).sum()

    def train_step_single(
        self, batch: tuple[torch.Tensor, Labels], **fit_params: Any
    ) -> dict[str, torch.Tensor]:
        """Forward and backward over one batch."""
        step = self._forward(batch)
        step["loss"].backward()
        return step

    def validation_step(
        self, batch: tuple[torch.Tensor, Labels], **fit_params: Any
    ) -> dict[str, torch.Tensor]:
        """Forward over one batch."""
        with torch.no_grad():
            return self._forward(batch)

    def _forward(self, batch: tuple[torch.Tensor, Labels]) -> dict[str, torch.Tensor]:
        """Sum of the members' losses; each member gets exactly its own gradient."""
        features, labels = batch
        raw = self.module_(features)
        task_loss = self.criterion_(raw, labels)
        loss = self.criterion_.combine(task_loss).sum()
        return {"loss": loss, "y_pred": raw, "task_loss": task_loss.detach()}

    def run_single_epoch(
        self,
        iterator: Iterable[Any] | None,
        training: bool,
        prefix: str,
        step_fn: Any,
        **fit_params: Any,
    ) -> None:
        """Train or validate for one epoch; read the losses once at its end."""
        if iterator is None:
            # One entry an epoch, so that entries stay aligned with the history.
            like = self.task_losses_["train"][-1]
            self.task_losses_[prefix].append(np.full_like(like, np.nan))
            return
        self._set_training(training)
        first = len(self.history[-1]["batches"])
        losses, totals, sizes = [], None, []
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            losses.append(step["loss"].detach())
            task_loss = step["task_loss"]
            totals = task_loss.clone() if totals is None else totals.add_(task_loss)
            sizes.append(batch[0].shape[-2])
            self.notify("on_batch_end", batch=batch, training=training, **step)
        assert totals is not None
        n_members = len(totals)
        mean_losses = (torch.stack(losses) / n_members).tolist()
        rows = self.history[-1]["batches"][first:]
        for row, loss, size in zip(rows, mean_losses, sizes, strict=True):
            row[f"{prefix}_loss"], row[f"{prefix}_batch_size"] = loss, size
        self.history.record(f"{prefix}_batch_count", len(losses))
        self._record(prefix, totals / len(losses), iterator)

    def _record(self, prefix: str, loss: torch.Tensor, iterator: Any) -> None:
        """Keep one epoch's losses (K, T), and their mean in the history."""
        unlabelled = iterator.dataset.total_weight == 0
        loss = torch.where(loss.isfinite(), loss, torch.inf)
        per_task = loss.masked_fill(unlabelled, torch.nan).double().cpu().numpy()
        self.task_losses_[prefix].append(per_task)
        per_member = member_loss(per_task, self.criterion_.task_weight.cpu().numpy())
        labelled = per_member[~np.isnan(per_member)]
        value = float(labelled.mean()) if len(labelled) else float("nan")
        key = f"{prefix}_loss"
        earlier = [row[key] for row in self.history[:-1] if key in row]
        self.history.record(key, value)
        self.history.record(f"{key}_best", value < min(earlier, default=np.inf))
        if prefix == "train":
            self.history.record("lr", self.optimizer_.param_groups[0]["lr"])


def resolve_device(device: str) -> str:
    """Turn "auto" into the accelerator that is there, else the CPU."""
    if device != "auto":
        try:
            torch.empty(0, device=device)
        except (AssertionError, RuntimeError) as error:
            raise ValueError(
                f"device={device!r} is not there: {error}. Pass 'cpu', or 'auto' for "
                "the accelerator if there is one."
            ) from error
        return device
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return "cpu" if accelerator is None else accelerator.type
