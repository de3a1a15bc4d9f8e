"""The skorch net that trains a stack: from batch to step."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EpochTimer
from skorch.utils import TeeGenerator, is_skorch_dataset
from torch.utils.data import DataLoader

from sklearn_mtl.nn import Binding, bind
from sklearn_mtl.training._batches import Batches, Labels, held_out_split
from sklearn_mtl.training._best_weights import BestWeights
from sklearn_mtl.training._checkpoints import (
    FILES,
    load_all_or_none,
    save_whole,
)
from sklearn_mtl.training._column_losses import history_keys
from sklearn_mtl.training._compiled import gains_by_compiling
from sklearn_mtl.training._course import Course, EndOfTraining
from sklearn_mtl.training._device import move_to_its_device
from sklearn_mtl.training._epoch import run_epoch, skip_epoch
from sklearn_mtl.training._epoch_record import record_losses
from sklearn_mtl.training._flat_adamw import FlatAdamW
from sklearn_mtl.training._listeners import somebody_listens, tell_all
from sklearn_mtl.training._loss import TaskLoss
from sklearn_mtl.training._members import Members
from sklearn_mtl.training._part import Part, can_part, part_of
from sklearn_mtl.training._precision import format_of_products
from sklearn_mtl.training._step import Step
from sklearn_mtl.training._step_weights import add_unknown_weights
from sklearn_mtl.training._torch_modes import usual_torch_modes
from sklearn_mtl.training._trained_links import TrainedLinks, trained_links


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
    head_sparsity : float or sequence of K floats
        How much each step thins the links from shared units to tasks, in units of the
        learning rate; see `Links.shrink`.
    precision : {"float32", "bfloat16", "auto"}
        Number format of the products of shared layers in a step; see
        `format_of_products`.

    Attributes
    ----------
    task_losses_ : dict of str to list of ndarray of shape (K, T)
        "train" and "valid" losses of each epoch, tasks in the order of y's columns; NaN
        where a member has no label of a task to be validated on, and for one that has
        left the stack.
    scores_ : dict of str to list of ndarray
        "columns" (K, T) and their "average" (K,) in each epoch, where members stop by a
        metric; NaN elsewhere. Greater is better.
    step_weights_ : dict of str to list of ndarray of shape (K, T)
        "train": mean weight of each task in the steps of an epoch for which it had
        labels, as balancing made them; NaN without any, and for a member that has left.
    course : Course
        What all trainings of the fit that is running share.
    part : {"shared", "trials", "own", "taught"}
        Which part of a fit it trains: all columns, columns that are tried alone, those
        that an earlier fit let go on alone, or all of them with teachers.
    """

    members: Members
    course: Course
    part: str
    _part: Part | None
    _batches_are_heard: bool
    _gradients_are_heard: bool
    _is_notifying: bool = False

    losses_by_epoch: ClassVar[dict[str, dict[str, int]]] = {
        "task_losses_": {"train": 2, "valid": 2},
        "scores_": {"columns": 2, "average": 1},
        "step_weights_": {"train": 2},
    }
    """Attributes with an entry an epoch for each part, of so many axes: K, then T."""

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
        head_sparsity: Any = 0.0,
        precision: str = "float32",
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
        self.precision = precision

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        return [("epoch_timer", EpochTimer()), ("best_weights", BestWeights())]

    def fit_loop(self, X: Any, y: Any = None, **how: Any) -> MultiTaskNet:
        """Train for some epochs; tell the fit if it was interrupted."""
        self._is_first_epoch = True
        try:
            super().fit_loop(X, y, **how)
        except EndOfTraining:
            raise
        except KeyboardInterrupt:
            self.course.end("interrupt")
            raise
        return self

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        """Tell all callbacks; end training where every member or the fit has ended."""
        going = tell_all(self, method_name, **cb_kwargs)
        if going is not None:
            self.let_others_go(going)

    def save_params(self, *args: Any, **kwargs: Any) -> None:
        """Write files as skorch does, but each of them whole or not at all."""
        files = dict(zip(FILES, args, strict=False)) | kwargs
        save_whole(super().save_params, files, is_heard=not self._is_notifying)

    def load_params(self, *args: Any, **kwargs: Any) -> None:
        """Load files as skorch does, but all or none; NaN for losses not in them."""
        if not self.initialized_:
            self.initialize()
        load_all_or_none(self, partial(super().load_params, *args, **kwargs))

    def __setstate__(self, state: dict[str, Any]) -> None:
        with usual_torch_modes():
            super().__setstate__(state)
        add_unknown_weights(self)

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Batches of members' rows, or of encoded rows that are passed to `forward`."""
        if training or not is_skorch_dataset(dataset):
            return super().get_iterator(dataset, training)
        return DataLoader(dataset, self._batch_size)

    def forward(
        self, X: Any, training: bool = False, device: str = "cpu"
    ) -> torch.Tensor:
        """Raw outputs (K, n, C) of encoded rows (n, d) or of members' rows."""
        if isinstance(X, np.ndarray):
            X = torch.as_tensor(X, dtype=next(self.module_.parameters()).dtype)
        return torch.cat(list(self.forward_iter(X, training, device)), dim=-2)

    def predict_proba(self, X: Any) -> np.ndarray:
        """`forward` as an array: what these outputs mean, the estimator knows."""
        raw: np.ndarray = self.forward(X).numpy()
        return raw

    def torch_compile(self, module: Any, name: str) -> Any:
        """Compile a module that has steps by autograd; others warn that it is moot."""
        if not self.compile or not gains_by_compiling(module):
            return module
        return super().torch_compile(module, name)

    def forget_optimizer_state(self) -> None:
        """Let training that goes on from here begin with fresh moments."""
        self.optimizer_.state.clear()

    def stored_state(self) -> dict[str, Any]:
        """Give what a file of the package holds; it brings tensors to the CPU."""
        return self.__dict__.copy()

    def restore_stored(self, state: dict[str, Any]) -> None:
        """Set what `stored_state` gave, on the net's device if there is one."""
        self.__dict__.update(state)
        add_unknown_weights(self)
        move_to_its_device(self)

    def let_others_go(self, going: np.ndarray) -> None:
        """Train on with some members alone."""
        n_members = len(self.task_losses_["train"][-1])
        at_work = self._at_work.members
        has_left = len(going) < (n_members if at_work is None else len(at_work))
        # Who listens within an epoch is shown the whole stack.
        is_heard = self._batches_are_heard or self._gradients_are_heard
        if has_left and not is_heard and can_part(self):
            self._part = part_of(self, going)

    @property
    def _at_work(self) -> Part:
        """What steps are taken on."""
        whole = Part(None, self.module_, self.criterion_, self.optimizer_)
        return self._part or whole

    def initialize(self) -> MultiTaskNet:
        """Initialize module, criterion, optimizer, callbacks and history."""
        super().initialize()
        balancing = self.criterion_.balancing
        if balancing.reads == "unit_gradients":
            balancing.setup_units(getattr(self.module_, "n_shared", 0))
        self.course, self.part = Course(), "shared"
        self.task_losses_: dict[str, list[np.ndarray]] = {"train": [], "valid": []}
        self.scores_: dict[str, list[np.ndarray]] = {"columns": [], "average": []}
        self.step_weights_: dict[str, list[np.ndarray]] = {"train": []}
        self.stops_by_score = False
        names = self.criterion_.layout.names
        self._column_keys = {p: history_keys(p, names) for p in ("train", "valid")}
        self._step: Any = None
        self._update: Any = None
        self._evaluate: Any = None
        self._part = None
        self._gradients_are_heard = self._batches_are_heard = False
        self._links: list[TrainedLinks] = []
        self._is_constrained = getattr(self.module_, "max_norm", None) is not None
        return self

    def on_train_begin(self, net: Any, **kwargs: Any) -> None:
        """Start with all members, whatever an earlier training came to."""
        self._part = None
        self._last_losses: dict[str, np.ndarray] = {}
        self._last_of_columns: dict[str, np.ndarray] = {}

    def on_train_end(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Forget an epoch that was interrupted, of which no loss is known."""
        if self.history and "dur" not in self.history[-1]:
            self.history.pop()
        self.forget_epochs_after(len(self.history))
        self._step = self._update = self._evaluate = None
        self._last_of_columns = {}
        self._part, self._links = None, []
        self._set_training(False)
        if hasattr(self.optimizer_, "unflatten"):
            self.optimizer_.unflatten()

    def forget_epochs_after(self, n_epochs: int) -> None:
        """Drop the losses of later epochs."""
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
        for links in self._links:
            links.shrink()
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
        self._gradients_are_heard = somebody_listens(
            self.callbacks_, "on_grad_computed"
        )
        self._at_work.adopt_rates(self.optimizer_)
        optimizer = self._at_work.optimizer
        if hasattr(optimizer, "flatten"):
            optimizer.flatten()
        self._update = optimizer.step
        self._loss_is_read = getattr(optimizer, "reads_loss", True)
        self._step = self.make_step(scale)
        self._links = trained_links(self._at_work, self.head_sparsity)

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
        work = self._at_work
        n_candidates = work.n_candidates(self.members)
        products = format_of_products(
            self.precision, work.module, self._batch_size, n_candidates
        )
        return Step(work.module, work.criterion, scale, products)

    @property
    def _batch_size(self) -> int:
        size: Any = getattr(self, "iterator_train__batch_size", self.batch_size)
        return int(size)

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
            skip_epoch(self, prefix)
            return
        if training and iterator.dataset.windows is not None:
            iterator = iterator.of_next_window()
        if self._at_work.members is not None:
            iterator = iterator.select(self._at_work.members)
        if training:
            self._set_training(True)
            self._prepare_epoch(iterator.scale)
        else:
            self._prepare_validation()
        self._batches_are_heard = somebody_listens(
            self.callbacks_, "on_batch_begin", "on_batch_end"
        )
        run_epoch(self, iterator, partial(step_fn, **fit_params), training=training)

    def monitored_loss(self) -> np.ndarray | None:
        """Loss (K,) on held-out rows by which members stop; None without any."""
        if not self.task_losses_["valid"]:
            return None
        if self.stops_by_score:
            return -self.scores_["average"][-1]
        return self.monitor(self.task_losses_["valid"][-1])

    def monitor(self, loss: np.ndarray) -> np.ndarray:
        """Loss (K,) of each member that is reported, of losses (K, T) of columns."""
        weight = self.task_weight
        if self.members is not None:
            weight = weight * self.members.watched
        monitored: np.ndarray = self.criterion_.balancing.monitor(loss, weight)
        return monitored

    def of_columns(self, of_tasks: np.ndarray) -> np.ndarray:
        """Bring (K, T) from the order of the training step into that of y."""
        layout = self.criterion_.layout
        return of_tasks if layout.in_order else of_tasks[:, layout.inverse]

    @property
    def task_weight(self) -> np.ndarray:
        """Weight (K, T) of each column of y for each member."""
        # A copy: what is done with it does not reach the weights themselves.
        return self.of_columns(self.criterion_.task_weight.cpu().numpy()).copy()

    def _record(self, prefix: str, per_task: np.ndarray, iterator: Any) -> None:
        """Keep one epoch's losses (K, T), and their means in the history."""
        record_losses(self, prefix, per_task, iterator.dataset.unlabelled)

    def spread(self, of_members: np.ndarray) -> np.ndarray:
        """Spread what members at work have over all members; NaN for the others."""
        return self._at_work.spread(of_members, len(self.criterion_.task_weight))
