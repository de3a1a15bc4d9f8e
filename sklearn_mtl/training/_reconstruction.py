"""Training of networks that decode their input, on rows without labels too."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch

from sklearn_mtl.nn import Joint, MultiTaskNetwork
from sklearn_mtl.training._batches import Batches, Labels, MemberRows, TaskTable
from sklearn_mtl.training._last_losses import with_last_of_others
from sklearn_mtl.training._loss import TaskLoss
from sklearn_mtl.training._net import MultiTaskNet


class Unlabelled(NamedTuple):
    """Rows that have no label, and the weights of all rows in the reconstruction.

    Attributes
    ----------
    table : TaskTable or None
        Without columns of labels; None where all rows have some.
    weight : tensor of shape (m,)
        Weight of the rows of `table`.
    weight_of_labelled : tensor of shape (n,) or None
        Weight of the rows that have labels, by their position in their own table; None
        for ones.
    """

    table: TaskTable | None
    weight: torch.Tensor
    weight_of_labelled: torch.Tensor | None


class JointLabels(NamedTuple):
    """Labels of the first rows of a batch, and weights (K or 1, B) of all its rows."""

    labels: Labels
    row_weight: torch.Tensor


class JointBatches:
    """Batches of labelled rows, each followed by its share of those without labels.

    An epoch is one pass over all rows. Where few have labels, these come round more
    than once in it, so that each step learns from labels.

    Parameters
    ----------
    dataset : MemberRows
    batch_size : int
        Most labelled rows in a batch, and most of the others.
    shuffle : bool
    generator : torch.Generator or None

    Attributes
    ----------
    scale : tensor of shape (K, T)
    """

    def __init__(
        self,
        dataset: MemberRows,
        batch_size: int,
        shuffle: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        assert dataset.unlabelled_rows is not None
        self.dataset = dataset
        self.others: Unlabelled = dataset.unlabelled_rows
        self.labelled = _PlacedBatches(dataset, batch_size, shuffle, generator)
        self.shuffle, self.generator = shuffle, generator
        n_others = 0 if self.others.table is None else len(self.others.table)
        self.n_batches = max(len(self.labelled), -(-n_others // batch_size))
        self.scale = self.labelled.scale

    def select(self, members: np.ndarray) -> JointBatches:
        """Batches of some members, in the same order of rows."""
        chosen = copy(self)
        chosen.labelled = self.labelled.select(members)
        chosen.dataset, chosen.scale = chosen.labelled.dataset, chosen.labelled.scale
        return chosen

    def __len__(self) -> int:
        return self.n_batches

    def __iter__(self) -> Iterator[tuple[torch.Tensor, JointLabels]]:
        others = self._parts_of_others()
        for (features, labels), weight in self._labelled_without_end():
            part = next(others, None)
            if part is None:
                return
            if part:
                features = torch.cat([features, part[0]])
                more = part[1].expand(len(weight), -1)
                weight = torch.cat([weight, more], dim=1)
            yield features, JointLabels(labels, weight)

    def _labelled_without_end(self) -> Iterator[tuple[Any, torch.Tensor]]:
        while True:
            yield from self.labelled.with_weights(self.others.weight_of_labelled)

    def _parts_of_others(self) -> Iterator[tuple[torch.Tensor, ...]]:
        """Features and weights of the rows without labels, in `n_batches` parts."""
        table = self.others.table
        if table is None:
            for _ in range(self.n_batches):
                yield ()
            return
        order = torch.arange(len(table))
        if self.shuffle:
            order = torch.randperm(len(table), generator=self.generator)
        for rows in order.to(table.device).tensor_split(self.n_batches):
            yield table.rows(rows)[0], self.others.weight.index_select(0, rows)


class _PlacedBatches(Batches):
    """Batches with the weights (K or 1, B) of their rows in the reconstruction."""

    def with_weights(
        self, weight: torch.Tensor | None
    ) -> Iterator[tuple[tuple[torch.Tensor, Labels], torch.Tensor]]:
        dataset = self.dataset
        order = self._order()
        placed = dataset.index if order is None else dataset.index[order]
        positions = placed.tensor_split(self.n_batches)
        for batch, rows in zip(self._in_order(order), positions, strict=True):
            features, labels = batch
            of_rows = features.new_ones(1, len(features))
            if weight is not None:
                of_rows = weight.index_select(0, rows).unsqueeze(0)
            if labels.row_weight is not None:
                of_rows = of_rows * labels.row_weight
            yield batch, of_rows


def joint_losses(
    module: MultiTaskNetwork, criterion: TaskLoss, batch: tuple[torch.Tensor, Any]
) -> tuple[Joint, torch.Tensor, torch.Tensor]:
    """Losses (K, T) of the tasks and cost (K,) of decoding one batch."""
    features, labels = batch
    weight = None
    if isinstance(labels, JointLabels):
        labels, weight = labels
    elif labels.row_weight is not None:
        weight = labels.row_weight
    joint = module.predict_and_decode(features, labels.codes.shape[-2])
    if weight is None:
        cost = joint.cost.mean(dim=1)
    else:
        cost = _weighted_mean(joint.cost, weight)
    return joint, criterion(joint.raw, labels), cost


class JointStep:
    """A step on the losses of the tasks and the cost of decoding, by autograd.

    Parameters
    ----------
    module : MultiTaskNetwork
        With a decoder.
    criterion : TaskLoss
    reconstruction_weight : float
    costs : list of tensor of shape (K,)
        Takes the cost of each step.
    """

    def __init__(
        self,
        module: MultiTaskNetwork,
        criterion: TaskLoss,
        reconstruction_weight: float,
        costs: list[torch.Tensor],
    ) -> None:
        self.module, self.criterion = module, criterion
        self.reconstruction_weight, self.costs = reconstruction_weight, costs
        self.trained = [p for p in module.parameters() if p.requires_grad]

    def __call__(self, batch: tuple[torch.Tensor, Any]) -> dict[str, torch.Tensor]:
        """Set the gradients; return raw outputs, losses (K, T), and their weights."""
        joint, loss, cost = joint_losses(self.module, self.criterion, batch)
        balancing = self.criterion.balancing
        weights = balancing.weights(loss, self._read(joint, loss))
        total = (loss * weights).sum() + self.reconstruction_weight * cost.sum()
        found = torch.autograd.grad(total, self.trained, allow_unused=True)
        for parameter, gradient in zip(self.trained, found, strict=True):
            parameter.grad = gradient
        self.costs.append(cost.detach())
        return {
            "y_pred": joint.raw.detach(),
            "task_loss": loss.detach(),
            "weights": weights,
        }

    def _read(self, joint: Joint, loss: torch.Tensor) -> torch.Tensor | None:
        """Find what balancing asks to know of the tasks' gradients, if anything."""
        balancing = self.criterion.balancing
        if balancing.reads == "losses":
            return None
        of = [joint.units]
        if balancing.wrt == "weights":
            of = [p for _, p in self.module.shared_parameters() if p.requires_grad]
        gradients = [
            torch.autograd.grad(of_task.sum(), of, retain_graph=True)
            for of_task in loss.unbind(1)
        ]
        if balancing.reads == "unit_gradients":
            return torch.stack([of_units.sum(dim=1) for (of_units,) in gradients], 1)
        flat = torch.stack(
            [torch.cat([g.flatten(1) for g in found], dim=1) for found in gradients], 1
        )
        return torch.bmm(flat, flat.transpose(1, 2))


