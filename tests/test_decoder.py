"""Networks that reconstruct X: gradients of what is shared, rows without labels."""

import copy
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_mtl import (
    MultiTaskNetClassifier,
    MultiTaskNetEstimator,
    MultiTaskNetRegressor,
)
from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.nn import Decoder, Latent
from sklearn_mtl.tables import FeatureEncoder, decoded_columns
from sklearn_mtl.training import JointBatches, MemberRows, TaskTable, Unlabelled

pd = pytest.importorskip("pandas")

SMALL = {
    "hidden_layer_sizes": (16, 8),
    "n_members": 2,
    "max_iter": 5,
    "random_state": 0,
}
DECODERS = {
    "units": {"n_unsupervised_units": 4},
    "weight": {"reconstruction_weight": 0.5},
    "generative": {"generative": True, "n_unsupervised_units": 3},
}
decoders = pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)


def frame(n_rows=120, seed=0):
    """Numbers with gaps, integers, booleans, categories with gaps and rare levels."""
    rng = np.random.default_rng(seed)
    size = rng.normal(50, 20, n_rows)
    X = pd.DataFrame(
        {
            "size": np.where(rng.random(n_rows) < 0.2, np.nan, size),
            "rooms": np.round(size / 10).astype(int),
            "garden": size + rng.normal(0, 10, n_rows) > 50,
            "town": pd.Categorical(rng.choice(["Ely", "Ayr", "Rye"], n_rows)),
            "street": rng.choice([f"s{i}" for i in range(9)], n_rows),
            "unit": "m",
        },
        index=np.arange(n_rows) + 7,
    )
    X.loc[X.index % 5 == 0, "town"] = np.nan
    return X


def labels(X):
    rng = np.random.default_rng(1)
    price = X["rooms"] * 3.0 + rng.normal(size=len(X))
    sold = pd.Categorical(np.where(X["garden"], "yes", "no"))
    return pd.DataFrame({"price": price, "sold": sold}, index=X.index)


# -- the decoder's cost, by hand ---------------------------------------------------


def decoder_of(encoder, **params):
    generator = torch.Generator().manual_seed(0)
    hidden = {
        "activation": "relu",
        "maxout_pieces": 2,
        "dropout": 0.0,
        "generator": generator,
    }
    found = Decoder(1, 2, (), decoded_columns(encoder), hidden=hidden, **params)
    return found.double()


def test_cost_is_that_of_the_prior_where_the_prior_is_decoded():
    X = frame()
    encoder = FeatureEncoder().fit(X, np.ones(len(X)))
    features = torch.from_numpy(encoder.transform(X, np.float64))
    for generative in (False, True):
        decoder = decoder_of(encoder, generative=generative)
        prior = decoder.output.bias.detach().expand(1, len(X), -1)
        cost = decoder.cost(prior, features)
        assert cost.shape == (1, len(X))
        assert_allclose(cost.detach().mean(), 1.0)


def test_cost_of_a_row_by_hand():
    """Two numbers, one missing, and a category of three levels."""
    X = pd.DataFrame(
        {
            "a": [0.0, 2.0, 4.0, 2.0],
            "b": [1.0, np.nan, 3.0, 2.0],
            "c": ["x", "y", "z", "x"],
        }
    )
    encoder = FeatureEncoder().fit(X, np.ones(4))
    columns = decoded_columns(encoder)
    features = torch.from_numpy(encoder.transform(X, np.float64))
    decoder = decoder_of(encoder, generative=False)
    decoded = torch.zeros(1, 4, 5, dtype=torch.float64)
    decoded[..., 2:] = torch.tensor([1.0, 0.0, -1.0])
    share = np.array([0.5, 0.25, 0.25])
    entropy = -(share * np.log(share)).sum()
    log_p = np.array([1.0, 0.0, -1.0]) - np.log(np.exp([1.0, 0.0, -1.0]).sum())
    # Variances are 1: of the second row only `a`, which is at its mean, is known.
    second = (0.0 * 2 / 3 / (1 + 0.75)) - log_p[1] / entropy / 3
    z = (np.array([4.0, 3.0]) - [2.0, 2.0]) / [2**0.5, (2 / 3) ** 0.5]
    third = (z**2).sum() * 2 / 3 / (1 + 0.75) - log_p[2] / entropy / 3

    cost = decoder.cost(decoded, features)

    assert_allclose(columns.known, [1.0, 0.75])
    assert_allclose(cost[0, 1:3].detach(), [second, third])


