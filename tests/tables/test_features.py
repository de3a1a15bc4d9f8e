"""Encoded features: what scikit-learn's encoders give, for any container."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_mtl.tables import FeatureEncoder, _features, take_rows
from tests.tables.helpers import encode, some_frame, some_numbers

PROPERTY = settings(deadline=None, max_examples=40, derandomize=True)


def heights_of(one_hot, towns, weight):
    """Give two levels the variance of a scaled number; more levels stay 0, 1."""
    share = weight @ one_hot.transform(towns) / weight.sum()
    heights, start = [], 0
    for levels in one_hot.categories_:
        own = share[start : start + len(levels)]
        height = 1.0
        if len(levels) == 2:
            height = (0.5 / own.prod()) ** 0.5
        heights += [height] * len(levels)
        start += len(levels)
    return heights


CONTAINERS = {
    "pandas": some_frame,
    "polars": lambda **kw: pl.from_pandas(some_frame(**kw)),
    "objects": lambda **kw: some_frame(**kw).astype(object).to_numpy(),
    "array": lambda **kw: some_numbers(**kw),
    "float32": lambda **kw: some_numbers(**kw).astype(np.float32),
    "csr": lambda **kw: sparse.csr_array(some_numbers(gaps=False, **kw)),
}


# Against scikit-learn


NUMBERS = st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda v: round(v, 3))

GAP = st.just(np.nan)

TOWNS = st.sampled_from(["Ulm", "Bonn", "Jena", None])


@st.composite
def frames(draw, n_tables=2):
    """Tables of the same columns: two of numbers and two of strings."""
    row = st.tuples(NUMBERS | GAP, NUMBERS | GAP, TOWNS, TOWNS)
    return [
        pd.DataFrame(
            [
                *draw(st.lists(row, min_size=1, max_size=11)),
                # What scikit-learn's scaler says of a column without numbers is NaN.
                (draw(NUMBERS), draw(NUMBERS), "Ulm", None),
            ],
            columns=["a", "b", "town", "home"],
        ).astype({"a": float, "b": float, "town": object, "home": object})
        for _ in range(n_tables)
    ]


@PROPERTY
@given(frames(), st.booleans())
def test_frames_are_encoded_as_scikit_learn_does(tables, weighted):
    X, X_new = tables
    weight = np.arange(1.0, len(X) + 1) if weighted else np.ones(len(X))
    scaler = StandardScaler().fit(X[["a", "b"]], sample_weight=weight)
    imputer = SimpleImputer(
        strategy="constant",
        fill_value=0.0,
        add_indicator=True,
        keep_empty_features=True,
    )
    imputer.fit(scaler.transform(X[["a", "b"]]))
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    towns, towns_new = (
        t[["town", "home"]]
        .map(lambda cell: np.nan if cell is None else cell)
        .astype(object)
        for t in (X, X_new)
    )
    one_hot.fit(towns)

    # A number that does not vary in fit says nothing, whatever it is later.
    known = scaler.transform(X_new[["a", "b"]])
    known[:, scaler.var_ <= (10 * np.finfo(float).eps * scaler.mean_) ** 2] *= 0.0
    expected = np.hstack(
        [
            imputer.transform(known),
            one_hot.transform(towns_new) * heights_of(one_hot, towns, weight),
        ]
    )

    assert_allclose(encode(X, X_new, weight), expected, rtol=1e-7, atol=1e-7)


def test_missing_number_becomes_the_mean_where_numbers_are_not_scaled():
    X = some_numbers()
    imputer = SimpleImputer(add_indicator=True)

    assert_allclose(encode(X, scale_inputs=False), imputer.fit_transform(X))


def test_float32_numbers_far_from_zero_keep_their_spread():
    X = some_numbers(200, gaps=False) + 1e5
    expected = StandardScaler().fit_transform(X)

    for table in (X, pd.DataFrame(X)):
        encoded = FeatureEncoder().fit(table, np.ones(200)).transform(table)
        assert encoded.dtype == np.float32
        assert_allclose(encoded, expected, atol=1e-4)


def test_same_cells_are_encoded_the_same_in_every_frame():
    expected = encode(some_frame())

    assert_allclose(encode(pl.from_pandas(some_frame())), expected)
    # An array has no types, so the column of booleans is read by its cells too.
    assert_allclose(encode(some_frame().astype(object).to_numpy()), expected)


def test_encoding_leaves_the_table_as_it_was():
    X = some_numbers()
    before = X.copy()

    encode(X, scale_inputs=True)

    assert_array_equal(X, before)


# Weights


@PROPERTY
@given(frames(), st.data())
def test_weights_equal_repeated_rows(tables, data):
    X, X_new = tables
    weight = np.array(
        data.draw(st.lists(st.integers(0, 3), min_size=len(X), max_size=len(X)))
    )
    if not weight.any():
        weight[0] = 1
    repeated = X.iloc[np.repeat(np.arange(len(X)), weight)].reset_index(drop=True)

    for limit in (255, 1):
        assert_allclose(
            encode(X, X_new, weight.astype(float), max_categories=limit),
            encode(repeated, X_new, max_categories=limit),
            rtol=1e-7,
            atol=1e-7,
        )


@pytest.mark.parametrize("container", CONTAINERS)
def test_rows_of_weight_zero_are_not_looked_at(container):
    X = CONTAINERS[container](n_rows=40)
    weight = np.r_[np.zeros(10), np.ones(30)]
    encoder = FeatureEncoder().fit(X, weight)
    without = FeatureEncoder().fit(take_rows(X, np.arange(10, 40)), np.ones(30))

    assert encoder.feature_names_out_ == without.feature_names_out_
    for a, b in zip(dense(encoder, X), dense(without, X), strict=True):
        assert_allclose(a, b, rtol=1e-6)


def dense(encoder, X):
    encoded = encoder.transform(X, dtype=np.float64)
    return encoded.toarray() if sparse.issparse(encoded) else encoded


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, sparse.csr_array])
def test_rare_cells_are_not_blown_up_among_many_columns(container):
    cells = np.zeros((500, 40))
    cells[::100] = 1.0
    cells[:, 0] = np.arange(500) % 2
    wide, narrow = (encode(container(part)) for part in (cells, cells[:, :30]))
    if sparse.issparse(wide):
        wide, narrow = wide.toarray(), narrow.toarray()

    assert_allclose(np.ptp(wide[:, 0]), 2)
    assert_allclose(np.ptp(wide[:, 1]), 6**0.5, rtol=0.02)
    assert_allclose(np.ptp(narrow[:, 1]), 0.0099**-0.5)


def test_rare_levels_are_not_blown_up_among_many_columns():
    cells = pd.DataFrame({f"x{j}": ["no"] * 495 + ["yes"] * 5 for j in range(40)})
    number = np.repeat([0.0, 1.0], [495, 5])[:, np.newaxis] * np.ones(40)

    heights = encode(cells).max(axis=0)

    assert_allclose(heights, np.ptp(encode(number)[:, 0]) / 2**0.5)
    assert_allclose(encode(cells.iloc[:, :30]).max(axis=0), (0.5 / 0.0099) ** 0.5)


# Sparse


@PROPERTY
@given(
    st.integers(2, 20).flatmap(
        lambda n: st.lists(
            st.lists(
                st.sampled_from([0.0, 0.0, 1.0, -2.5, 300.0]), min_size=3, max_size=3
            ),
            min_size=n,
            max_size=n,
        )
    ),
    st.booleans(),
)
def test_sparse_equals_dense_up_to_a_shift_of_each_column(rows, scale_inputs):
    X = np.array(rows)
    encoded = encode(sparse.csr_array(X), scale_inputs=scale_inputs)

    assert encoded.format == "csr"
    shift = encode(X, scale_inputs=scale_inputs) - encoded.toarray()
    assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=1e-9)
    assert_array_equal(encoded.toarray() != 0, X != 0)


# Chunks


@pytest.mark.parametrize("cells", [13 * 9, 1])
@pytest.mark.parametrize("container", CONTAINERS)
def test_chunks_are_encoded_as_the_whole(container, cells, monkeypatch):
    X = CONTAINERS[container]()
    whole_encoder = FeatureEncoder().fit(X, np.linspace(1, 2, X.shape[0]))
    whole = dense(whole_encoder, X)

    monkeypatch.setattr(_features, "CELLS_AT_ONCE", cells)
    encoder = FeatureEncoder().fit(X, np.linspace(1, 2, X.shape[0]))

    assert encoder.feature_names_out_ == whole_encoder.feature_names_out_
    assert_allclose(dense(encoder, X), whole, rtol=1e-5, atol=1e-6)


def test_column_may_have_no_number_in_a_whole_chunk(monkeypatch):
    X = some_numbers(gaps=False)
    X[:10, 1], X[20:30, 2], X[40:, 3] = np.nan, np.nan, np.nan
    whole = encode(X)

    monkeypatch.setattr(_features, "CELLS_AT_ONCE", 10 * X.shape[1])

    assert_allclose(encode(X), whole, atol=1e-9)


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_row_is_encoded_the_same_alone(container):
    X = CONTAINERS[container]()
    encoder = FeatureEncoder().fit(X, np.ones(X.shape[0]))
    whole = dense(encoder, X)

    for row in (0, 7, 20):
        alone = dense(encoder, take_rows(X, np.array([row])))
        assert_array_equal(alone, whole[[row]])


# Errors


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
@pytest.mark.parametrize("container", ["array", "float32", "pandas", "polars", "csr"])
def test_infinity_is_refused_with_its_column(container, bad):
    X = some_numbers(gaps=False)
    X[11, 2], X[12, 3] = bad, np.nan if container != "csr" else 0.0
    name = "'c'" if container in ("pandas", "polars") else "2"
    table = {
        "array": lambda: X,
        "float32": lambda: X.astype(np.float32),
        "pandas": lambda: pd.DataFrame(X, columns=list("abcd")),
        "polars": lambda: pl.DataFrame(X, schema=list("abcd")),
        "csr": lambda: sparse.csr_array(X),
    }[container]()
    finite = take_rows(table, slice(0, 11))

    for fit_on, passed in ((table, table), (finite, table)):
        with pytest.raises(
            ValueError, match=rf"infinity: column {name} holds {bad}\. Repl"
        ):
            encode(fit_on, passed)


def test_large_numbers_whose_sum_overflows_are_fine():
    X_new = np.full((4, 4), 1e308)

    assert np.isfinite(encode(some_numbers(gaps=False), X_new)[:, 3]).all()


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_string_in_a_column_of_numbers_is_refused(make):
    X, X_new = make({"age": [1.0, 2.0]}), make({"age": ["1", "old"]})

    with pytest.raises(ValueError, match="'age' of X holds 'old', which is no number"):
        encode(X, X_new)


def test_type_that_cannot_be_read_is_refused():
    X = pd.DataFrame({"age": [1.0], "since": pd.to_timedelta(["1D"])})

    with pytest.raises(TypeError, match=r"'since' has the type Duration.*Drop it"):
        encode(X)


def test_name_that_stands_twice_is_refused():
    X = pd.DataFrame([[1.0, 2.0]], columns=["a", "a"])

    with pytest.raises(ValueError, match="'a' stands more than once"):
        encode(X)


def test_cell_that_cannot_be_hashed_is_refused():
    X = pd.DataFrame({"tags": [["x"], ["y", "z"]]})

    with pytest.raises(TypeError, match=r"Column 'tags' holds \['x'\], a list"):
        encode(X)


def test_gaps_of_a_sparse_matrix_are_refused():
    X = sparse.csr_array(np.array([[0.0, 1.0], [2.0, np.nan]]))
    finite = sparse.csr_array(np.eye(2))

    for fit_on in (X, finite):
        with pytest.raises(ValueError, match=r"NaN in the sparse column 1.*fill them"):
            encode(fit_on, X)


@pytest.mark.filterwarnings("error")
def test_constant_and_empty_columns_do_no_harm():
    X = np.column_stack([np.full(6, 0.1), np.full(6, np.nan), np.arange(6)])

    encoded = encode(X)

    z = StandardScaler().fit_transform(np.arange(6.0)[:, None])[:, 0]
    expected = np.column_stack([np.zeros(6), np.zeros(6), z, np.ones(6)])
    assert_allclose(encoded, expected, atol=1e-12)


@pytest.mark.parametrize("value", [1e9, 1.70000012e18, 1e20, 1e25])
def test_constant_column_says_nothing_however_large_and_whatever_comes_later(value):
    X = np.column_stack([np.arange(60.0), np.full(60, value)])
    X_new = X + np.array([0.0, 1e6])

    assert_array_equal(encode(X)[:, 1], 0.0)
    assert_array_equal(encode(X, X_new)[:, 1], 0.0)


def test_pipeline_of_scikit_learn_gives_the_same_for_numbers_alone():
    X = some_numbers()
    pipeline = make_pipeline(
        StandardScaler(),
        SimpleImputer(strategy="constant", fill_value=0.0, add_indicator=True),
    )

    assert_allclose(encode(X), pipeline.fit_transform(X), atol=1e-12)


def test_a_sparse_matrix_is_encoded_as_the_dense_table_that_fit_saw():
    X = np.array([[1.0, 0.0], [3.0, 0.0], [np.nan, 4.0]])
    encoder = FeatureEncoder().fit(X, np.ones(3))
    later = np.array([[0.0, 2.0], [5.0, 0.0]])
    assert_allclose(
        encoder.transform(sparse.csr_matrix(later)), encoder.transform(later)
    )


@pytest.mark.parametrize("is_sparse", [False, True])
def test_numbers_beyond_what_a_network_computes_with_are_cut_off(is_sparse):
    X = 1e-9 * np.random.default_rng(0).normal(size=(30, 2))
    far = np.array([[1e300, -1e300], [0.0, 1e-9]])
    if is_sparse:
        X, far = sparse.csr_matrix(X), sparse.csr_matrix(far)
    encoder = FeatureEncoder().fit(X, np.ones(30))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = encoder.transform(far, np.float32)

    found = found.toarray() if is_sparse else found
    assert np.isfinite(found).all()
    assert found[0, 0] > 1e17
    assert found[0, 1] < -1e17
    assert (np.abs(found[1]) < 5).all()
