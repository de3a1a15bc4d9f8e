"""What the three estimators share: parameters, fit and predict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators._checks import (
    all_or_nothing,
    check_same_columns,
    n_rows_of,
    read_label_weight,
    read_X,
    read_y,
)
from sklearn_mtl.estimators._conformal import Conformal
from sklearn_mtl.estimators._decoding import decodes, row_weight_of
from sklearn_mtl.estimators._fitting import Fitting
from sklearn_mtl.estimators._generative import DistributionOfX
from sklearn_mtl.estimators._held_out import temper
from sklearn_mtl.estimators._history import history_rows
from sklearn_mtl.estimators._net_settings import check_has_hidden_layer
from sklearn_mtl.estimators._parameters import CONSTRAINTS
from sklearn_mtl.estimators._sharing import by_net
from sklearn_mtl.estimators._transform import SharedRepresentation
from sklearn_mtl.estimators._views import TaskClassifier, TaskRegressor
from sklearn_mtl.tables import take_rows
from sklearn_mtl.training import iter_raw

ROWS_AT_ONCE = 16_384
"""Rows that are encoded and predicted together; bounds the memory of `predict`."""


class BaseMultiTaskNet(SharedRepresentation, DistributionOfX, BaseEstimator):
    """Parameters, checks, fit and predict of the multi-task estimators."""

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS
    _default_kind: ClassVar[str] = "auto"

    def __init__(
        self,
        *,
        hidden_layer_sizes: Any = (256, 256),
        activation: str = "relu",
        maxout_pieces: int = 5,
        head_hidden_layer_sizes: Any = (),
        head_sparsity: float = 0.0,
        sharing: str = "auto",
        dropout: float = 0.1,
        input_dropout: float = 0.0,
        max_norm: float | None = None,
        input_noise: float = 0.0,
        n_unsupervised_units: int = 0,
        reconstruction_weight: Any = "auto",
        generative: bool = False,
        n_members: Any = "auto",
        task_types: Any = None,
        task_weights: Any = None,
        class_weight: Any = None,
        categorical_features: Any = "from_dtype",
        max_categories: int = 255,
        n_bins: Any = "auto",
        scale_inputs: bool = True,
        solver: str = "adam",
        alpha: float = 0.01,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        max_iter: int = 200,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = 0,
        warm_start: bool = False,
        early_stopping: bool = True,
        calibrate: Any = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        device: str = "auto",
        dtype: str = "float32",
        callbacks: Any = None,
        net_params: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.maxout_pieces = maxout_pieces
        self.head_hidden_layer_sizes = head_hidden_layer_sizes
        self.head_sparsity = head_sparsity
        self.sharing = sharing
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.max_norm = max_norm
        self.input_noise = input_noise
        self.n_unsupervised_units = n_unsupervised_units
        self.reconstruction_weight = reconstruction_weight
        self.generative = generative
        self.n_members = n_members
        self.task_types = task_types
        self.task_weights = task_weights
        self.class_weight = class_weight
        self.categorical_features = categorical_features
        self.max_categories = max_categories
        self.n_bins = n_bins
        self.scale_inputs = scale_inputs
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.calibrate = calibrate
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.device = device
        self.dtype = dtype
        self.callbacks = callbacks
        self.net_params = net_params

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
    ) -> BaseMultiTaskNet:
        """Learn the shared network from all columns of y.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
            Numbers, booleans, strings and categories; cells may be missing.
        y : array of shape (n_samples,) or (n_samples, n_tasks), list or data frame
            One column a task; labels may be missing (NaN, None, ``pandas.NA``).
        sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), \
