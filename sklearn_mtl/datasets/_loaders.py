"""Real tables with several targets, read from the package: nothing is downloaded."""

import csv
from importlib import resources

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import validate_params

from sklearn_mtl.datasets._frames import Category, to_array, to_frame

DATA_MODULE = "sklearn_mtl.datasets.data"
DESCR_MODULE = "sklearn_mtl.datasets.descr"

_YES_NO = Category(("no", "yes"))
_JOBS = Category(("at_home", "health", "other", "services", "teacher"))
_SCALE = Category((1, 2, 3, 4, 5), ordered=True)

_STUDENT_TARGETS = {
    "G1": "regression",
    "G2": "regression",
    "G3": "regression",
    "Dalc": "ordinal",
    "Walc": "ordinal",
    "higher": "binary",
    "romantic": "binary",
    "Mjob": "multiclass",
}
_STUDENT_CATEGORIES = {
    "school": Category(("GP", "MS")),
    "sex": Category(("F", "M")),
    "address": Category(("R", "U")),
    "famsize": Category(("GT3", "LE3")),
    "Pstatus": Category(("A", "T")),
    "Fjob": _JOBS,
    "reason": Category(("course", "home", "other", "reputation")),
    "guardian": Category(("father", "mother", "other")),
    "schoolsup": _YES_NO,
    "famsup": _YES_NO,
    "paid": _YES_NO,
    "activities": _YES_NO,
    "nursery": _YES_NO,
    "internet": _YES_NO,
    "Dalc": _SCALE,
    "Walc": _SCALE,
    "higher": _YES_NO,
    "romantic": _YES_NO,
    "Mjob": _JOBS,
}

_ENERGY_TARGETS = {"heating_load": "regression", "cooling_load": "regression"}


def _read_csv(filename, categories):
    """Return the column names and the table, with the categories as codes."""
    path = resources.files(DATA_MODULE) / filename
    with path.open("r", encoding="utf-8", newline="") as f:
        names, *rows = csv.reader(f)
    table = np.empty((len(rows), len(names)))
    for j, (name, cells) in enumerate(zip(names, zip(*rows, strict=True), strict=True)):
        if name in categories:
            code = {str(label): i for i, label in enumerate(categories[name].values)}
            table[:, j] = [code[cell] for cell in cells]
        else:
            table[:, j] = np.array(cells, dtype=float)
    return names, table


def _load(name, task_types, categories, *, return_X_y, as_frame):
    """Do the work of ``load_<name>``: targets are the keys of `task_types`."""
    filename = f"{name}.csv"
    names, table = _read_csv(filename, categories)
    target_names = list(task_types)
    feature_names = [name for name in names if name not in task_types]

    if as_frame:
        frame = to_frame(table, names, categories, caller=f"load_{name}")
        data, target = frame[feature_names], frame[target_names]
    else:
        frame = None
        column = {name: j for j, name in enumerate(names)}
        data, target = (
            to_array(table[:, [column[name] for name in part]], part, categories)
            for part in (feature_names, target_names)
        )
    if return_X_y:
        return data, target

    descr = resources.files(DESCR_MODULE) / f"{name}.rst"
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        feature_names=feature_names,
        target_names=target_names,
        task_types=dict(task_types),
        DESCR=descr.read_text(encoding="utf-8"),
        filename=filename,
        data_module=DATA_MODULE,
    )


