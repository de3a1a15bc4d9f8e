"""The skorch net that trains a stack: from batch to step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer
from skorch.utils import TeeGenerator

from sklearn_mtl.nn import Binding, Links, MultiTaskNetwork, bind
from sklearn_mtl.training._batches import Batches, Labels, MemberRows
from sklearn_mtl.training._best_weights import BestWeights
from sklearn_mtl.training._flat_adamw import FlatAdamW
from sklearn_mtl.training._loss import TaskLoss
from sklearn_mtl.training._step import Step


def held_out_split(
    dataset: MemberRows, y: None = None
) -> tuple[MemberRows, MemberRows | None]:
    """Give skorch the rows to train on and the rows that members hold out."""
    return dataset, dataset.held_out


class MultiTaskNet(NeuralNet):
    """A skorch net over a stack of multi-task networks.

    It differs from ``skorch.NeuralNet`` in this. Batches are slices of tensors prepared
    once. A step is a `Step`, which finds gradients by formulas; it does without a
    graph over the whole network, and `train_step_single` is not called. Losses stay
    on the device within an epoch and are read once at its end. They are kept for each
    member and task in `task_losses_`; ``history`` holds their mean over members, in
    units of the prior. Training ends where every member has stopped.

    Parameters
    ----------
    head_sparsity : float
        How much each step thins the links from shared units to tasks, in units of the
        learning rate; see `Links.shrink`.

    Attributes
    ----------
    task_losses_ : dict of str to list of ndarray of shape (K, T)
        "train" and "valid" losses of each epoch, tasks in the order of y's columns; NaN
        where a member has no label of a task to be validated on.
    """

    def __init__(
        self,
        module: Any,
        *,
        criterion: Any = TaskLoss,
        optimizer: Any = FlatAdamW,
        iterator_train: Any = Batches,
        iterator_valid: Any = Batches,
        train_split: Any = held_out_split,
        use_caching: Any = False,
        verbose: int = 0,
        head_sparsity: float = 0.0,
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
        self.head_sparsity = head_sparsity

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
        self._step: Any = None
        self._evaluate: Any = None
        self._gradients_are_heard = False
        self._links: list[tuple[Links, dict[str, Any]]] = []
        self._is_constrained = getattr(self.module_, "max_norm", None) is not None
        return self

    @contextmanager
    def restored_on_failure(self) -> Iterator[None]:
        """Bring weights, optimizer and history back if training fails."""
        weights = [
            (part, {k: v.clone() for k, v in part.state_dict().items()})
            for part in (self.module_, self.criterion_)
        ]
        optimizer = deepcopy(self.optimizer_.state_dict())
        n_epochs = len(self.history)
        try:
            yield
        except BaseException:
            for part, before in weights:
                part.load_state_dict(before)
            self.optimizer_.load_state_dict(optimizer)
            del self.history[n_epochs:]
            self._forget_epochs_after(n_epochs)
            raise

    def on_train_end(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an epoch that was interrupted, of which no loss is known."""
        if self.history and "dur" not in self.history[-1]:
            self.history.pop()
        self._forget_epochs_after(len(self.history))
        self._step, self._evaluate, self._links = None, None, []
        self._set_training(False)
        if hasattr(self.optimizer_, "unflatten"):
            self.optimizer_.unflatten()

    def _forget_epochs_after(self, n_epochs: int) -> None:
        for losses in self.task_losses_.values():
            del losses[n_epochs:]

    def get_loss(
        self, y_pred: torch.Tensor, y_true: Labels, *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        """Sum the members' losses, for callbacks that ask skorch for a loss."""
        return self.criterion_.combine(self.criterion_(y_pred, y_true)).sum()

    def train_step(
        self, batch: tuple[torch.Tensor, Labels], **fit_params: Any
    ) -> dict[str, torch.Tensor]:
        """Compute the gradients of one batch and let the optimizer step."""
        steps: list[dict[str, torch.Tensor]] = []

        def closure() -> torch.Tensor | None:
            steps.append(self._step(batch))
            if self._gradients_are_heard:
                parameters = TeeGenerator(self.get_all_learnable_params())
                self.notify(
                    "on_grad_computed",
                    named_parameters=parameters,
                    batch=batch,
                    training=True,
                )
            return self._total(steps[-1]) if self._loss_is_read else None

        self.optimizer_.step(closure)
        self._constrain()
        return steps[-1]

    def _constrain(self) -> None:
        """Shorten weights that a step made too long; other modules have no bound."""
        for links, group in self._links:
            links.shrink(self.head_sparsity * group["lr"])
        if self._is_constrained:
            self.module_.constrain()

    def _total(self, step: dict[str, torch.Tensor]) -> torch.Tensor:
        """Sum the members' losses of a step."""
        return self.criterion_.combine(step["task_loss"]).sum()

    def _set_training(self, training: bool = True) -> None:
        """Set the mode of the module; the losses have none."""
        if self.module_.training != training:
            self.module_.train(training)

    def _prepare_epoch(self, scale: torch.Tensor) -> None:
        """Look up for an epoch what its steps need."""
        self._gradients_are_heard = self._somebody_listens("on_grad_computed")
        if hasattr(self.optimizer_, "flatten"):
            self.optimizer_.flatten()
        self._loss_is_read = getattr(self.optimizer_, "reads_loss", True)
        self._step = self.make_step(scale)
        self._links = self._trained_links() if self.head_sparsity else []

    def _prepare_validation(self) -> None:
        """Look up for an epoch what its validation needs.

        A pass that does not train drops nothing, so that the module keeps its mode.
        """
        self._evaluate = bind(self.module_, Binding())

    def make_step(self, scale: torch.Tensor) -> Any:
        """Make what computes the gradients of each batch of an epoch.

        Parameters
        ----------
        scale : tensor of shape (K, T)
            As in `Labels`; that of all batches to come.
        """
        return Step(self.module_, self.criterion_, scale)

    def _trained_links(self) -> list[tuple[Links, dict[str, Any]]]:
        """Links that steps thin, and the parameter group that each belongs to."""
        if not isinstance(self.module_, MultiTaskNetwork):
            raise ValueError(
                f"head_sparsity={self.head_sparsity!r} thins the heads of "
                f"sklearn_mtl.nn.MultiTaskNetwork, but the module is "
                f"{type(self.module_).__name__}. Set head_sparsity=0."
            )
        padding = self.criterion_.layout.padding.cpu().numpy()
        return [
            (links, group)
            for links in self.module_.links(padding)
            for group in self.optimizer_.param_groups
            if links.weight.requires_grad
            and any(links.weight is parameter for parameter in group["params"])
        ]

    def _somebody_listens(self, *events: str) -> bool:
        """Whether a callback does anything at one of the events."""
        return any(
            getattr(getattr(callback, event), "__func__", None)
            is not getattr(Callback, event)
            for _, callback in self.callbacks_
            for event in events
        )

    def validation_step(
        self, batch: tuple[torch.Tensor, Labels], **fit_params: Any
    ) -> dict[str, torch.Tensor]:
        """Forward over one batch."""
        features, labels = batch
        with torch.no_grad():
            raw = self._evaluate.forward(features)
            return {"y_pred": raw, "task_loss": self.criterion_(raw, labels)}

    def run_single_epoch(
        self,
        iterator: Any,
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
        if training:
            self._set_training(True)
            self._prepare_epoch(iterator.scale)
        else:
            self._prepare_validation()
        batches = self.history[-1]["batches"]
        first = len(batches)
        batches_are_heard = self._somebody_listens("on_batch_begin", "on_batch_end")
        if batches_are_heard:
            step_fn = partial(self._announced_step, step_fn, training)
        losses = [
            step_fn(batch, **fit_params)["task_loss"].detach() for batch in iterator
        ]
        epoch_losses = torch.stack(losses)
        if batches_are_heard:
            self._record_batches(batches[first:], prefix, epoch_losses)
        elif not batches:
            batches.append({})  # skorch's Checkpoint reads the last one
        self.history.record(f"{prefix}_batch_count", len(losses))
        self._record(prefix, epoch_losses.mean(dim=0), iterator)

    def _announced_step(
        self, step_fn: Any, training: bool, batch: Any, **fit_params: Any
    ) -> dict[str, torch.Tensor]:
        """Take a step of which callbacks are told; it gets a row in the history."""
        self.notify("on_batch_begin", batch=batch, training=training)
        step: dict[str, torch.Tensor] = step_fn(batch, **fit_params)
        step["loss"] = self._total(step)
        prefix = "train" if training else "valid"
        self.history.record_batch(f"{prefix}_batch_size", batch[0].shape[-2])
        self.notify("on_batch_end", batch=batch, training=training, **step)
        return step

    def _record_batches(
        self, rows: list[Any], prefix: str, losses: torch.Tensor
    ) -> None:
        """Write the mean over members of losses (steps, K, T) to rows of batches."""
        for row, loss in zip(rows, losses.double().cpu().numpy(), strict=True):
            row[f"{prefix}_loss"] = float(self._monitor(self._of_columns(loss)).mean())

    def monitored_loss(self) -> np.ndarray | None:
        """Loss (K,) on held-out rows by which members stop; None without any."""
        if not self.task_losses_["valid"]:
            return None
        return self._monitor(self.task_losses_["valid"][-1])

    def _monitor(self, loss: np.ndarray) -> np.ndarray:
        """Loss (K,) of each member that is reported, of losses (K, T) of columns."""
        monitored: np.ndarray = self.criterion_.balancing.monitor(
            loss, self.task_weight
        )
        return monitored

    def _of_columns(self, of_tasks: np.ndarray) -> np.ndarray:
        """Bring (K, T) from the order of the training step into that of y."""
        layout = self.criterion_.layout
        return of_tasks if layout.in_order else of_tasks[:, layout.inverse]

    @property
    def task_weight(self) -> np.ndarray:
        """Weight (K, T) of each column of y for each member."""
        # A copy: what is done with it does not reach the weights themselves.
        return self._of_columns(self.criterion_.task_weight.cpu().numpy()).copy()

    def weigh_tasks(self, weight: np.ndarray) -> None:
        """Set the weight (K, T) of each column of y for each member."""
        criterion = self.criterion_
        in_blocks = np.ascontiguousarray(weight[:, criterion.layout.order])
        criterion.task_weight.copy_(torch.from_numpy(in_blocks))

    def _record(self, prefix: str, loss: torch.Tensor, iterator: Any) -> None:
        """Keep one epoch's losses (K, T), and their mean in the history."""
        per_task = loss.double().cpu().numpy()
        per_task[~np.isfinite(per_task)] = np.inf
        per_task[iterator.dataset.unlabelled] = np.nan
        per_task = self._of_columns(per_task)
        self.task_losses_[prefix].append(per_task)
        per_member = self._monitor(per_task)
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