def test_cost_of_a_generative_decoder_is_a_likelihood():
    X = np.random.default_rng(0).normal(size=(30, 3)) * [1.0, 10.0, 0.1]
    encoder = FeatureEncoder().fit(X, np.ones(30))
    decoder = decoder_of(encoder, generative=True)
    with torch.no_grad():
        decoder.log_variance[...] = torch.tensor([0.0, -1.0, 1.0])
    features = torch.from_numpy(encoder.transform(X, np.float64))
    decoded = torch.full((1, 30, 3), 0.3, dtype=torch.float64)
    density = multivariate_normal([0.3] * 3, np.diag(np.exp([0.0, -1.0, 1.0])))

    cost = decoder.cost(decoded, features) * decoder.prior

    assert_allclose(cost[0].detach(), -density.logpdf(features.numpy()))


def test_divergence_is_that_of_normal_distributions():
    latent = Latent(1, 2, 3, torch.Generator().manual_seed(0))
    mean = torch.tensor([[[0.5, -1.0, 0.0]]])
    log_variance = torch.tensor([[[0.3, -2.0, 0.0]]])
    normal = torch.distributions.Normal
    standard = normal(torch.zeros(3), torch.ones(3))
    found = normal(mean, (0.5 * log_variance).exp())
    expected = torch.distributions.kl_divergence(found, standard).sum(-1)
    torch.testing.assert_close(latent.divergence(mean, log_variance), expected)


def test_members_of_a_stack_share_no_gradient():
    X, y = make_multitask(40, n_features=4, n_tasks=2, random_state=0)
    net = MultiTaskNetRegressor(**SMALL, **DECODERS["generative"]).fit(X, y)
    module = net.net_.module_
    features = torch.from_numpy(net.feature_encoder_.transform(X))
    _, cost = module.predict_and_decode(features, 40)
    cost[0].sum().backward()
    assert any(p.grad is not None and p.grad[0].any() for p in module.parameters())
    for parameter in module.parameters():
        assert parameter.grad is None or not parameter.grad[1].any()


# -- the estimator -------------------------------------------------------------------


@decoders
def test_frames_mixed_kinds_and_gaps(decoder):
    X = frame()
    y = labels(X).mask(np.random.default_rng(0).random((120, 2)) < 0.3)
    net = MultiTaskNetEstimator(**SMALL, **decoder).fit(X, y)

    assert list(net.predict(X).columns) == ["price", "sold"]
    assert net.transform(X).shape == (120, 16)
    assert {"train_reconstruction", "valid_reconstruction"} <= set(net.history_[0])
    again = clone(net).fit(X, y)
    assert_array_equal(net.transform(X), again.transform(X))
    copied = pickle.loads(pickle.dumps(net))
    assert_array_equal(net.transform(X), copied.transform(X))


def test_reconstruction_is_learned():
    X, y = make_multitask(300, n_features=5, n_tasks=2, random_state=0)
    X = np.column_stack([X, X @ np.ones(5)])
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(16,),
        n_unsupervised_units=8,
        n_members=2,
        learning_rate_init=0.01,
        random_state=0,
    ).fit(X, y)
    first, last = net.history_[0], net.history_[-1]
    assert last["valid_reconstruction"] < 0.3 < first["valid_reconstruction"]