default=None
            Weight of each row, or of each label. 0 leaves a label out.
        X_val, y_val : as X and y, default=None
            Rows to stop on early. Members then hold out none of the rows of X.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A shape, a value or a label does not fit; the message names the column,
            the value and the remedy. The estimator is left as it was.
        """
        with all_or_nothing(self):
            self._check_calibrate(self.early_stopping or X_val is not None, "fit")
            resume = self.warm_start and self.__sklearn_is_fitted__()
            fitting = self._read(X, y, sample_weight, resume=resume)
            if X_val is not None or y_val is not None:
                self._read_validation(fitting, X_val, y_val)
            self._keep(fitting, fitting.train(self))
        return self

    def _partial_fit(
        self, X: Any, y: Any, sample_weight: Any, classes: Any = None
    ) -> BaseMultiTaskNet:
        with all_or_nothing(self):
            self._check_calibrate(False, "partial_fit")
            resume = self.__sklearn_is_fitted__()
            fitting = self._read(X, y, sample_weight, resume=resume, classes=classes)
            self._keep(fitting, fitting.train(self, epochs=1, holds_out=False))
        return self

    def _read(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        resume: bool,
        classes: Any = None,
    ) -> Fitting:
        """Turn X and y into what the training reads; learn the codings."""
        X = read_X(self, X, reset=not resume)
        table = read_y(y, n_rows_of(X))
        weight = read_label_weight(sample_weight, table.columns)
        row_weight = None
        if decodes(self):
            check_has_hidden_layer(self)
            row_weight = row_weight_of(sample_weight, len(table), table.names)
        fitting = Fitting(X, table, weight, row_weight)
        if resume:
            check_same_columns(table, [task.name_ for task in self.tasks_], name="y")
            fitting.reuse(self)
        else:
            fitting.learn(self, self._default_kind, classes)
        return fitting

    def _check_calibrate(self, rows_are_held_out: bool, method: str) -> None:
        required = self.calibrate and self.calibrate != "auto"
        if required and not rows_are_held_out:
            raise ValueError(
                f"calibrate=True rests on rows that members hold out of training, and "
                f"{method} holds none out here. Set early_stopping=True or pass X_val "
                "and y_val to fit, or leave calibrate at 'auto'."
            )

    def _read_validation(self, fitting: Fitting, X_val: Any, y_val: Any) -> None:
        if X_val is None or y_val is None:
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(
                f"{missing} is None. Pass X_val and y_val together, or neither."
            )
        X_val = read_X(self, X_val, reset=False)
        table = read_y(y_val, n_rows_of(X_val), name="y_val")
        names = [task.name_ for task in fitting.tasks]
        check_same_columns(table, names, name="y_val")
        fitting.add_validation(X_val, table, self.class_weight)

    def _keep(self, fitting: Fitting, net: Any) -> None:
        """Set everything that was learned."""
        self.net_, self.own_nets_ = net, fitting.own_nets
        self.tasks_ = fitting.tasks
        self.feature_encoder_ = fitting.encoder
        self.n_outputs_ = len(fitting.tasks)
        self.sharing_ = np.array(
            ["own" if t in self.own_nets_ else "shared" for t in range(self.n_outputs_)]
        )
        self.n_iter_ = len(net.history)
        best = dict(net.callbacks_).get("best_weights")
        if best is not None:
            self.best_epoch_ = best.best_epoch_
        self._container = fitting.container
        self._fold_seed = fitting.fold_seed
        self._unit_std = fitting.unit_std(net)
        self._keep_held_out(fitting, net)
        if self.generative and fitting.row_maker is not None:
            self._row_maker = fitting.row_maker
        self._set_classes()

    def _keep_held_out(self, fitting: Fitting, net: Any) -> None:
        """Set what the rows tell that members did not train on."""
        held_out, rows_are_training = fitting.held_out(net)
        self.temperature_ = np.ones(len(self.tasks_))
        if self.calibrate and held_out is not None:
            held_out.calibrate(self.tasks_, self.temperature_)
        self.residual_std_ = np.full(len(self.tasks_), np.nan)
        if not all(task.is_classifier for task in self.tasks_):
            known = held_out or fitting.trained_on(net)
            self.residual_std_ = known.residual_std(self.tasks_)
        fitting.release_rows()
        self._conformal = None
        if held_out is not None:
            self._conformal = held_out.conformal(self.tasks_, self.residual_std_)
        for name in ("oof_predictions_", "oof_score_"):
            self.__dict__.pop(name, None)
        if held_out is not None and rows_are_training:
            self.oof_score_ = held_out.score(self.tasks_)
            predictions = fitting.spread_rows(
                held_out.predictions(self.tasks_), held_out.places
            )
            self.oof_predictions_ = self._rebuild(predictions, fitting.X_all)

    def _set_classes(self) -> None:
        """Set ``classes_`` where the estimator has class columns."""

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_")

    # -- predictions -----------------------------------------------------------

    def predict(self, X: Any) -> Any:
        """Predict every column of y.

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,) or (n_samples, n_tasks), or data frame
            In the container, units and labels of the y passed to `fit`. A column
            without any label in `fit` is predicted as missing.
        """
        check_is_fitted(self)
        return self._rebuild(self._predict_columns(X), X)

    def _rebuild(self, columns: list[np.ndarray], X: Any) -> Any:
        """Put one array of predictions a task into the container of y."""
        labels = [task.is_classifier for task in self.tasks_]
        return self._container.rebuild(columns, X, labels=labels)

    def _predict_columns(self, X: Any) -> list[np.ndarray]:
        parts: list[list[np.ndarray]] = [[] for _ in self.tasks_]
        for _, responses in self._member_responses(X, range(len(parts))):
            for part, task, response in zip(parts, self.tasks_, responses, strict=True):
                part.append(task.predict(response.mean(axis=0)))
        return [np.concatenate(part) for part in parts]

    def _need_conformal(self, method: str) -> Conformal:
        if self._conformal is None:
            raise ValueError(
                f"{method} rests on rows that members held out of training, and there "
                "are none. Fit with early_stopping=True, or pass X_val and y_val to "
                "fit."
            )
        return self._conformal

    def _member_responses(
        self, X: Any, tasks: Sequence[int]
    ) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
        """Encode and predict some rows at a time.

        Yields
        ------
        features : ndarray or CSR matrix of shape (rows, d)
        responses : list of ndarray of shape (K, rows, m)
            One for each of `tasks`.
        """
        slices = self.net_.criterion_.layout.slices
        groups = list(by_net(self.net_, self.own_nets_, tasks))
        place = {t: i for i, (_, own) in enumerate(groups) for t in own}
        modules = [net.module_ for net, _ in groups]
        for features in self._encoded(X):
            for inner, raws in iter_raw(modules, features):
                yield (
                    features[inner],
                    [
                        self._task_response(t, raws[place[t]][..., slices[t]])
                        for t in tasks
                    ],
                )

    def _encoded(self, X: Any) -> Iterator[Any]:
        """Encode some rows at a time, as ndarray or CSR matrix of shape (rows, d)."""
        for part in self._parts(X):
            yield self.feature_encoder_.transform(part, dtype=np.float64)

    def _parts(self, X: Any) -> Iterator[Any]:
        """Check X and cut it into parts of some rows."""
        X = read_X(self, X, reset=False)
        n_rows = n_rows_of(X)
        for start in range(0, n_rows, ROWS_AT_ONCE):
            rows = slice(start, min(start + ROWS_AT_ONCE, n_rows))
            yield X if rows == slice(0, n_rows) else take_rows(X, rows)

    def _task_response(self, t: int, raw: np.ndarray) -> np.ndarray:
        response = self.tasks_[t].response(raw)
        if self.tasks_[t].is_classifier and self.temperature_[t] != 1.0:
            response = temper(response, self.temperature_[t])
        return response

    def _responses(
        self, X: Any, tasks: Sequence[int] | None = None
    ) -> list[np.ndarray]:
        """Mean over members of the responses (n, m) of some tasks; all by default."""
        chosen = range(len(self.tasks_)) if tasks is None else tasks
        means: list[list[np.ndarray]] = [[] for _ in chosen]
        for _, responses in self._member_responses(X, chosen):
            for part, response in zip(means, responses, strict=True):
                part.append(response.mean(axis=0))
        return [np.concatenate(part) for part in means]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean over columns of R2 (numbers) or accuracy (classes).

        Parameters
        ----------
        X : data frame, array or CSR matrix of shape (n_samples, n_features)
        y : as passed to `fit`
            Missing labels are skipped; a column without any is left out of the mean.
        sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), \
default=None

        Returns
        -------
        float
            At most 1; NaN where no column can be scored.
        """
        check_is_fitted(self)
        predictions = self._predict_columns(X)
        table = read_y(y, len(predictions[0]))
        check_same_columns(table, [task.name_ for task in self.tasks_], name="y")
        weight = None
        if sample_weight is not None:
            weight = read_label_weight(sample_weight, table.columns)
        scores = [
            task.score(column, prediction, None if weight is None else weight[:, t])
            for t, (task, column, prediction) in enumerate(
                zip(self.tasks_, table.columns, predictions, strict=True)
            )
        ]
        known = [score for score in scores if not np.isnan(score)]
        return float(np.mean(known)) if known else float("nan")

    # -- what was learned --------------------------------------------------------

    @property
    def estimators_(self) -> list[TaskRegressor | TaskClassifier]:
        """One fitted single-column estimator a task, views of this one."""
        check_is_fitted(self)
        return [
            (TaskClassifier if task.is_classifier else TaskRegressor)(self, t)
            for t, task in enumerate(self.tasks_)
        ]

    @property
    def named_estimators_(self) -> Bunch:
        """`estimators_` by name of the column."""
        named = Bunch()
        for task, view in zip(self.tasks_, self.estimators_, strict=True):
            named[task.name_] = view
        return named

    @property
    def history_(self) -> list[dict[str, Any]]:
        """One row an epoch; ``pandas.DataFrame(history_)`` makes a table of it.

        Keys are "epoch", "seconds", "learning_rate", "train_loss" and "valid_loss",
        the losses being means over members and tasks in units of the prior (1.0 is no
        skill), and "train_loss/NAME", "valid_loss/NAME" for each column.
        """
        check_is_fitted(self)
        return history_rows(self.net_, [task.name_ for task in self.tasks_])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        return tags
