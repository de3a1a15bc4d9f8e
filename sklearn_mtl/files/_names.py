"""The classes and functions that a file may name."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from types import FunctionType
from typing import Any

from sklearn_mtl.exceptions import ModelFileError

Custom = Mapping[str, Any]
"""Classes and functions that the caller brings, by name."""

_MODULES: dict[str, tuple[str, ...]] = {
    "sklearn_mtl.estimators._multitask_net": (
        "MultiTaskNetClassifier",
        "MultiTaskNetEstimator",
        "MultiTaskNetRegressor",
    ),
    "sklearn_mtl.estimators._codings": ("Codings",),
    "sklearn_mtl.estimators._conformal": ("Conformal", "Ranked"),
    "sklearn_mtl.estimators._fitted_stack": ("FittedStack",),
    "sklearn_mtl.joint": ("HeldOutLabels",),
    "sklearn_mtl.model_selection": (
        "MultiTaskStratifiedGroupKFold",
        "MultiTaskStratifiedKFold",
        "MultiTaskStratifiedShuffleSplit",
    ),
    "sklearn_mtl.metrics._scorers": ("TaskScorer", "TaskScorers"),
    "sklearn_mtl.training._batches": ("Batches", "held_out_split"),
    "sklearn_mtl.training._best_weights": ("BestWeights",),
    "sklearn_mtl.training._course": ("Course",),
    "sklearn_mtl.training._flat_adamw": ("FlatAdamW",),
    "sklearn_mtl.training._loss": ("TaskLoss",),
    "sklearn_mtl.training._members": ("Fold", "Members"),
    "sklearn_mtl.training._negative_transfer": ("NegativeTransfer",),
    "sklearn_mtl.training._net": ("MultiTaskNet",),
    "sklearn_mtl.training._progress": ("ProgressBar",),
    "sklearn_mtl.training._reconstruction": ("DecodingNet", "JointBatches"),
    "sklearn_mtl.training._schedules": ("EpochSchedule", "_inverse_root"),
    "sklearn_mtl.training._stop_together": ("StopTogether",),
    "sklearn_mtl.balancing": (
        "FAMO",
        "IMTLG",
        "MGDA",
        "AlignedMTL",
        "CAGrad",
        "DynamicWeightAverage",
        "ExcessMTL",
        "FixedWeights",
        "GeometricLoss",
        "GradNorm",
        "GramianWeighting",
        "NashMTL",
        "PCGrad",
        "RandomLossWeighting",
        "SmoothTchebycheff",
        "UPGrad",
        "UncertaintyWeighting",
    ),
    "sklearn_mtl.nn": (
        "Autoencoder",
        "CrossStitch",
        "DSelectK",
        "Decoder",
        "Dropout",
        "HardSharing",
        "HiddenLayer",
        "Latent",
        "LayeredExtraction",
        "MixtureOfExperts",
        "MultiTaskNetwork",
        "NoSharing",
        "Noise",
        "PartialHiddenLayer",
        "PiecewiseLinear",
        "SharedFactors",
        "SoftSharing",
        "StackedLinear",
        "StoredGenerator",
        "VariationalAutoencoder",
    ),
    "sklearn_mtl.nn._constant": ("Constant",),
    "sklearn_mtl.nn._cross_stitch": ("Stitch",),
    "sklearn_mtl.nn._extraction_level": ("ExtractionLevel",),
    "sklearn_mtl.nn._gates": ("SoftmaxGates",),
    "sklearn_mtl.nn._inputs": ("Inputs",),
    "sklearn_mtl.nn._random": ("Drawing",),
    "sklearn_mtl.nn._linear_heads": ("LinearHeads",),
    "sklearn_mtl.nn._mixed_heads": ("MixedHeads",),
    "sklearn_mtl.nn._private_heads": ("PrivateHeads",),
    "sklearn_mtl.nn._trunks": ("Trunks",),
    "sklearn_mtl.nn._selector_gates": ("SelectorGates",),
    "sklearn_mtl.tasks": (
        "Binary",
        "Censored",
        "ClassTree",
        "Count",
        "GammaRegression",
        "HeteroscedasticRegression",
        "HuberRegression",
        "LaplaceRegression",
        "Multiclass",
        "NegativeBinomial",
        "Ordinal",
        "OutputLayout",
        "Quantile",
        "Regression",
        "Simplex",
        "Survival",
    ),
    "sklearn_mtl.tasks._class_level": ("Level",),
    "sklearn_mtl.tasks._simplex": ("Part",),
    "sklearn_mtl.tasks._layout": ("Block",),
    "sklearn_mtl.tables": ("Bins", "DecodedColumns", "FeatureEncoder", "RowMaker"),
    "sklearn_mtl.tables._dates": ("DateParts",),
    "sklearn_mtl.tables._levels": ("Levels",),
    "sklearn_mtl.tables._targets": (
        "ArrayContainer",
        "FrameContainer",
        "PandasContainer",
    ),
    "skorch.callbacks": (
        "EarlyStopping",
        "EpochTimer",
        "GradientNormClipping",
        "LRScheduler",
        "PrintLog",
    ),
    "skorch.dataset": ("Dataset",),
    "skorch.history": ("History",),
    "skorch.setter": ("optimizer_setter",),
    "sklearn.model_selection": (
        "GroupKFold",
        "GroupShuffleSplit",
        "KFold",
        "LeaveOneGroupOut",
        "PredefinedSplit",
        "RepeatedKFold",
        "RepeatedStratifiedKFold",
        "ShuffleSplit",
        "StratifiedGroupKFold",
        "StratifiedKFold",
        "StratifiedShuffleSplit",
        "TimeSeriesSplit",
    ),
    "torch.nn": (
        "BatchNorm1d",
        "Dropout1d",
        "GELU",
        "Identity",
        "LayerNorm",
        "Linear",
        "ModuleDict",
        "ModuleList",
        "ParameterDict",
        "ParameterList",
        "ReLU",
        "Sequential",
        "SiLU",
        "Sigmoid",
        "Tanh",
    ),
    "torch.optim": ("SGD", "Adam", "AdamW", "NAdam", "RAdam", "RMSprop"),
    "torch.optim.lr_scheduler": (
        "CosineAnnealingLR",
        "CosineAnnealingWarmRestarts",
        "CyclicLR",
        "ExponentialLR",
        "LambdaLR",
        "LinearLR",
        "MultiStepLR",
        "ReduceLROnPlateau",
        "StepLR",
    ),
    "builtins": ("print",),  # the sink of skorch's callbacks
}
"""Where each name is found now. A file holds the name alone, so that a class may move.