def test_rows_without_labels_train_what_is_shared():
    """Few labels of two clusters far apart; the other rows show where these lie."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 20))
    hidden = rng.integers(2, size=400)
    X[:, :10] += 2.5 * np.where(hidden, 1, -1)[:, None] * rng.random(10)
    y = hidden.astype(object)
    y[12:] = None
    settings = SMALL | {
        "hidden_layer_sizes": (8,),
        "max_iter": 40,
        "early_stopping": False,
    }
    plain = MultiTaskNetClassifier(**settings).fit(X, y)
    net = MultiTaskNetClassifier(**settings, reconstruction_weight=1.0).fit(X, y)
    dropped = clone(net).fit(X[:12], y[:12])
    found = {
        name: (model.predict(X[12:]) == hidden[12:]).mean()
        for name, model in {"all": net, "labelled": dropped, "plain": plain}.items()
    }
    assert found["all"] > max(found["labelled"], found["plain"]) + 0.02


def test_rows_of_weight_zero_are_not_read():
    X, y = frame(), labels(frame())
    y.iloc[60:] = None
    odd = X.copy()
    odd.iloc[100:, :2] = 1000
    weight = np.where(np.arange(120) < 100, 1.0, 0.0)
    net = MultiTaskNetEstimator(**SMALL, n_unsupervised_units=4)
    first, second = (clone(net).fit(data, y, weight).transform(X) for data in (X, odd))
    assert_allclose(first, second)


def test_rows_without_labels_count_by_their_weight():
    """Rows of weight 2 are read as rows that stand twice, in one full batch."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 3))
    y = np.where(np.arange(20) < 10, X[:, 0], np.nan)
    settings = SMALL | {
        "batch_size": 1000,
        "early_stopping": False,
        "dropout": 0.0,
        "n_bins": 0,
        "dtype": "float64",
    }
    net = MultiTaskNetRegressor(**settings, n_unsupervised_units=2)
    rows = np.concatenate([np.arange(20), np.arange(15, 20)])
    weight = np.where(np.arange(20) < 15, 1.0, 2.0)
    one = clone(net).fit(X, y, weight)
    twice = clone(net).fit(X[rows], y[rows])
    assert_allclose(one.transform(X), twice.transform(X), rtol=1e-6, atol=1e-8)


def test_without_a_decoder_rows_without_labels_change_nothing():
    X, y = frame(), labels(frame())
    y.iloc[60:] = None
    net = MultiTaskNetEstimator(**SMALL)
    kept = clone(net).fit(X, y).transform(X)
    assert_array_equal(kept, clone(net).fit(X[:60], y[:60]).transform(X))


@decoders
def test_goes_on_from_a_fit(decoder):
    X, y = make_multitask(60, n_features=4, n_tasks=2, random_state=0)
    y[40:] = np.nan
    net = MultiTaskNetEstimator(**SMALL, **decoder, warm_start=True).fit(X, y)
    before = len(net.net_.history)
    net.fit(X, y)
    assert len(net.net_.history) > before
    assert len(net.net_.reconstruction_losses_["train"]) == len(net.net_.history)
    net.partial_fit(X, y)
    with pytest.raises(ValueError, match="n_unsupervised_units=9"):
        net.set_params(n_unsupervised_units=9).fit(X, y)


def test_a_warm_start_takes_another_weight_but_no_decoder_that_is_not_there():
    X, y = make_multitask(60, n_features=4, n_tasks=2, random_state=0)
    net = MultiTaskNetRegressor(**SMALL, reconstruction_weight=0.5, warm_start=True)
    net.fit(X, y).set_params(reconstruction_weight=0.1).fit(X, y)
    assert net.net_.reconstruction_weight == 0.1
    with pytest.raises(
        ValueError, match=r"reconstruction_weight=0.0, but .* a decoder"
    ):
        net.set_params(reconstruction_weight=0.0).fit(X, y)
    plain = MultiTaskNetRegressor(**SMALL, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"reconstruction_weight=0.5, but .* no decod"):
        plain.set_params(reconstruction_weight=0.5).fit(X, y)


