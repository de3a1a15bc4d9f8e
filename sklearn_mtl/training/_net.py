"""The skorch net that trains a stack: from batch to step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer
from skorch.utils import TeeGenerator

from sklearn_mtl.nn import Binding, Links, MultiTaskNetwork, bind
from sklearn_mtl.training._batches import Batches, Labels, held_out_split
from sklearn_mtl.training._best_weights import BestWeights
from sklearn_mtl.training._flat_adamw import FlatAdamW
from sklearn_mtl.training._last_losses import mean_of_labelled
from sklearn_mtl.training._loss import TaskLoss
from sklearn_mtl.training._members import Members
from sklearn_mtl.training._part import Part, can_part, part_of
from sklearn_mtl.training._step import Step


class MultiTaskNet(NeuralNet):
    """A skorch net over a stack of multi-task networks.

    It differs from ``skorch.NeuralNet`` in this. Batches are slices of tensors prepared
    once. A step is a `Step`, which finds gradients by formulas; it does without a
    graph over the whole network, and `train_step_single` is not called. Losses stay
    on the device within an epoch and are read once at its end. They are kept for each
    member and task in `task_losses_`; ``history`` holds their mean over members, in
    units of the prior. A member that has stopped leaves the stack, and its arithmetic
    ends: `module_` holds all members after each epoch, but what steps are taken on is a
    copy of those that go on. Training ends where every member has stopped.

    Parameters
    ----------
    members : Members or None
        What makes each network of the stack different, for those who read the net.
    head_sparsity : float
        How much each step thins the links from shared units to tasks, in units of the
        learning rate; see `Links.shrink`.

    Attributes
    ----------
    task_losses_ : dict of str to list of ndarray of shape (K, T)
        "train" and "valid" losses of each epoch, tasks in the order of y's columns; NaN
        where a member has no label of a task to be validated on, and for one that has
        left the stack.
    """

    members: Members
    _part: Part | None
    _batches_are_heard: bool
    _gradients_are_heard: bool

    losses_by_epoch: ClassVar[tuple[str, ...]] = ("task_losses_",)
    """Attributes that hold losses of members, one entry an epoch for each part."""

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
        members: Members | None = None,
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
        self.members = members  # type: ignore[assignment]
        self.head_sparsity = head_sparsity

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        return [("epoch_timer", EpochTimer()), ("best_weights", BestWeights())]

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        """Tell all callbacks, then end training where every member has stopped."""
        super().notify(method_name, **cb_kwargs)
        best = dict(self.callbacks_).get("best_weights")
        if method_name == "on_epoch_end" and best is not None:
            going = best.going
            if not going.any():
                raise KeyboardInterrupt  # skorch's own way to end training
            self._let_others_go(np.flatnonzero(going))

    def _let_others_go(self, going: np.ndarray) -> None:
        """Train on with some members alone."""
        n_members = len(self.task_losses_["train"][-1])
        at_work = self._at_work.members
        if len(going) == (n_members if at_work is None else len(at_work)):
            return
        # Who listens within an epoch is shown the whole stack.
        is_heard = self._batches_are_heard or self._gradients_are_heard
        if not is_heard and can_part(self):
            self._part = part_of(self, going)

    @property
    def _at_work(self) -> Part:
        """What steps are taken on."""
        whole = Part(None, self.module_, self.criterion_, self.optimizer_)
        return self._part or whole

    def initialize(self) -> MultiTaskNet:
        """Initialize module, criterion, optimizer, callbacks and history."""
        super().initialize()
        self.task_losses_: dict[str, list[np.ndarray]] = {"train": [], "valid": []}
        self._step: Any = None
        self._update: Any = None
        self._evaluate: Any = None
        self._part = None
        self._gradients_are_heard = self._batches_are_heard = False
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

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Start with all members, whatever an earlier training came to."""
        self._part = None
        self._last_losses: dict[str, np.ndarray] = {}

    def on_train_end(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an epoch that was interrupted, of which no loss is known."""
        if self.history and "dur" not in self.history[-1]:
            self.history.pop()
        self._forget_epochs_after(len(self.history))
        self._step = self._update = self._evaluate = None
        self._part, self._links = None, []
        self._set_training(False)
        if hasattr(self.optimizer_, "unflatten"):
            self.optimizer_.unflatten()

    def _forget_epochs_after(self, n_epochs: int) -> None:
        for name in self.losses_by_epoch:
            for losses in getattr(self, name).values():
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

        self._update(closure)
        self._constrain()
        return steps[-1]

    def _constrain(self) -> None:
        """Shorten weights that a step made too long; other modules have no bound."""
        for links, group in self._links:
            links.shrink(self.head_sparsity * group["lr"])
        if self._is_constrained:
            self._at_work.module.constrain()

    def _total(self, step: dict[str, torch.Tensor]) -> torch.Tensor:
        """Sum the members' losses of a step."""
        return self._at_work.criterion.combine(step["task_loss"]).sum()

    def _set_training(self, training: bool = True) -> None:
        """Set the mode of the module; the losses have none."""
        for module in {self.module_, self._at_work.module}:
            if module.training != training:
                module.train(training)

    def _prepare_epoch(self, scale: torch.Tensor) -> None:
        """Look up for an epoch what its steps need."""
        self._gradients_are_heard = self._somebody_listens("on_grad_computed")
        self._at_work.adopt_rates(self.optimizer_)
        optimizer = self._at_work.optimizer
        if hasattr(optimizer, "flatten"):
            optimizer.flatten()
        self._update = optimizer.step
        self._loss_is_read = getattr(optimizer, "reads_loss", True)
        self._step = self.make_step(scale)
        self._links = self._trained_links() if self.head_sparsity else []

    def _prepare_validation(self) -> None:
        """Look up for an epoch what its validation needs.

        A pass that does not train drops nothing, so that the module keeps its mode.
        """
        self._evaluate = bind(self._at_work.module, Binding())

    def make_step(self, scale: torch.Tensor) -> Any:
        """Make what computes the gradients of each batch of an epoch.

        Parameters
        ----------
        scale : tensor of shape (K, T)
            As in `Labels`; that of all batches to come.
        """
        return Step(self._at_work.module, self._at_work.criterion, scale)

    def _trained_links(self) -> list[tuple[Links, dict[str, Any]]]:
        """Links that steps thin, and the parameter group that each belongs to."""
        module = self._at_work.module
        if not isinstance(module, MultiTaskNetwork):
            raise ValueError(
                f"head_sparsity={self.head_sparsity!r} thins the heads of "
                f"sklearn_mtl.nn.MultiTaskNetwork, but the module is "
                f"{type(module).__name__}. Set head_sparsity=0."
            )
        padding = self.criterion_.layout.padding.cpu().numpy()
        return [
            (links, group)
            for links in module.links(padding)
            for group in self._at_work.optimizer.param_groups
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
            loss = self._at_work.criterion(raw, labels)
            return {"y_pred": raw, "task_loss": loss}

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
            for losses in (getattr(self, name) for name in self.losses_by_epoch):
                losses[prefix].append(np.full_like(losses["train"][-1], np.nan))
            return
        if self._at_work.members is not None:
            iterator = iterator.select(self._at_work.members)
        if training:
            self._set_training(True)
            self._prepare_epoch(iterator.scale)
        else:
            self._prepare_validation()
        batches = self.history[-1]["batches"]
        first = len(batches)
        self._batches_are_heard = self._somebody_listens(
            "on_batch_begin", "on_batch_end"
        )
        if self._batches_are_heard:
            step_fn = partial(self._announced_step, step_fn, training)
        losses = [
            step_fn(batch, **fit_params)["task_loss"].detach() for batch in iterator
        ]
        epoch_losses = torch.stack(losses)
        if self._batches_are_heard:
            self._record_batches(batches[first:], prefix, epoch_losses)
        elif not batches:
            batches.append({})  # skorch's Checkpoint reads the last one
        self.history.record(f"{prefix}_batch_count", len(losses))
        if training:
            self._at_work.put_back(self)
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
            row[f"{prefix}_loss"] = float(self.monitor(self._of_columns(loss)).mean())

    def monitored_loss(self) -> np.ndarray | None:
        """Loss (K,) on held-out rows by which members stop; None without any."""
        if not self.task_losses_["valid"]:
            return None
        return self.monitor(self.task_losses_["valid"][-1])

    def monitor(self, loss: np.ndarray) -> np.ndarray:
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

    def _record(self, prefix: str, loss: torch.Tensor, iterator: Any) -> None:
        """Keep one epoch's losses (K, T), and their mean in the history."""
        per_task = loss.double().cpu().numpy()
        per_task[~np.isfinite(per_task)] = np.inf
        per_task[iterator.dataset.unlabelled] = np.nan
        per_task = self._spread(self._of_columns(per_task))
        self.task_losses_[prefix].append(per_task)
        per_member = self._with_last_of_others(prefix, self.monitor(per_task))
        value, key = mean_of_labelled(per_member), f"{prefix}_loss"
        earlier = [row[key] for row in self.history[:-1] if key in row]
        self.history.record(key, value)
        self.history.record(f"{key}_best", value < min(earlier, default=np.inf))
        if prefix == "train":
            self.history.record("lr", self.optimizer_.param_groups[0]["lr"])

    def _spread(self, of_members: np.ndarray) -> np.ndarray:
        """Spread what members at work have over all members; NaN for the others."""
        return self._at_work.spread(of_members, len(self.criterion_.task_weight))

    def _with_last_of_others(self, prefix: str, loss: np.ndarray) -> np.ndarray:
        """Fill losses (K,) by the last ones of members that have left the stack."""
        last = self._last_losses.get(prefix, loss)
        loss = np.where(np.isnan(loss), last, loss)
        self._last_losses = {**self._last_losses, prefix: loss}
        return loss