@validate_params(
    {"return_X_y": ["boolean"], "as_frame": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def load_student_performance(*, return_X_y=False, as_frame=False):
    """Load the student performance table: eight targets of four kinds.

    A questionnaire filled in by students of two Portuguese secondary schools, with
    their grades in Portuguese. The targets are three grades, two scales of alcohol
    consumption, two yes/no questions and the mother's job.

    ==============   ===================================================
    Samples total    649
    Features         25: 11 numbers, 14 categories
    Targets          8: 3 regression, 2 ordinal, 2 binary, 1 multiclass
    Missing          none
    Licence          CC BY 4.0
    ==============   ===================================================

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, returns ``(data, target)`` instead of a Bunch object.

    as_frame : bool, default=False
        If True, `data` and `target` are pandas DataFrames. Numbers are float64
        columns; categories are category columns, ordered for the two drink scales. If
        False, they are object arrays of floats and strings (the drink scales are
        ints), which need no pandas.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : {ndarray, DataFrame} of shape (649, 25)
            The features.
        target : {ndarray, DataFrame} of shape (649, 8)
            The targets.
        frame : DataFrame of shape (649, 33) or None
            `data` and `target` in one, if `as_frame` is True.
        feature_names : list of str
            The names of the features.
        target_names : list of str
            The names of the targets.
        task_types : dict of str to str
            What kind of task each target is.
        DESCR : str
            The source, the licence, and what each column means.
        filename : str
            The name of the csv file.
        data_module : str
            The module that holds the csv file.

    (data, target) : tuple if `return_X_y` is True
        The features and the targets, as above.

    See Also
    --------
    load_energy_efficiency : Two numeric targets.
    make_multitask : Tables made to measure.

    Notes
    -----
    The grades `G1` and `G2` of the first two periods are often used as features that
    predict the final grade `G3`. They are targets here, so no feature gives `G3` away.

    References
    ----------
    .. [1] P. Cortez and A. Silva. "Using data mining to predict secondary school
       student performance". Proceedings of 5th Future Business Technology Conference,
       pages 5-12, 2008. https://doi.org/10.24432/C5TG7T

    Examples
    --------
    >>> from sklearn_mtl.datasets import load_student_performance
    >>> X, y = load_student_performance(return_X_y=True, as_frame=True)
    >>> X.shape
    (649, 25)
    >>> y.iloc[1]
    G1              9.0
    G2             11.0
    G3             11.0
    Dalc              1
    Walc              1
    higher          yes
    romantic         no
    Mjob        at_home
    Name: 1, dtype: object
    """
    return _load(
        "student_performance",
        _STUDENT_TARGETS,
        _STUDENT_CATEGORIES,
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


@validate_params(
    {"return_X_y": ["boolean"], "as_frame": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def load_energy_efficiency(*, return_X_y=False, as_frame=False):
    """Load the energy efficiency table: two closely related numeric targets.

    The heating and the cooling load of 768 simulated residential buildings of equal
    volume, to be predicted from their shape, orientation and windows.

    ==============   ==============
    Samples total    768
    Features         8, all numbers
    Targets          2, regression
    Missing          none
    Licence          CC BY 4.0
    ==============   ==============

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, returns ``(data, target)`` instead of a Bunch object.

    as_frame : bool, default=False
        If True, `data` and `target` are pandas DataFrames, else arrays. All columns
        are float64.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : {ndarray, DataFrame} of shape (768, 8)
            The features.
        target : {ndarray, DataFrame} of shape (768, 2)
            The targets.
        frame : DataFrame of shape (768, 10) or None
            `data` and `target` in one, if `as_frame` is True.
        feature_names : list of str
            The names of the features.
        target_names : list of str
            The names of the targets.
        task_types : dict of str to str
            What kind of task each target is.
        DESCR : str
            The source, the licence, and what each column means.
        filename : str
            The name of the csv file.
        data_module : str
            The module that holds the csv file.

    (data, target) : tuple if `return_X_y` is True
        The features and the targets, as above.

    See Also
    --------
    load_student_performance : Eight targets of four kinds.
    make_multitask : Tables made to measure.

    References
    ----------
    .. [1] A. Tsanas and A. Xifara. "Accurate quantitative estimation of energy
       performance of residential buildings using statistical machine learning tools".
       Energy and Buildings, 49:560-567, 2012. https://doi.org/10.24432/C51307

    Examples
    --------
    >>> from sklearn_mtl.datasets import load_energy_efficiency
    >>> energy = load_energy_efficiency()
    >>> energy.data.shape, energy.target.shape
    ((768, 8), (768, 2))
    >>> energy.target_names
    ['heating_load', 'cooling_load']
    """
    return _load(
        "energy_efficiency",
        _ENERGY_TARGETS,
        {},
        return_X_y=return_X_y,
        as_frame=as_frame,
    )