def test_sparse_X_is_reconstructed():
    rng = np.random.default_rng(0)
    X = sparse.random(100, 30, density=0.2, format="csr", rng=rng)
    y = np.asarray(X.sum(axis=1)).ravel()
    net = MultiTaskNetRegressor(**SMALL, generative=True).fit(X, y)
    assert sparse.issparse(net.sample(3, random_state=0))
    assert net.score_samples(X).shape == (100,)


def test_input_noise_disturbs_training_only():
    X, y = make_multitask(60, n_features=4, n_tasks=2, random_state=0)
    plain = MultiTaskNetRegressor(**SMALL).fit(X, y)
    noisy = clone(plain).set_params(input_noise=0.5).fit(X, y)
    assert not np.allclose(plain.transform(X), noisy.transform(X))
    assert_array_equal(noisy.predict(X), noisy.predict(X))
    assert_array_equal(noisy.predict(X), clone(noisy).fit(X, y).predict(X))


def test_an_epoch_reads_every_row_without_labels_once():
    features = np.arange(103.0)[:, None]
    labelled = TaskTable(features[:3], np.ones((3, 1)), np.ones((3, 1)))
    none = np.empty((100, 0))
    rows = MemberRows(
        labelled,
        torch.arange(3),
        torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]),
        prior_cost=torch.ones(1),
        n_members=2,
    )
    others = TaskTable(features[3:], none, none)
    rows.unlabelled_rows = Unlabelled(others, torch.full((100,), 0.5), None)
    generator = torch.Generator().manual_seed(0)
    batches = JointBatches(rows, 30, shuffle=True, generator=generator)

    read = list(batches)

    assert len(read) == len(batches) == 4
    others_read = torch.cat([x[3:, 0] for x, _ in read])
    assert_array_equal(np.sort(others_read), np.arange(3, 103))
    for x, (labels, weight) in read:
        assert_array_equal(np.sort(x[:3, 0]), [0, 1, 2])
        assert len(labels.codes) == 3
        assert weight.shape == (2, len(x))
        assert (weight[:, 3:] == 0.5).all()
        for row, of_members in zip(x[:3, 0].int(), weight.T[:3], strict=True):
            assert_array_equal(of_members, rows.row_weight[:, row])


@decoders
def test_usage_of_units_that_tasks_read(decoder):
    X, y = make_multitask(60, n_features=4, n_tasks=2, random_state=0)
    net = MultiTaskNetRegressor(**SMALL, **decoder).fit(X, y)
    assert net.factor_usage_.shape == (2, net.transform(X).shape[1])
    assert_allclose(net.factor_usage_.sum(axis=1), 1.0)


# -- the distribution of X -----------------------------------------------------------


def test_bound_comes_near_the_density_and_samples_have_its_moments():
    """A mixture of factors: normal data whose density is known."""
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(2, 4))
    covariance = loadings.T @ loadings + 0.25 * np.eye(4)
    X = rng.multivariate_normal([7, 0, -3, 100], covariance, size=1500)
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(16, 3),
        generative=True,
        n_members=2,
        learning_rate_init=0.003,
        dropout=0.0,
        random_state=0,
    ).fit(X, X[:, 0])
    true = multivariate_normal([7, 0, -3, 100], covariance).logpdf(X).mean()
    apart = multivariate_normal(X.mean(0), np.diag(X.var(0))).logpdf(X).mean()

    bound = net.score_samples(X)

    assert apart + 0.5 * (true - apart) < bound.mean() < true + 0.1
    drawn = net.sample(4000, random_state=0)
    assert_allclose(drawn.mean(axis=0), X.mean(axis=0), atol=0.25)
    correlation = np.corrcoef(drawn.T), np.corrcoef(X.T)
    assert np.abs(correlation[0] - correlation[1]).max() < 0.3