What writes files, opens connections or runs strings has no place here.
"""

_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

METRICS = "sklearn.metrics"
"""Functions of this module may be named, as scorers hold them."""


def name_of(value: Any) -> str:
    """Name of a class or function in a file: with its module where it is not ours.

    Raises
    ------
    ModelFileError
        It has no name by which it could be found again.
    """
    name = str(getattr(value, "__name__", "<lambda>"))
    if not name.isidentifier():
        raise ModelFileError(
            f"{value!r} has no name, so that no file can refer to it. Define it with "
            "def or class."
        )
    return name if is_known(value) else f"{value.__module__}.{name}"


def is_known(value: Any) -> bool:
    """Whether a class or function is found by its name without the caller's help."""
    name = value.__name__
    if name in _MODULE_OF:
        return _found(name) is value
    return _metric(name) is value


def resolve(name: str, custom: Custom) -> Any:
    """Find what a file names.

    Raises
    ------
    ModelFileError
        It is neither of this package nor brought by the caller.
    """
    found = None
    if "." in name:
        found = custom.get(name.rpartition(".")[-1])
    elif name in _MODULE_OF:
        found = _found(name)
    else:
        found = _metric(name)
    if found is None:
        raise unknown([name])
    return found


def unknown(names: list[str]) -> ModelFileError:
    """Say that a file names what nobody has brought."""
    short = ", ".join(name.rpartition(".")[-1] for name in names)
    return ModelFileError(
        f"It holds {', '.join(names)}, which is no part of this package. If it is "
        f"yours, pass it: load(path, custom=[{short}]). If not, do not load the file."
    )


def check_names(names: Iterable[str], custom: Custom) -> None:
    """Raise for all names at once that the caller should have brought."""
    missing = [n for n in names if "." in n and n.rpartition(".")[-1] not in custom]
    if missing:
        raise unknown(sorted(missing))


def _found(name: str) -> Any:
    return getattr(importlib.import_module(_MODULE_OF[name]), name)


def _metric(name: str) -> Any:
    metrics = importlib.import_module(METRICS)
    found = getattr(metrics, name, None) if name in metrics.__all__ else None
    return found if isinstance(found, FunctionType) else None


def custom_names(custom: Iterable[Any]) -> dict[str, Any]:
    """Give classes and functions of the caller their names.

    Raises
    ------
    TypeError
        It is no collection, or one in it is neither class nor function.
    ValueError
        Two of them have one name.
    """
    is_one = isinstance(custom, type | FunctionType | str)
    if is_one or not isinstance(custom, Iterable):
        raise TypeError(
            f"custom={custom!r} is no list. Pass classes and functions in one, such as "
            "custom=[MyTask]."
        )
    named: dict[str, Any] = {}
    for value in custom:
        if not isinstance(value, type | FunctionType):
            raise TypeError(
                f"custom holds {value!r}. Pass classes and functions themselves, such "
                "as custom=[MyTask]."
            )
        name = name_of(value).rpartition(".")[-1]
        if named.setdefault(name, value) is not value:
            raise ValueError(
                f"custom holds two things that are called {value.__name__}. Pass the "
                "one that the file needs."
            )
    return named
