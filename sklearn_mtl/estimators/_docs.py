"""Sections that the docstrings of the three estimators share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

PARAMETERS = """
    hidden_layer_sizes : int or sequence of int, default=(256, 256)
        Widths of the layers that all tasks share. Empty for a linear network.
    activation : {"relu", "identity", "logistic", "tanh", "silu", "gelu", "selu", \
"mish", "maxout"}, default="relu"
        Activation of the hidden layers, under scikit-learn's and torch's names. A
        "maxout" unit is the largest of several linear maps (Goodfellow et al. 2013).
    maxout_pieces : int, default=5
        Linear maps a unit; read by ``activation="maxout"`` only.
    head_hidden_layer_sizes : int, sequence of int, or dict, default=()
        Widths of the private layers of each task, between the shared layers and its
        outputs: the same for all, or a dict of these by column of y (its name, or its
        position in an array). Columns that the dict does not name have none.
    head_sparsity : float, default=0.0
        How strongly columns are made to choose among the shared units. After each step
        the weights from a unit into a column's head, as one vector, are shortened by
        the learning rate times `head_sparsity` times the square root of their number;
        what would be shorter than 0 becomes exactly 0 (group lasso, Yuan & Lin 2006).
        0.1 to 0.3 is a good range; see `factor_usage_`.
    sharing : {"auto", "hard"}, default="auto"
        "hard" predicts every column by the shared network. "auto" lets a column that
        the others hold back go on alone from the shared weights, where that lowers its
        loss on held-out rows; see `sharing_`. Needs ``early_stopping=True``.
    dropout : float, default=0.1
        Share of hidden units that are dropped while training.
    input_dropout : float, default=0.0
        Share of the numbers entering the first layer that are dropped while training.
    max_norm : float or None, default=None
        Longest that the vector of weights into a unit may be; longer ones are shortened
        after each step.
    input_noise : float, default=0.0
        Standard deviation of normal noise that is added to the encoded X while
        training. With a decoder, which is to find X without the noise, that makes a
        denoising autoencoder (Vincent et al. 2008).
    n_unsupervised_units : int, default=0
        Units of the last shared layer that no task reads: they are there for what
        tells rows of X apart but no task asks for. Any number above 0 adds a decoder
        that reconstructs X from all units of that layer; rows without any label then
        train what is shared too.
    reconstruction_weight : float or "auto", default="auto"
        Weight of the decoder's loss beside the mean of the columns' losses, both in
        units of the prior. Any number above 0 adds a decoder. "auto" is 1 where
        `n_unsupervised_units` or `generative` asks for one, and 0 elsewhere.
    generative : bool, default=False
        Whether units of the last shared layer are normal variables, of which X is
        decoded and which the heads read: a variational autoencoder (Kingma & Welling
        2014). X can then be drawn (`sample`) and scored (`score_samples`), and early
        stopping looks at its bound as well as at the columns of y.
    n_members : int or "auto", default="auto"
        Networks in the stack, whose predictions are averaged. "auto" takes eight;
        beyond 20,000 labelled rows fewer, so that rows times members stays the same,
        and never more than there are rows.
    task_types : None, str, Task, list or dict, default=None
        Kind of the columns of y: a name ("regression", "laplace", "huber",
        "heteroscedastic", "gamma", "count", "negative_binomial", "quantile", "binary",
        "multiclass", "ordinal") or an object of a class in `sklearn_mtl.tasks`; one
        for all columns, a list with one a column, or a dict that names some columns.
        A column that is not named is read by its type: {DEFAULT_KIND}
    task_weights : None, list or dict, default=None
        Weight of each column's loss, 1 where none is given.
    class_weight : None, "balanced", dict or list, default=None
        Weights of classes: "balanced" gives all classes of a column the same weight in
        sum, a dict of numbers weighs classes in every class column. A dict of these by
        column, or a list with one a column, sets them apart.
    categorical_features : "from_dtype", array-like or None, default="from_dtype"
        Columns of X that hold categories: those of category, string and object type,
        or names, positions or a mask.
    max_categories : int, default=255
        Most levels of one column of X that are told apart, the most frequent first;
        the rarer ones are read as one.
    n_bins : int or "auto", default="auto"
        Bins, bounded by quantiles, of each numeric column of X. A column enters the
        network as it is and once more for each bin, as a number that rises within the
        bin only (piecewise linear encoding, Gorishniy et al. 2022), so that the network
        can tell values apart that lie close together. "auto" takes 16; fewer
        below 160 rows or beyond 32 numeric columns, and none below 40 rows, beyond 128
        columns, in a sparse matrix, or in a linear network. 0 takes none.
    scale_inputs : bool, default=True
        Whether numeric columns of X, and categories of two levels, are standardised.
    solver : {"adam", "sgd"}, default="adam"
        Optimizer: AdamW (Loshchilov & Hutter 2019), or stochastic gradient descent
        with Nesterov momentum of 0.9.
    alpha : float, default=0.01
        Weight decay; decoupled from the gradient under "adam", an L2 penalty under
        "sgd". Biases do not decay.
    batch_size : int or "auto", default="auto"
        Most rows in a batch. "auto" aims at 32 steps an epoch, within 64 to 256 rows,
        and takes 32 rows below 250.
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        Schedule: "invscaling" divides the rate by the square root of the epoch;
        "adaptive" by 5 where the training loss has not fallen by `tol` for two
        epochs.
    learning_rate_init : float, default=0.001
        Learning rate of the first epoch.
    max_iter : int, default=200
        Most epochs; with ``early_stopping=False`` the number of epochs.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, batches, dropped units and held-out rows. No global
        generator is read or seeded.
    tol : float, default=1e-4
        Least decrease of the validation loss, in units of the prior, that counts as an
        improvement.
    verbose : int, default=0
        0 is silent, 1 shows a progress bar.
    warm_start : bool, default=False
        Whether `fit` goes on from the last call's weights and codings.
    early_stopping : bool, default=True
        Whether each member stops when it no longer improves on rows that it held out
        of training, and keeps its best weights.
    calibrate : bool or "auto", default="auto"
        Whether the logarithms of each class column's probabilities are divided by a
        temperature that fits the labels that members held out (Guo et al. 2017).
        "auto" does so where rows are held out; True is an error where none are.
    validation_fraction : float, default=0.1
        Share of the rows that a member holds out. Five to 1 / `validation_fraction`
        members hold out one fold each, so that every row is held out by one of them.
    n_iter_no_change : int, default=10
        Epochs without improvement after which a member stops.
    device : str, default="auto"
        Device in torch's notation; "auto" takes an accelerator if there is one.
    dtype : {"float32", "float64"}, default="float32"
        Number format in which the network is trained. It predicts in float64.
    callbacks : list or None, default=None
        skorch callbacks.
    net_params : dict or None, default=None
        Arguments handed to `skorch.NeuralNet` as they are; they win over the above.
