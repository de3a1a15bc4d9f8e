"""One file for a fitted estimator, which is safe to load and lasts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from sklearn_mtl import __version__
from sklearn_mtl.estimators import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.exceptions import ModelFileError
from sklearn_mtl.files import (
    Content,
    bytes_of,
    content_of,
    custom_names,
    is_whole_file,
    read_value,
    write_value,
    write_whole,
)
from sklearn_mtl.training import usual_torch_modes

ESTIMATORS = (MultiTaskNetClassifier, MultiTaskNetEstimator, MultiTaskNetRegressor)
Estimator = MultiTaskNetClassifier | MultiTaskNetEstimator | MultiTaskNetRegressor
OOF = ("oof_predictions_", "oof_score_")


def save(
    estimator: Estimator, path: str | os.PathLike[str], *, with_oof: bool = True
) -> None:
    """Save an estimator to one file, which `load` reads.

    The file is in the safetensors format: tensors and arrays under the names of the
    attributes that hold them, all else as JSON in its header. It holds no code. It is
    written whole or not at all.

    Parameters
    ----------
    estimator : MultiTaskNetEstimator, MultiTaskNetRegressor or MultiTaskNetClassifier
        Fitted or not; it is left as it is.
    path : str or path
        The file; one that is there is replaced, and keeps its permissions.
    with_oof : bool, default=True
        Whether ``oof_predictions_`` and ``oof_score_`` are saved, too. They take memory
        for each row of the fit, and predictions do not need them.

    Raises
    ------
    TypeError
        `estimator` is something else. A Pipeline is saved by ``skops.io.dump``.
    ModelFileError
        The estimator holds something that cannot be saved, such as a lambda. The
        message says where it stands.
    OSError
        The file cannot be written. What stood there before is unchanged.

    See Also
    --------
    load : Read it.

    Notes
    -----
    Classes and functions of one's own, such as a kind of column or a callback, are
    saved by name, with their attributes. `load` asks for them.

    The `teachers` of a fitted estimator are left out: it does not need them to predict.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.io import load, save
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> net = MultiTaskNetRegressor(hidden_layer_sizes=8, max_iter=2, random_state=0)
    >>> net = net.fit(X, X[:, :2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "net.safetensors")
    ...     save(net, path)
    ...     again = load(path)
    >>> bool((again.predict(X) == net.predict(X)).all())
    True
    """
    if not isinstance(estimator, ESTIMATORS):
        raise TypeError(
            f"estimator is a {type(estimator).__name__}. Pass a MultiTaskNetEstimator, "
            "MultiTaskNetRegressor or MultiTaskNetClassifier; a Pipeline or a search "
            "that holds one is saved by skops.io.dump, and loaded with "
            "trusted=sklearn_mtl.io.TRUSTED_TYPES."
        )
    written = write_value(_to_store(estimator, with_oof))
    content = Content(__version__, written.node, written.tensors)
    write_whole(path, bytes_of(content))


def _to_store(estimator: Any, with_oof: bool) -> Any:
    """Copy an estimator without what is not to be stored of it."""
    kept = estimator.__dict__.copy()
    if not with_oof:
        kept = {k: v for k, v in kept.items() if k not in OOF}
    if hasattr(estimator, "teaching_"):  # what they know, the network has learned
        kept["teachers"] = None
    other: Any = object.__new__(type(estimator))
    other.__dict__.update(kept)
    return other


def load(path: str | os.PathLike[str], *, custom: Iterable[Any] = ()) -> Estimator:
    """Load an estimator from a file that `save` wrote.

    Nothing in the file is run, so that it is safe to load from anyone: objects are made
    only of the classes in the package's own list, and of those in `custom`. That says
    nothing of what the model predicts.

    Parameters
    ----------
    path : str or path
        Of the file.
    custom : iterable of classes and functions, default=()
        Your own ones that the file names: kinds of columns, ways of sharing or of
        balancing, callbacks, metrics. They are found by their ``__name__``.

    Returns
    -------
    MultiTaskNetEstimator, MultiTaskNetRegressor or MultiTaskNetClassifier
        As it was saved: it predicts the same, and training goes on from there as it
        would have. A net that was fitted on an accelerator comes to the CPU where
        there is none.

    Raises
    ------
    ModelFileError
        It is no such file, or it is damaged, cut off, or of a later format, or it
        names what is neither in the list nor in `custom`.
    OSError
        The file cannot be read.

    Warns
    -----
    InconsistentVersionWarning
        Another version of the package wrote it.

    See Also
    --------
    save : Write it, with an example.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_mtl import MultiTaskNetRegressor
    >>> from sklearn_mtl.datasets import make_multitask
    >>> from sklearn_mtl.io import load, save
    >>> X, y = make_multitask(60, 3, random_state=0)
    >>> net = MultiTaskNetRegressor(max_iter=2, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(net, Path(folder) / "net.safetensors")
    ...     again = load(Path(folder) / "net.safetensors")
    >>> bool((again.predict(X) == net.predict(X)).all())
    True
    """
    names = custom_names(custom)
    path = os.fsdecode(path)
    stored = _read_whole(path)
    try:
        _, node, tensors = content_of(stored)
        with usual_torch_modes():
            estimator = read_value(node, tensors, names)
        if not isinstance(estimator, ESTIMATORS):
            raise ModelFileError(
                f"It holds a {type(estimator).__name__}, no estimator."
            )
    except ModelFileError as error:
        raise ModelFileError(f"{path!r} cannot be loaded. {error}") from error
    return estimator


def _read_whole(path: str) -> bytes:
    """Read a file, unless its first bytes show that it is none of ours."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise ModelFileError(f"{path!r} is no file. Pass the path of one.")
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        beginning = file.read(16)
        if not is_whole_file(beginning, size) or b"{" not in beginning:
            raise ModelFileError(
                f"{path!r} is no file of sklearn_mtl.io.save, or it was cut "
                "off. Files of pickle, joblib and skops are loaded by these."
            )
        return beginning + file.read()
