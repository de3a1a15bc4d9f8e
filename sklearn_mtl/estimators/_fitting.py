"""One call of fit: codings, members, net, and what the residuals say."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from sklearn_mtl.estimators._checks import (
    check_task_weights,
    read_label_weight,
)
from sklearn_mtl.estimators._checks_of_columns import (
    check_decodable,
    check_kinds,
    set_classes,
)
from sklearn_mtl.estimators._decoding import DecodedRows
from sklearn_mtl.estimators._held_out import HeldOut
from sklearn_mtl.estimators._net_settings import (
    adopt_settings,
    callbacks_of,
    has_hidden_layers,
    new_net,
    number_of_members,
    rate_schedule,
    seed_of,
)
from sklearn_mtl.estimators._sharing import by_net, find_own_nets, patience_alone
from sklearn_mtl.estimators._source import TaskSource
from sklearn_mtl.tables import (
    FeatureEncoder,
    RowMaker,
    TargetTable,
    decoded_columns,
    learn_pieces,
    take_rows,
)
from sklearn_mtl.tasks import (
    OutputLayout,
    per_column,
    resolve_tasks,
    weigh_classes,
)
from sklearn_mtl.training import (
    MultiTaskNet,
    NegativeTransfer,
    TaskLoss,
    member_rows,
    std_of_shared,
)


class Fitting:
    """Everything between the checked arguments of `fit` and the trained net.

    Rows without any label that counts are left out at once: nothing is learned from
    them, so that a masked label and a dropped row are the same. A network that decodes
    its input learns from them too.

    Parameters
    ----------
    X : data frame, ndarray or CSR matrix
    table : TargetTable
    weight : ndarray of shape (n_rows, n_tasks)
        Weight of each label, 0 where it is missing.
    row_weight : ndarray of shape (n_rows,) or None
        Weight of each row for a network that decodes X; None for one that does not.
    """

    def __init__(
        self,
        X: Any,
        table: TargetTable,
        weight: np.ndarray,
        row_weight: np.ndarray | None = None,
    ) -> None:
        counts = weight > 0
        rows = np.flatnonzero(counts.any(axis=1))
        if not len(rows):
            raise ValueError(
                "y holds no label that counts: every label is missing or has weight 0. "
                "Pass at least one label."
            )
        self.X_all, self.labelled, self.n_rows = X, rows, len(weight)
        all_labelled = len(rows) == self.n_rows
        self.X = X if all_labelled else take_rows(X, rows)
        self.columns = [
            column.keep(counts[:, t], rows) for t, column in enumerate(table.columns)
        ]
        self.names = [column.name for column in self.columns]
        self.label_weight = self.weight = weight if all_labelled else weight[rows]
        self.container = table.container
        self.row_maker: RowMaker | None = None
        self.decoding: DecodedRows | None = None
        if row_weight is not None:
            self.decoding = DecodedRows(X, row_weight, rows)
        self.validation: TaskSource | None = None
        self.net: MultiTaskNet | None = None
        self.own_nets: dict[int, MultiTaskNet] = {}
        self.fold_seed: int | None = None

    # -- codings ----------------------------------------------------------------

    def learn(self, estimator: Any, default_kind: str, classes: Any) -> None:
        """Learn what columns mean, from the rows at hand."""
        self.tasks = resolve_tasks(
            self.columns, estimator.task_types, default=default_kind
        )
        check_kinds(self.tasks, self.columns, default_kind)
        if classes is not None:
            set_classes(self.tasks, self.columns, classes, self.container.ndim)
        row_weight = self._row_weight()
        self._weigh_classes(estimator)
        for t, (task, column) in enumerate(zip(self.tasks, self.columns, strict=True)):
            task.fit(column, self.weight[:, t])
            if not self.weight[:, t].any():
                warnings.warn(
                    f"Column {column.name!r} of y has no label that counts; it is "
                    "predicted as missing. Drop the column, or use folds in which "
                    "each column has labels.",
                    UserWarning,
                    stacklevel=6,
                )
        X = self.X
        if self.decoding is not None:
            X, row_weight = self.decoding.all_rows(row_weight)
        self.encoder = FeatureEncoder(
            estimator.categorical_features,
            scale_inputs=estimator.scale_inputs,
            max_categories=estimator.max_categories,
        ).fit(X, row_weight)
        n_bins = estimator.n_bins
        if n_bins == "auto" and not has_hidden_layers(estimator, self.names):
            n_bins = 0  # a linear network is to be one
        self.pieces = learn_pieces(self.encoder, X, row_weight, n_bins)
        self.decoded_columns = None
        if self.decoding is not None:
            self.decoded_columns = decoded_columns(self.encoder)
            check_decodable(self.decoded_columns, len(row_weight))
            if estimator.generative:
                self.row_maker = RowMaker(self.X_all, self.encoder)
        self.task_share = check_task_weights(
            per_column(estimator.task_weights, self.names, "task_weights"),
            self.columns,
        )

    def _weigh_classes(self, estimator: Any) -> None:
        self.weight = weigh_classes(
            self.weight, self.tasks, self.columns, estimator.class_weight
        )

    def _row_weight(self) -> np.ndarray:
        """Mean weight of the labels that a row has."""
        labelled = (self.weight > 0).sum(axis=1)
        mean: np.ndarray = self.weight.sum(axis=1) / labelled
        return mean

    def reuse(self, estimator: Any) -> None:
        """Take codings and net from an earlier fit."""
        self.tasks = estimator.tasks_
        self._weigh_classes(estimator)
        self.encoder = estimator.feature_encoder_
        self.net, self.own_nets = estimator.net_, estimator.own_nets_
        self.fold_seed = estimator._fold_seed
        self.container = estimator._container

    def add_validation(self, X: Any, table: TargetTable, class_weight: Any) -> None:
        """Stop on these rows instead of rows that members hold out."""
        weight = read_label_weight(None, table.columns)
        if not weight.any():
            raise ValueError("y_val holds no label. Pass at least one, or no y_val.")
        weighed = weigh_classes(weight, self.tasks, table.columns, class_weight)
        self.validation = TaskSource(X, table.columns, weighed, weight)

    # -- training ---------------------------------------------------------------

    def train(
        self, estimator: Any, *, epochs: int | None = None, holds_out: bool = True
    ) -> MultiTaskNet:
        """Train a new net, or go on with the one at hand.

        For `epochs`, or the most that the estimator allows.
        """
        generator = torch.Generator().manual_seed(seed_of(estimator.random_state))
        stops = holds_out and estimator.early_stopping
        resumed = [] if self.net is None else [self.net, *self.own_nets.values()]
        if self.net is None:
            self.net = self._new_net(
                estimator,
                n_members=number_of_members(
                    estimator, len(self.weight), holds_out, n_read=self.n_read
                ),
                generator=generator,
                callbacks=self._watched(callbacks_of(estimator)),
            )
        net = self.net
        for known in resumed:
            adopt_settings(estimator, known)
        if self.fold_seed is None:
            self.fold_seed = int(torch.randint(2**31 - 1, (), generator=generator))
        self._prepare_rows(estimator, net, stops)
        with ExitStack() as guard:
            # Nets that are gone on with belong to the estimator as it was.
            for known in resumed:
                guard.enter_context(known.restored_on_failure())
            self._run(net, stops, epochs)
            for own in self.own_nets.values():
                self._run(own, stops, epochs)
        if stops and not resumed and self._may_part(estimator, net):

            def train_alone(t: int) -> MultiTaskNet:
                return self._train_alone(estimator, net, t, generator)

            self.own_nets = find_own_nets(net, train_alone)
        return net

    def _watched(self, callbacks: list[Any]) -> list[Any]:
        """Append the callback that watches for columns which others harm."""
        if len(self.tasks) < 2:
            return callbacks
        return [*callbacks, ("negative_transfer", NegativeTransfer(self.names))]

    @property
    def n_read(self) -> int:
        """Number of rows that training reads."""
        n_others = 0 if self.decoding is None else len(self.decoding.others)
        return len(self.weight) + n_others

    def _run(self, net: MultiTaskNet, stops: bool, epochs: int | None) -> None:
        best = dict(net.callbacks_).get("best_weights")
        if best is not None:
            best.set_params(monitor="valid" if stops else None)
        net.partial_fit(self.rows, epochs=epochs)
        if best is not None:
            self._report_divergence(best)

    def _new_net(
        self,
        estimator: Any,
        *,
        n_members: int,
        generator: torch.Generator,
        callbacks: list[Any],
    ) -> MultiTaskNet:
        return new_net(
            estimator,
            OutputLayout(self.tasks),
            names=self.names,
            task_share=self.task_share,
            n_members=n_members,
            n_features=self.encoder.n_features_out_,
            pieces=self.pieces,
            decoded_columns=self.decoded_columns,
            n_rows=self.n_read,
            generator=generator,
            callbacks=callbacks,
        ).initialize()

    # -- columns that go on alone ---------------------------------------------------

    def _may_part(self, estimator: Any, net: MultiTaskNet) -> bool:
        """Whether columns may leave the shared net, and it can be told which gain."""
        return (
            estimator.sharing == "auto"
            and len(self.tasks) > 1
            and type(net.criterion_) is TaskLoss
            and not estimator.generative
            and "best_weights" in dict(net.callbacks_)
            and len(net.history) > 0
        )

    def _train_alone(
        self, estimator: Any, net: MultiTaskNet, t: int, generator: torch.Generator
    ) -> MultiTaskNet:
        """Train a copy of the shared net on one task, from its weights on.

        The caller's callbacks watch the shared net only.
        """
        seed = int(torch.randint(2**31 - 1, (), generator=generator))
        own = self._new_net(
            estimator,
            n_members=len(net.criterion_.task_weight),
            generator=torch.Generator().manual_seed(seed),
            callbacks=rate_schedule(estimator),
        )
        own.module_.load_state_dict(net.module_.state_dict())
        alone = np.zeros_like(own.task_weight)
        alone[:, t] = 1.0
        own.weigh_tasks(alone)
        patience = patience_alone(
            estimator.n_iter_no_change, len(self.weight) / own.batch_size
        )
        dict(own.callbacks_)["best_weights"].set_params(
            monitor="valid", patience=patience
        )
        return own.partial_fit(self.rows)

    def _prepare_rows(
        self,
        estimator: Any,
        net: MultiTaskNet,
        holds_out: bool,
    ) -> None:
        """Encode the tables and give each member its rows.

        Folds come from a seed of their own, so that a warm start holds out the rows
        that it held out before.
        """
        assert self.fold_seed is not None
        like = next(net.module_.parameters())
        layout = net.criterion_.layout
        self.source = TaskSource(self.X, self.columns, self.weight, self.label_weight)
        table = self.source.encode(self.encoder, self.tasks, layout, like)
        validation = None
        if self.validation is not None:
            validation = self.validation.encode(self.encoder, self.tasks, layout, like)
        self.rows = member_rows(
            table,
            n_members=len(net.criterion_.task_weight),
            prior_cost=layout.prior_cost,
            holds_out=holds_out,
            validation_fraction=estimator.validation_fraction,
            validation_table=validation,
            generator=torch.Generator().manual_seed(self.fold_seed),
        )
        if self.decoding is not None:
            self.rows.unlabelled_rows = self.decoding.encode(self.encoder, table)

    def _report_divergence(self, best: Any) -> None:
        """Say which task's loss was no longer finite, and what was kept."""
        if not best.diverged_:
            return
        member, (epoch, t) = next(iter(best.diverged_.items()))
        what = "The weights"
        if t >= 0:
            what = f"The loss of {self.tasks[t].describe()}"
        said = f"{what} turned infinite or NaN in epoch {epoch} (member {member})."
        remedy = "Lower learning_rate_init, or look for extreme values in X and y."
        if not best.best_epoch_.any():
            raise ValueError(f"{said} Nothing was learned before. {remedy}")
        warnings.warn(
            f"{said} The weights of epoch {best.best_epoch_[member]} are kept. "
            f"{remedy}",
            ConvergenceWarning,
            stacklevel=5,
        )

    # -- what is left over ---------------------------------------------------------

    def held_out(self, net: MultiTaskNet) -> tuple[HeldOut | None, bool]:
        """Collect what members say of rows that they did not train on.

        Returns
        -------
        held_out : HeldOut or None
        of_X : bool
            Whether these are rows of X rather than of X_val.
        """
        if self.rows.held_out is None:
            return None, False
        source = self.source if self.validation is None else self.validation
        held_out = self._collect(net, self.rows.held_out, source)
        return held_out, self.validation is None

    def trained_on(self, net: MultiTaskNet) -> HeldOut:
        """Collect what members say of the rows that they trained on."""
        return self._collect(net, self.rows, self.source)

    def _collect(self, net: MultiTaskNet, rows: Any, source: TaskSource) -> HeldOut:
        nets = list(by_net(net, self.own_nets, range(len(self.tasks))))
        return HeldOut(
            nets,
            self.tasks,
            rows,
            source.columns,
            source.label_weight,
            source.weight,
        )

    def release_rows(self) -> None:
        """Give the memory of the encoded rows back; no member reads them any more."""
        del self.rows

    def unit_std(self, net: MultiTaskNet) -> np.ndarray:
        """Tell how much every shared unit varies over some rows, (K * h,)."""
        return std_of_shared(net.module_, self.rows.table)

    def spread_rows(
        self, columns: list[np.ndarray], places: np.ndarray
    ) -> list[np.ndarray]:
        """Give every row passed to `fit` its place; the others are missing.

        Parameters
        ----------
        columns : list of ndarray of shape (m,)
        places : int ndarray of shape (m,)
            Where their rows stand among the rows that have labels.
        """
        if len(places) == self.n_rows:
            return columns
        rows = self.labelled[places]
        return [_at_rows(column, rows, self.n_rows) for column in columns]


def _at_rows(column: np.ndarray, rows: np.ndarray, n_rows: int) -> np.ndarray:
    numeric = column.dtype.kind in "iuf"
    spread = np.full(n_rows, np.nan if numeric else None)
    spread[rows] = column
    return spread
