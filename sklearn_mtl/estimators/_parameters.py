"""Parameters of the estimators: what each may be, and what it means."""

from __future__ import annotations

from inspect import cleandoc
from numbers import Integral, Real
from textwrap import indent
from typing import Any, NamedTuple

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_mtl.balancing import BALANCING, Balancing
from sklearn_mtl.nn import ACTIVATIONS, MAXOUT, SHARING, Autoencoder, Sharing

AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
SHARE = Interval(Real, 0, 1, closed="left")
AUTO = StrOptions({"auto"})


class Parameter(NamedTuple):
    """One parameter of the three estimators.

    Attributes
    ----------
    constraint : list or str
        What scikit-learn's checks of parameters accept.
    values : str
        The same for a reader, with the default.
    text : str
        What it means.
    """

    constraint: Any
    values: str
    text: str


PARAMETERS: dict[str, Parameter] = {
    "hidden_layer_sizes": Parameter(
        ["array-like", AT_LEAST_ONE],
        "int or sequence of int, default=(128, 128)",
        """
        Widths of the layers that all tasks share. Empty for a linear network.
        """,
    ),
    "activation": Parameter(
        [StrOptions({*ACTIVATIONS, MAXOUT})],
        '{"relu", "identity", "logistic", "tanh", "silu", "gelu", "selu", '
        '"mish", "maxout"}, default="relu"',
        """
        Activation of the hidden layers, under scikit-learn's and torch's names. A
        "maxout" unit is the largest of several linear maps (Goodfellow et al. 2013).
        """,
    ),
    "maxout_pieces": Parameter(
        [Interval(Integral, 2, None, closed="left")],
        "int, default=5",
        """
        Linear maps a unit; read by ``activation="maxout"`` only.
        """,
    ),
    "head_hidden_layer_sizes": Parameter(
        ["array-like", AT_LEAST_ONE, dict],
        "int, sequence of int, or dict, default=()",
        """
        Widths of the private layers of each task, between the shared layers and its
        outputs: the same for all, or a dict of these by column of y (its name, or its
        position in an array). Columns that the dict does not name have none.
        """,
    ),
    "head_sparsity": Parameter(
        [NOT_NEGATIVE],
        "float, default=0.0",
        """
        How strongly columns are made to choose among the shared units. After each step
        the weights from a unit into a column's head, as one vector, are shortened by
        the learning rate times `head_sparsity` times the square root of their number;
        what would be shorter than 0 becomes exactly 0 (group lasso, Yuan & Lin 2006).
        0.1 to 0.3 is a good range; see `factor_usage_`.
        """,
    ),
    "sharing": Parameter(
        [StrOptions({*SHARING}), Sharing],
        '{"hard", "none", "soft", "cross_stitch", "mmoe", "ple", "dselect_k", '
        '"factors"} or Sharing, default="hard"',
        """
        How columns share the network: "hard" is one trunk of `hidden_layer_sizes` under
        all heads (Caruana 1997); "none" is a trunk a column; "soft" draws these
        together (Duong et al. 2015), and "cross_stitch" mixes them after each layer
        (Misra et al. 2016); "mmoe" gives each column a mixture of experts (Ma et al.
        2018), "ple" some experts of its own beside (Tang et al. 2020), and "dselect_k"
        a few of the experts (Hazimeh et al. 2021); "factors" lets heads read a few
        linear factors of one trunk (Ando and Zhang 2005). Or an object of a class in
        `sklearn_mtl.nn`, or of your own, that maps X to the units which heads read.
        """,
    ),
    "own_nets": Parameter(
        [StrOptions({"auto", "never"})],
        '{"auto", "never"}, default="auto"',
        """
        "never" predicts every column by the shared network. "auto" lets a column that
        the others hold back go on alone from the shared weights, where that lowers its
        loss on held-out rows; see `sharing_`. Needs ``early_stopping=True`` and
        ``scoring="loss"``.
        """,
    ),
    "balancing": Parameter(
        [StrOptions({*BALANCING}), Balancing],
        '{"fixed", "uncertainty", "rlw", "dwa", "gls", "stch", "famo", "excess", '
        '"gradnorm", "pcgrad", "mgda", "cagrad", "imtl_g", "nash", "upgrad", '
        '"aligned"} or Balancing, default="fixed"',
        """
        How the losses of columns become one: "fixed" is their mean, weighted by
        `task_weights`; other names are of methods that change these weights in each
        step, by the losses (up to "famo") or by the gradients of columns (from "excess"
        on). Or an object of a class in `sklearn_mtl.balancing`, which
        has the method's parameters, or of your own.
        """,
    ),
    "dropout": Parameter(
        [SHARE],
        "float, default=0.1",
        """
        Share of hidden units that are dropped while training.
        """,
    ),
    "input_dropout": Parameter(
        [SHARE],
        "float, default=0.0",
        """
        Share of the numbers entering the first layer that are dropped while training.
        """,
    ),
    "max_norm": Parameter(
        [POSITIVE, None],
        "float or None, default=None",
        """
        Longest that the vector of weights into a unit may be; longer ones are shortened
        after each step.
        """,
    ),
    "reconstruction": Parameter(
        [Autoencoder, None],
        "Autoencoder, VariationalAutoencoder or None, default=None",
        """
        Whether and how X is reconstructed from the shared units, so that rows without
        any label train what is shared too: an object of `sklearn_mtl.nn.Autoencoder`,
        or of `sklearn_mtl.nn.VariationalAutoencoder`, with which X can be drawn
        (`sample`) and scored (`score_samples`).
        """,
    ),
    "n_members": Parameter(
        [AT_LEAST_ONE, AUTO],
        'int or "auto", default="auto"',
        """
        Networks in the stack, whose predictions are averaged. "auto" takes eight;
        beyond 20,000 labelled rows fewer, so that rows times members stays the same,
        and never more than there are rows. With `cv` or groups it follows the splits:
        the same number a split, eight in all or fewer; more splits get one member each
        (beyond eight as far as the rows afford, at most 64).
        """,
    ),
    "task_types": Parameter(
        "no_validation",
        "None, str, Task, ColumnGroup, list or dict, default=None",
        """
        Kind of the columns of y: a name ("regression", "laplace", "huber",
        "heteroscedastic", "gamma", "count", "negative_binomial", "quantile",
        "censored", "survival", "binary", "multiclass", "ordinal") or an object of a
        class in `sklearn_mtl.tasks`; one for all columns, a list with one a column, or
        a dict that names some columns. Columns that belong together are named by a
        tuple: "simplex" are parts of a total, "class_tree" classes below each other.
        A column that is not named is read by its type: {DEFAULT_KIND}
        """,
    ),
    "auxiliary": Parameter(
        ["array-like", str, Integral, None],
        "name, int, list of them or None, default=None",
        """
        Names or positions of columns of y that are known in training only, such as
        later measurements. They shape what is shared, and are not predicted, not
        scored, and not needed in the y of `score`. Their losses say when members stop
        only as far as the predicted columns have too few labels to tell. They may be of
        any kind.
        """,
    ),
    "task_weights": Parameter(
        "no_validation",
        '"auto", None, list or dict, default="auto"',
        """
        Weight of each column's loss, in training and where members stop. "auto" weighs
        columns by what their labels can tell (DerSimonian and Laird 1986): m labels
        count m / (m + 100), where of a rare class and the others m is about four times
        the labels of the rare one. With None all columns count alike. A list or dict
        says weights, 1 where none is given.
        """,
    ),
    "class_weight": Parameter(
        "no_validation",
        'None, "balanced", dict or list, default=None',
        """
        Weights of classes: "balanced" gives all classes of a column the same weight in
        sum, a dict of numbers weighs classes in every class column. A dict of these by
        column, or a list with one a column, sets them apart.
        """,
    ),
    "teachers": Parameter(
        [dict, None],
        "dict or None, default=None",
        """
        Other estimators by column of y, each a regressor or classifier of that column
        alone. Where labels of the column are missing, what its teacher says stands in,
        with a weight that rows held out choose for each column: 1/16, 1/4 or 1 of a
        label's, or none where that is no better. One that is not fitted is cloned, and
        fitted for each fold to the rows that its members train on; a fitted one is
        used as it is, and must not have learned from labels in y; within a
        ``FrozenEstimator`` it stays fitted where this one is cloned. See `teaching_`.
        """,
    ),
    "categorical_features": Parameter(
        ["array-like", StrOptions({"from_dtype"}), None],
        '"from_dtype", array-like or None, default="from_dtype"',
        """
        Columns of X that hold categories: those of category, string and object type,
        or names, positions or a mask.
        """,
    ),
    "max_categories": Parameter(
        [AT_LEAST_ONE],
        "int, default=255",
        """
        Most levels of one column of X that are told apart, the most frequent first;
        the rarer ones are read as one.
        """,
    ),
    "n_bins": Parameter(
        [Interval(Integral, 0, None, closed="left"), AUTO],
        'int or "auto", default="auto"',
        """
        Bins, bounded by quantiles, of each numeric column of X. A column enters the
        network as it is and once more for each bin, as a number that rises within the
        bin only (piecewise linear encoding, Gorishniy et al. 2022), so that the network
        can tell values apart that lie close together. "auto" takes 16; fewer
        below 160 rows or beyond 32 numeric columns, and none below 40 rows, beyond 128
        columns, in a sparse matrix, or in a linear network. 0 takes none.
        """,
    ),
    "scale_inputs": Parameter(
        ["boolean"],
        "bool, default=True",
        """
        Whether numeric columns of X, and categories of two levels, are standardised.
        """,
    ),
    "solver": Parameter(
        [StrOptions({"adam", "sgd"})],
        '{"adam", "sgd"}, default="adam"',
        """
        Optimizer: AdamW (Loshchilov & Hutter 2019), or stochastic gradient descent
        with Nesterov momentum of 0.9.
        """,
    ),
    "alpha": Parameter(
        [NOT_NEGATIVE],
        "float, default=0.01",
        """
        Weight decay; decoupled from the gradient under "adam", an L2 penalty under
        "sgd". Biases do not decay.
        """,
    ),
    "batch_size": Parameter(
        [AT_LEAST_ONE, AUTO],
        'int or "auto", default="auto"',
        """
        Most rows in a batch. "auto" aims at 32 steps an epoch, within 64 to 256 rows,
        and takes 32 rows below 250.
        """,
    ),
    "learning_rate": Parameter(
        [StrOptions({"auto", "constant", "invscaling", "adaptive"})],
        '{"auto", "constant", "invscaling", "adaptive"}, default="auto"',
        """
        Schedule: "auto" divides the rate by 5, once, where members would stop together
        (see `n_iter_no_change`), and lets them go on; it is constant where none stops
        early, or `callbacks` holds an ``LRScheduler``. "invscaling" divides the rate by
        the square root of the epoch; "adaptive" by 5 where the training loss has not
        fallen by `tol` for two epochs.
        """,
    ),
    "learning_rate_init": Parameter(
        [POSITIVE],
        "float, default=0.003",
        """
        Learning rate of the first epoch.
        """,
    ),
    "max_iter": Parameter(
        [AT_LEAST_ONE],
        "int, default=200",
        """
        Most epochs; with ``early_stopping=False`` the number of epochs.
        """,
    ),
    "time_limit": Parameter(
        [POSITIVE, None],
        "float or None, default=None",
        """
        Seconds after which no further epoch begins, counted from the call of `fit`;
        the best weights so far are kept. One epoch is trained in any case.
        """,
    ),
    "random_state": Parameter(
        ["random_state"],
        "int, RandomState instance or None, default=None",
        """
        Seed of initial weights, batches, dropped units and held-out rows. No global
        generator is read or seeded.
        """,
    ),
    "tol": Parameter(
        [NOT_NEGATIVE],
        "float, default=1e-4",
        """
        Least decrease of the validation loss, in units of the prior, that counts as an
        improvement.
        """,
    ),
    "verbose": Parameter(
        ["verbose"],
        "int, default=0",
        """
        0 is silent, 1 shows a progress bar.
        """,
    ),
    "warm_start": Parameter(
        ["boolean"],
        "bool, default=False",
        """
        Whether `fit` goes on from the last call's weights and codings. A y that has
        further columns adds heads for them; see `freeze`.
        """,
    ),
    "freeze": Parameter(
        [StrOptions({"shared", "all_but_new"}), None],
        '{"shared", "all_but_new"} or None, default=None',
        """
        What a fit that goes on from an earlier one leaves as it is: "shared" what all
        columns share, so that heads alone are trained; "all_but_new" the heads of
        earlier columns too, whose predictions, intervals and probabilities stay the
        same to the last bit, and whose labels are not read. None trains everything.
        """,
    ),
    "early_stopping": Parameter(
        ["boolean"],
        "bool, default=True",
        """
        Whether each member stops when it no longer improves on rows that it held out
        of training, and keeps its best weights.
        """,
    ),
    "scoring": Parameter(
        [str, callable, None],
        'str, scorer or None, default="loss"',
        """
        What early stopping looks at, once an epoch, on the rows that each member holds
        out. "loss", or None, is the training loss; any other name is a metric of
        `metrics.task_scores`, averaged over the columns that have it. Or what
        `metrics.make_task_scorer` makes: some columns, another average, a function of
        one's own. `tol` is then in units of the score, and no column goes on alone.
        """,
    ),
    "calibrate": Parameter(
        ["boolean", AUTO],
        'bool or "auto", default="auto"',
        """
        Whether the logarithms of each class column's probabilities are divided by a
        temperature that fits the labels that members held out (Guo et al. 2017), and
        columns, numbers too, are drawn towards their prior as far as these say
        (Copas 1983).
        "auto" does so where rows are held out; True is an error where none are.
        """,
    ),
    "validation_fraction": Parameter(
        [Interval(Real, 0, 0.5, closed="right")],
        "float, default=0.1",
        """
        Share of the rows that a member holds out. Five to 1 / `validation_fraction`
        members hold out one fold each, so that every row is held out by one of them.
        Read without `cv`.
        """,
    ),
    "cv": Parameter(
        ["cv_object"],
        "int, splitter, iterable of (train, test) or None, default=None",
        """
        How members hold out rows. None draws them at random, or whole groups where
        `groups` are passed to fit. An int is that many folds, balanced over all columns
        of y (`MultiTaskStratifiedKFold`, or `MultiTaskStratifiedGroupKFold` with
        `groups`). A splitter sees the rows of X, y and groups that have labels. Pairs
        of rows, and a `PredefinedSplit`, name rows of X as it is passed. Splits are
        dealt to members in turn; if there are fewer members, the last ones. Members
        train on the train parts even with ``early_stopping=False``, and then for
        `max_iter` epochs. `partial_fit` holds out no row.
        """,
    ),
    "n_iter_no_change": Parameter(
        [AT_LEAST_ONE],
        "int, default=10",
        """
        Epochs without improvement after which a member stops. All stop once the mean of
        their losses has not improved for as many divided by the square root of their
        number, at most by 2: a mean hangs less on chance. Half of that is enough at a
        rate that "auto" has lowered.
        """,
    ),
    "device": Parameter(
        [str],
        'str, default="auto"',
        """
        Device in torch's notation; "auto" takes an accelerator if there is one.
        """,
    ),
    "dtype": Parameter(
        [StrOptions({"float32", "float64"})],
        '{"float32", "float64"}, default="float32"',
        """
        Number format in which the network is trained. It predicts in float64.
        """,
    ),
    "precision": Parameter(
        [StrOptions({"auto", "float32", "bfloat16"})],
        '{"auto", "float32", "bfloat16"}, default="auto"',
        """
        Number format of the products of the shared layers while training. "bfloat16"
        rounds weights and units once a step, to numbers of two bytes, for products
        alone; the weights themselves, losses, steps, held-out scores and predictions
        keep their format. "auto" does so where the device has units for it, the network
        is trained in float32, and a step is large enough to gain by it; then a fit on
        another machine ends in another net that is as good. Where balancing compares
        gradients, or the network has a decoder, nothing is rounded.
        """,
    ),
    "callbacks": Parameter(
        ["array-like", None],
        "list or None, default=None",
        """
        Callbacks of skorch.
        """,
    ),
    "net_params": Parameter(
        [dict, None],
        "dict or None, default=None",
        """
        Arguments handed to `skorch.NeuralNet` as they are; they win over the above.
        """,
    ),
}