"""

ATTRIBUTES = """
    net_ : MultiTaskNet
        The skorch net that all columns share: history, callbacks, ``save_params``,
        ``module_``.
    tasks_ : list of Task
        What was decided and learned about each column of y.
    history_ : list of dict
        One row an epoch of the shared net: losses of each column in units of the
        prior, learning rate, seconds.
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
    oof_predictions_ : of the shape and container of y
        Out-of-fold predictions: what members say of the rows that they held out;
        missing in rows that no member held out. Not set without held-out rows of X.
    oof_score_ : float
        `score` of these. The held-out rows also chose the epoch that each member
        keeps, so that it is a little optimistic on very small tables.
    temperature_ : ndarray of shape (n_tasks,)
        Temperature of each column's probabilities; 1 for numbers, and where no rows
        were held out.
    factor_usage_ : ndarray of shape (n_tasks, n_members * n_units)
        Share of each column's prediction that rests on each shared unit, in the order
        of `transform`.
    feature_encoder_ : FeatureEncoder
        What was learned about the columns of X.
    sharing_ : ndarray of shape (n_tasks,)
        "shared" for columns that the shared network predicts, "own" for those that went
        on alone.
    own_nets_ : dict of int to MultiTaskNet
        The nets of these, by position of the column.
    n_outputs_ : int
        Number of columns of y.
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
        1; booleans, strings, categories and objects are classes; ordered categories
        are ordinal.""",
    "regression": "numbers and booleans are regression.",
    "classes": """two classes are binary, more are multiclass, or ordinal where
        the column declares an order.""",
}

C = TypeVar("C", bound=type)


def with_shared_sections(default_kind: str) -> Callable[[C], C]:
    """Fill the sections of a class docstring that all three estimators share."""

    def fill(cls: C) -> C:
        text = cls.__doc__ or ""
        for name, section in (
            ("parameters", PARAMETERS),
            ("attributes", ATTRIBUTES),
            ("notes", NOTES),
        ):
            text = text.replace(f"%({name})s", section.strip())
        cls.__doc__ = text.replace("{DEFAULT_KIND}", DEFAULT_KIND[default_kind])
        return cls

    return fill
