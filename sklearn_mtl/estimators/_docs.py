"""Sections that the docstrings of the three estimators share."""

from __future__ import annotations

from collections.abc import Callable
from inspect import cleandoc
from typing import TypeVar

from sklearn_mtl.estimators._parameters import parameters_section

ATTRIBUTES = """
net_ : MultiTaskNet
    The skorch net that all columns share: history, callbacks, ``save_params``,
    ``module_``.
tasks_ : list of Task
    What was decided and learned about each column of y that is predicted; "n_tasks"
    counts these.
history_ : list of dict
    One row an epoch of the shared net: losses of each column, auxiliary ones too, in
    units of the prior, learning rate, seconds.
balancing_history_ : ndarray of shape (n_epochs, n_columns)
    Weight of each column's loss, auxiliary ones too, in the steps of each epoch.
estimators_ : list of TaskRegressor or TaskClassifier
    A fitted single-column estimator a task.
named_estimators_ : Bunch
    The same by name of the column.
n_iter_ : int
    Epochs that were run.
best_epoch_ : ndarray of shape (n_members,)
    Epoch whose weights each member keeps.
residual_std_ : ndarray of shape (n_tasks,)
    Root mean squared error of the members on rows that they held out, in the
    units of y; NaN for classes.
oof_predictions_ : of the shape and container of y, with its index
    Out-of-fold predictions: what members say of the rows that they held out;
    missing in rows that no member held out. Not set without held-out rows of X.
oof_score_ : float
    `score` of these. The held-out rows also chose the epoch that each member
    keeps, so that it is a little optimistic on very small tables.
shrinkage_ : ndarray of shape (n_tasks,)
    Share of the way from its prior that each column is predicted, as rows that
    members held out say; 1 where they say that members know enough, or nothing.
temperature_ : ndarray of shape (n_tasks,)
    Temperature of each column's probabilities; 1 for numbers, and where no rows
    were held out.
factor_usage_ : ndarray of shape (n_tasks, n_members * n_units)
    Share of each column's prediction that rests on each shared unit, in the order
    of `transform`.
gate_usage_ : ndarray of shape (n_tasks, n_members * n_experts)
    Share of what each column reads that comes from each expert, where `sharing` has
    gates.
feature_encoder_ : FeatureEncoder
    What was learned about the columns of X.
teaching_ : list of dict
    What each column of `teachers` has learned from its teacher; set where there are
    teachers, ``pandas.DataFrame(teaching_)`` makes a table of it. "column"; "weight" of
    a soft label beside a real one, 0 where they did not help; "taught", the share of
    the rows that have a soft label; "loss_without" and "loss_with", held-out losses of
    the shared network in units of the prior, the second with the weight, or with the
    best of those that did not help; "score" and "teacher_score" on real labels that
    were held out; "agreement", the score with what the teacher says of rows held out in
    place of labels: 1 where the network says the same.
sharing_ : ndarray of shape (n_tasks,)
    "shared" for columns that the shared network predicts, "own" for those that went
    on alone.
own_net_ : MultiTaskNet or None
    The net of these, in which each member learned from one column:
    ``own_net_.members.learning(t)`` are those of column t of y.
stack_ : FittedStack
    All nets and codings of the fit; ``stack_.responses(X)`` is what they say of rows,
    before it is turned into predictions.
n_outputs_ : int
    Number of columns of y that are predicted.
n_features_in_ : int
    Number of columns of X.
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the columns of X, where they are strings.
"""

NOTES = """
The loss of a column is its mean negative log-likelihood over the observed labels,
divided by what predicting the prior alone would cost. Losses of columns of
different kinds then add up without tuning. The members' losses are summed and
share nothing but the batch, so that each gets exactly its own gradient.

References
----------
.. [1] R. Caruana, "Multitask Learning", Machine Learning 28, 1997.
.. [2] B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and Scalable
   Predictive Uncertainty Estimation using Deep Ensembles", NeurIPS 2017.
.. [3] I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR
   2019.
"""

DEFAULT_KIND = {
    "auto": """numbers are regression, or binary where all labels are 0 or
    1; numbers of which some are bounds ("<0.5") are censored; booleans, strings,
    categories and objects are classes; ordered categories are ordinal.""",
    "regression": "numbers and booleans are regression, or censored with bounds.",
    "classes": """two classes are binary, more are multiclass, or ordinal where
    the column declares an order.""",
}

C = TypeVar("C", bound=type)


def with_shared_sections(default_kind: str) -> Callable[[C], C]:
    """Fill the sections of a class docstring that all three estimators share."""
    sections = {
        "parameters": parameters_section(),
        "attributes": ATTRIBUTES.strip(),
        "notes": NOTES.strip(),
    }

    def fill(cls: C) -> C:
        text = cleandoc(cls.__doc__ or "")
        for name, section in sections.items():
            text = text.replace(f"%({name})s", section)
        text = text.replace("{DEFAULT_KIND}", DEFAULT_KIND[default_kind])
        cls.__doc__ = f"{text}\n"
        return cls

    return fill