def test_missing_numbers_are_integrated_over():
    """The bound of a row with a gap is one of the density of its other cells."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 2)) * [1.0, 5.0]
    net = MultiTaskNetRegressor(
        hidden_layer_sizes=(8, 2),
        generative=True,
        dropout=0.0,
        learning_rate_init=0.005,
        n_members=2,
        random_state=0,
    ).fit(X, rng.normal(size=800))
    gap = X.copy()
    gap[:, 1] = np.nan
    expected = multivariate_normal(0, 1).logpdf(X[:, 0]).mean()
    assert_allclose(net.score_samples(gap).mean(), expected, atol=0.15)


def test_a_row_is_scored_alike_in_any_company():
    X, y = frame(), labels(frame())
    net = MultiTaskNetEstimator(**SMALL, generative=True).fit(X, y)
    together = net.score_samples(X)
    assert np.isfinite(together).all()
    assert_allclose(net.score_samples(X.iloc[5:6])[0], together[5])
    odd = X.iloc[:1].assign(street="nowhere")
    assert net.score_samples(odd)[0] == -np.inf


def test_samples_are_rows_of_the_table():
    X, y = frame(), labels(frame())
    settings = SMALL | {"max_categories": 4}
    net = MultiTaskNetEstimator(**settings, generative=True).fit(X, y)

    drawn = net.sample(200, random_state=0)

    assert list(drawn.columns) == list(X.columns)
    assert (drawn.dtypes == X.dtypes).all()
    assert not drawn.isna().any().any()
    assert set(drawn["town"]) == {"Ely", "Ayr", "Rye"}
    assert len(set(drawn["street"])) > 4
    assert set(drawn["street"]) <= set(X["street"])
    assert set(drawn["unit"]) == {"m"}
    assert abs(drawn["size"].mean() - X["size"].mean()) < 10
    pd.testing.assert_frame_equal(drawn, net.sample(200, random_state=0))
    net.predict(drawn)


def test_samples_of_other_containers():
    pl = pytest.importorskip("polars")
    X = frame().drop(columns="garden")
    cells = X.astype(object).where(X.notna(), None)
    polars = pl.DataFrame({name: cells[name].tolist() for name in X})
    y = labels(frame()).to_numpy()
    drawn = MultiTaskNetEstimator(**SMALL, generative=True).fit(polars, y).sample(4)
    assert drawn.schema == polars.schema
    whole = np.random.default_rng(0).integers(9, size=(50, 3))
    net = MultiTaskNetRegressor(**SMALL, generative=True).fit(whole, whole[:, 0])
    assert net.sample(5).dtype == whole.dtype
    in_pipe = make_pipeline(FunctionTransformer(), clone(net)).fit(whole, whole[:, 0])
    assert in_pipe.score_samples(whole).shape == (50,)


# -- wrong calls -----------------------------------------------------------------------


def test_wrong_calls_say_what_to_do():
    X, y = make_multitask(40, n_features=4, n_tasks=2, random_state=0)
    net = MultiTaskNetRegressor(**SMALL)
    assert not hasattr(net, "sample")
    with pytest.raises(ValueError, match=r"reconstruction_weight=0"):
        clone(net).set_params(generative=True, reconstruction_weight=0).fit(X, y)
    with pytest.raises(ValueError, match="hidden_layer_sizes is empty"):
        clone(net).set_params(n_unsupervised_units=2, hidden_layer_sizes=()).fit(X, y)
    with pytest.raises(ValueError, match="No column of X varies"):
        clone(net).set_params(n_unsupervised_units=2).fit(np.ones((40, 2)), y)
    fitted = copy.deepcopy(net).fit(X, y).set_params(generative=True)
    with pytest.raises(ValueError, match="Fit it again"):
        fitted.sample()
    generative = clone(net).set_params(generative=True).fit(X, y)
    with pytest.raises(ValueError, match="n_samples"):
        generative.sample(0)