CONSTRAINTS: dict[str, Any] = {
    name: parameter.constraint for name, parameter in PARAMETERS.items()
}


PARTS = ("sharing", "balancing", "reconstruction")
"""Parameters that may be objects with parameters of their own."""


def check_parts(estimator: Any) -> None:
    """Check the parameters within parameters, and what two say together."""
    for name in estimator.net_params or {}:
        if not isinstance(name, str):
            raise TypeError(
                f"net_params has the key {name!r}, which is no name. Its keys are the "
                'names of arguments of skorch.NeuralNet, such as "batch_size".'
            )
    for name in PARTS:
        part = getattr(estimator, name)
        if isinstance(part, BaseEstimator):
            part._validate_params()
    if estimator.freeze is not None and not estimator.__sklearn_is_fitted__():
        raise ValueError(
            f"freeze={estimator.freeze!r} leaves as it is what an earlier fit learned, "
            "and there was none. Fit with freeze=None first, then with warm_start=True "
            "and freeze."
        )
    if estimator.precision == "bfloat16" and estimator.dtype == "float64":
        raise ValueError(
            "precision='bfloat16' rounds what dtype='float64' asks for in full. Leave "
            "precision at 'auto', or dtype at 'float32'."
        )


def parameters_section() -> str:
    """List all parameters as the section of a docstring does."""
    return "\n".join(
        f"{name} : {parameter.values}\n{indent(cleandoc(parameter.text), '    ')}"
        for name, parameter in PARAMETERS.items()
    )