class DecodingNet(MultiTaskNet):
    """A `MultiTaskNet` whose module decodes its input, for an auxiliary loss.

    Parameters
    ----------
    reconstruction_weight : float
        Of the decoder's cost, beside the mean of the tasks' losses.
    stops_on_reconstruction : bool
        Whether early stopping looks at the sum of both, rather than at the tasks.

    Attributes
    ----------
    reconstruction_losses_ : dict of str to list of ndarray of shape (K,)
        "train" and "valid" costs of each epoch, in units of the prior's; NaN for a
        member that has left the stack.
    """

    losses_by_epoch: ClassVar[dict[str, dict[str, int]]] = {
        **MultiTaskNet.losses_by_epoch,
        "reconstruction_losses_": {"train": 1, "valid": 1},
    }

    def __init__(
        self,
        module: Any,
        *,
        reconstruction_weight: float = 1.0,
        stops_on_reconstruction: bool = False,
        iterator_train: Any = JointBatches,
        **kwargs: Any,
    ) -> None:
        self.reconstruction_weight = reconstruction_weight
        self.stops_on_reconstruction = stops_on_reconstruction
        super().__init__(module, iterator_train=iterator_train, **kwargs)

    def initialize(self) -> DecodingNet:
        """Initialize module, criterion, optimizer, callbacks and history."""
        super().initialize()
        self.reconstruction_losses_: dict[str, list[np.ndarray]] = {
            "train": [],
            "valid": [],
        }
        self._costs: list[torch.Tensor] = []
        return self

    def forget_epochs_after(self, n_epochs: int) -> None:
        """Drop the losses of later epochs, and of one that was interrupted."""
        super().forget_epochs_after(n_epochs)
        self._costs.clear()

    def make_step(self, scale: torch.Tensor) -> JointStep:
        """Make what computes the gradients of each batch of an epoch."""
        work = self._at_work
        return JointStep(
            work.module, work.criterion, self.reconstruction_weight, self._costs
        )

    def _prepare_validation(self) -> None:
        """Put the module into the mode in which nothing is drawn."""
        self._set_training(False)

    def validation_step(
        self, batch: tuple[torch.Tensor, Any], **fit_params: Any
    ) -> dict[str, torch.Tensor]:
        """Forward over one batch."""
        with torch.no_grad():
            work = self._at_work
            joint, loss, cost = joint_losses(work.module, work.criterion, batch)
        self._costs.append(cost)
        return {"y_pred": joint.raw, "task_loss": loss}

    def _total(self, step: dict[str, torch.Tensor]) -> torch.Tensor:
        """Sum the members' losses of a step, that of the decoder too."""
        return super()._total(step) + self.reconstruction_weight * self._costs[-1].sum()

    def _record(self, prefix: str, per_task: np.ndarray, iterator: Any) -> None:
        """Keep one epoch's costs (K,) too, and their mean in the history."""
        super()._record(prefix, per_task, iterator)
        costs = torch.stack(self._costs).mean(dim=0).double().cpu().numpy()
        self._costs.clear()
        costs[~np.isfinite(costs)] = np.inf
        costs = self.spread(costs)
        self.reconstruction_losses_[prefix].append(costs)
        name = f"{prefix}_reconstruction"
        self.history.record(name, float(with_last_of_others(self, name, costs).mean()))

    def monitored_loss(self) -> np.ndarray | None:
        """Loss (K,) on held-out rows by which members stop."""
        loss = super().monitored_loss()
        costs = self.reconstruction_losses_["valid"]
        stops_on_both = self.stops_on_reconstruction and not self.stops_by_score
        if loss is None or not stops_on_both or not costs:
            return loss
        return loss + self.reconstruction_weight * costs[-1]

    def get_loss(self, y_pred: Any, y_true: Any, *args: Any, **kwargs: Any) -> Any:
        """Sum the members' losses of the tasks, for callbacks that ask for a loss."""
        labels = y_true.labels if isinstance(y_true, JointLabels) else y_true
        return super().get_loss(y_pred, labels, *args, **kwargs)


def _weighted_mean(cost: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    total = weight.sum(dim=1).clamp_min(torch.finfo(cost.dtype).tiny)
    return (cost * weight).sum(dim=1) / total
