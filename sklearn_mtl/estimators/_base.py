"""What the three estimators share: parameters, fit, and what it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from sklearn_mtl.estimators import (
    _candidates,
    _fit_batches,
    _generative,
    _joint,
    _predictions,
    _shared_units,
)
from sklearn_mtl.estimators._decorators import checks_parameters, only_if
from sklearn_mtl.estimators._doc_link import DocumentationLink
from sklearn_mtl.estimators._earlier import fitted_before
from sklearn_mtl.estimators._fit import Fitted, fit_table
from sklearn_mtl.estimators._fit_tasks import FitTasks, told_to_callbacks
from sklearn_mtl.estimators._history import balancing_history, history_rows
from sklearn_mtl.estimators._parameters import CONSTRAINTS, check_parts
from sklearn_mtl.estimators._reading import read_table, read_validation
from sklearn_mtl.estimators._stored import (
    get_state,
    reduce,
    restore_stored,
    set_state,
    stored_state,
)
from sklearn_mtl.estimators._task_views import TaskClassifier, TaskRegressor
from sklearn_mtl.estimators._user_folds import asks_for_folds
from sklearn_mtl.training import Course, unchanged_on_failure, usual_torch_modes


class BaseMultiTaskNet(
    DocumentationLink,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Parameters and fit of the multi-task estimators, and what any of them can do."""

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS
    _default_kind: ClassVar[str] = "auto"

    def __init__(
        self,
        *,
        hidden_layer_sizes: Any = (128, 128),
        activation: str = "relu",
        maxout_pieces: int = 5,
        head_hidden_layer_sizes: Any = (),
        head_sparsity: float = 0.0,
        sharing: Any = "hard",
        own_nets: str = "auto",
        balancing: Any = "fixed",
        dropout: float = 0.1,
        input_dropout: float = 0.0,
        max_norm: float | None = None,
        reconstruction: Any = None,
        n_members: Any = "auto",
        task_types: Any = None,
        auxiliary: Any = None,
        task_weights: Any = "auto",
        class_weight: Any = None,
        teachers: Any = None,
        categorical_features: Any = "from_dtype",
        max_categories: int = 255,
        n_bins: Any = "auto",
        scale_inputs: bool = True,
        solver: str = "adam",
        alpha: float = 0.01,
        batch_size: Any = "auto",
        learning_rate: str = "auto",
        learning_rate_init: float = 0.003,
        max_iter: int = 200,
        time_limit: float | None = None,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = 0,
        warm_start: bool = False,
        freeze: str | None = None,
        early_stopping: bool = True,
        scoring: Any = "loss",
        calibrate: Any = "auto",
        validation_fraction: float = 0.1,
        cv: Any = None,
        n_iter_no_change: int = 10,
        device: str = "auto",
        dtype: str = "float32",
        precision: str = "auto",
        callbacks: Any = None,
        net_params: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.maxout_pieces = maxout_pieces
        self.head_hidden_layer_sizes = head_hidden_layer_sizes
        self.head_sparsity = head_sparsity
        self.sharing = sharing
        self.own_nets = own_nets
        self.balancing = balancing
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.max_norm = max_norm
        self.reconstruction = reconstruction
        self.n_members = n_members
        self.task_types = task_types
        self.auxiliary = auxiliary
        self.task_weights = task_weights
        self.class_weight = class_weight
        self.teachers = teachers
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
        self.time_limit = time_limit
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.freeze = freeze
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.calibrate = calibrate
        self.validation_fraction = validation_fraction
        self.cv = cv
        self.n_iter_no_change = n_iter_no_change
        self.device = device
        self.dtype = dtype
        self.precision = precision
        self.callbacks = callbacks
        self.net_params = net_params

    @checks_parameters
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        X_val: Any = None,
        y_val: Any = None,
    ) -> Self:
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
        groups : array-like of shape (n_samples,), default=None
            Which rows belong together (patients, sites); each group is held out as a
            whole. Handed to `cv`; folds of whole groups, balanced over the columns of
            y, without.
        X_val, y_val : as X and y, default=None
            Rows to stop on early. Members then hold out none of the rows of X; neither
            `groups` nor `cv` can be passed beside.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            A shape, a value or a label does not fit; the message names the column,
            the value and the remedy. The estimator is left as it was.
        """
        asked = asks_for_folds(self, groups)
        if asked and (X_val is not None or y_val is not None):
            name = "groups" if self.cv is None else "cv"
            raise ValueError(
                f"{name} says which rows of X members hold out, and with X_val they "
                f"hold out none. Pass {name} or X_val, not both."
            )
        holds_out = self.early_stopping or asked or X_val is not None
        self._check_calibrate(holds_out, "fit")
        with told_to_callbacks(self, X, y, sample_weight) as watcher:
            self._learn(
                X,
                y,
                sample_weight,
                goes_on=self.warm_start,
                groups=groups,
                X_val=X_val,
                y_val=y_val,
                watcher=watcher,
            )
        return self

    fit_batches = _fit_batches.fit_batches

    def _fit_for_one_epoch(
        self, X: Any, y: Any, sample_weight: Any, classes: Any = None
    ) -> None:
        self._validate_params()  # its decorator does so in the first call alone
        self._check_calibrate(False, "partial_fit")
        how = {"classes": classes, "epochs": 1, "holds_out": False}
        self._learn(X, y, sample_weight, goes_on=True, may_grow=False, **how)

    def _learn(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        goes_on: bool,
        may_grow: bool = True,
        groups: Any = None,
        X_val: Any = None,
        y_val: Any = None,
        watcher: FitTasks | None = None,
        **how: Any,
    ) -> None:
        """Read, learn and keep; `how` is for `fit_table`."""
        course = Course(self.time_limit, watcher)
        check_parts(self)
        before = fitted_before(self, goes_on)
        names, container = (None, None) if before is None else before.stack.codings.of_y
        with self._unchanged_on_failure(before), usual_torch_modes():
            grown_from = container if may_grow and self.auxiliary is None else None
            table = read_table(self, X, y, sample_weight, names, groups, grown_from)
            validation = read_validation(self, X_val, y_val, table.y.names, before)
            fitted = fit_table(self, table, validation, before, course=course, **how)
            if not goes_on:
                fitted.stack.forget_optimizer_state()
            self._keep(fitted, y)

    @contextmanager
    def _unchanged_on_failure(self, earlier: Fitted | None) -> Iterator[None]:
        """Leave the estimator as it was if something goes wrong, its nets too."""
        before = self.__dict__.copy()
        try:
            with unchanged_on_failure([] if earlier is None else earlier.stack.nets):
                yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _check_calibrate(self, rows_are_held_out: bool, method: str) -> None:
        required = self.calibrate and self.calibrate != "auto"
        if required and not rows_are_held_out:
            raise ValueError(
                f"calibrate=True rests on rows that members hold out of training, and "
                f"{method} holds none out here. Set early_stopping=True or cv, or pass "
                "X_val and y_val to fit, or leave calibrate at 'auto'."
            )

    def _keep(self, fitted: Fitted, y: Any) -> None:
        """Set everything that was learned."""
        stack, codings = fitted.stack, fitted.stack.codings
        self.stack_ = stack
        self.net_, self.own_net_ = stack.net, stack.own_net
        self.tasks_, self.feature_encoder_ = stack.tasks, codings.encoder
        self.shrinkage_, self.temperature_ = stack.shrinkage, stack.temperature
        self.n_outputs_ = len(self.tasks_)
        self.sharing_ = np.array(
            [
                "own" if t in stack.own_tasks else "shared"
                for t in range(self.n_outputs_)
            ]
        )
        self.n_iter_ = len(self.net_.history)
        best = dict(self.net_.callbacks_).get("best_weights")
        if best is not None:
            self.best_epoch_ = best.best_epoch_
        self._unit_std, trust = fitted.unit_std, fitted.trust
        self._gate_usage = fitted.gate_usage
        self.residual_std_, self._conformal = trust.residual_std, trust.conformal
        self._held_out_labels = trust.held_out_labels
        for name in ("oof_predictions_", "oof_score_", "teaching_"):
            self.__dict__.pop(name, None)
        if self.teachers:
            self.teaching_ = fitted.teaching
        if trust.oof_predictions is not None:
            self.oof_predictions_ = codings.rebuild(trust.oof_predictions, y)
            self.oof_score_ = trust.oof_score

    __reduce__ = reduce
    __getstate__ = get_state
    __setstate__ = set_state
    stored_state = stored_state
    restore_stored = restore_stored

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "stack_")

    _parameters_of_stack = _candidates.parameters_of_stack
    _members_of_candidate = _candidates.members_of_candidate
    _rows_of_split = staticmethod(_candidates.Split)
    _fit_candidates = staticmethod(_candidates.fit_candidates)
    _go_on_with_candidates = staticmethod(_candidates.go_on_with_candidates)
    _adopt = _candidates.adopt

    score = _predictions.score
    sample_y = _joint.sample_y
    transform = _shared_units.transform
    factor_usage_ = property(_shared_units.factor_usage)
    gate_usage_ = property(_shared_units.gate_usage)
    sample = only_if(_generative.is_generative)(_generative.sample)
    score_samples = only_if(_generative.is_generative)(_generative.score_samples)

    @property
    def _n_features_out(self) -> int:
        """Number of columns of `transform`."""
        if self._unit_std is None:
            raise AttributeError(
                f"{type(self.net_.module_).__name__} does not tell which units tasks "
                "share, so that there are none to name."
            )
        return len(self._unit_std)

    @property
    def estimators_(self) -> list[Any]:
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
        skill), and "train_loss/NAME", "valid_loss/NAME" for each column, auxiliary ones
        too, which count in the means as they do where members stop. A member that has
        stopped counts with its last loss.
        """
        check_is_fitted(self)
        return history_rows(self.net_, self.stack_.codings.names)

    @property
    def balancing_history_(self) -> np.ndarray:
        """Weight of each column's loss in each epoch, (n_epochs, n_columns of y).

        The mean over members and over the steps for which the column had labels: what
        `balancing` made of `task_weights`. A member that has stopped counts with its
        last weights; NaN where no member has a label of a column.
        """
        check_is_fitted(self)
        return balancing_history(self.net_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        return tags
