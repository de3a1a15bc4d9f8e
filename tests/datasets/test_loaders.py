"""Loaders: the tables are what their descriptions say."""

from importlib import resources

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mtl.datasets import load_energy_efficiency, load_student_performance

LOADERS = {
    load_student_performance: (649, 25, 8),
    load_energy_efficiency: (768, 8, 2),
}


@pytest.mark.parametrize("loader", LOADERS)
def test_bunch_holds_what_scikit_learn_bunches_hold(loader):
    bunch = loader()
    n, d, t = LOADERS[loader]

    assert bunch.data.shape == (n, d)
    assert bunch.target.shape == (n, t)
    assert len(bunch.feature_names) == d
    assert len(bunch.target_names) == t
    assert list(bunch.task_types) == bunch.target_names
    assert bunch.frame is None
    assert (resources.files(bunch.data_module) / bunch.filename).is_file()


@pytest.mark.parametrize("loader", LOADERS)
def test_description_names_source_licence_and_every_column(loader):
    bunch = loader()

    assert "https://archive.ics.uci.edu/dataset/" in bunch.DESCR
    assert "CC BY 4.0" in bunch.DESCR
    for name in bunch.feature_names + bunch.target_names:
        assert f"    - {name} " in bunch.DESCR


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("as_frame", [False, True])
def test_return_X_y_gives_data_and_target(loader, as_frame):
    if as_frame:
        pytest.importorskip("pandas")
    bunch = loader(as_frame=as_frame)
    X, y = loader(return_X_y=True, as_frame=as_frame)

    assert type(X) is type(bunch.data)
    assert_array_equal(np.asarray(X), np.asarray(bunch.data))
    assert_array_equal(np.asarray(y), np.asarray(bunch.target))


@pytest.mark.parametrize("loader", LOADERS)
def test_frame_and_array_hold_the_same_values(loader):
    pytest.importorskip("pandas")
    arrays, frames = loader(), loader(as_frame=True)

    assert frames.frame.columns.to_list() == frames.feature_names + frames.target_names
    assert frames.data.columns.to_list() == frames.feature_names
    assert frames.target.columns.to_list() == frames.target_names
    assert not frames.frame.isna().any(axis=None)
    for j, name in enumerate(arrays.feature_names):
        assert_array_equal(arrays.data[:, j], frames.data[name].to_numpy())
    for j, name in enumerate(arrays.target_names):
        assert_array_equal(arrays.target[:, j], frames.target[name].to_numpy())


def test_student_targets_have_the_dtype_of_their_kind():
    pytest.importorskip("pandas")
    student = load_student_performance(as_frame=True)

    for name, kind in student.task_types.items():
        column = student.target[name]
        if kind == "regression":
            assert column.dtype == np.float64
            assert column.between(0, 20).all()
        else:
            assert column.dtype == "category"
            assert column.cat.ordered == (kind == "ordinal")
            # No category that no student has.
            assert set(column) == set(column.cat.categories)
    assert student.target["Dalc"].cat.categories.to_list() == [1, 2, 3, 4, 5]
    assert student.target["higher"].cat.categories.to_list() == ["no", "yes"]


def test_student_features_are_numbers_or_categories_that_occur():
    pytest.importorskip("pandas")
    X = load_student_performance(as_frame=True).data
    categories = X.select_dtypes("category")

    assert categories.shape[1] == 14
    assert (X.drop(columns=categories.columns).dtypes == np.float64).all()
    for name in categories:
        assert set(X[name]) == set(X[name].cat.categories)


def test_student_grades_have_the_published_means():
    target = load_student_performance().target
    assert_allclose(
        target[:, :3].mean(axis=0).astype(float), [11.40, 11.57, 11.91], atol=5e-3
    )


def test_mixed_table_keeps_numbers_and_labels_apart_in_an_array():
    student = load_student_performance()

    assert student.data.dtype == object
    assert student.target.dtype == object
    types = {
        n: type(v) for n, v in zip(student.target_names, student.target[0], strict=True)
    }
    assert (types["G1"], types["Dalc"], types["higher"]) == (float, int, str)


def test_energy_features_bear_their_own_names():
    """The identities of the twelve shapes hold only for the right names."""
    energy = load_energy_efficiency()
    column = dict(zip(energy.feature_names, energy.data.T, strict=True))

    assert energy.data.dtype == energy.target.dtype == np.float64
    assert_allclose(
        column["surface_area"], column["wall_area"] + 2 * column["roof_area"]
    )
    volume = 771.75
    assert_allclose(
        column["relative_compactness"],
        6 * volume ** (2 / 3) / column["surface_area"],
        atol=5e-3,
    )
    assert_array_equal(np.unique(column["orientation"]), [2, 3, 4, 5])
    # A building has no window in any direction, or some in one of five manners.
    assert_array_equal(
        column["glazing_area"] == 0, column["glazing_area_distribution"] == 0
    )


@pytest.mark.parametrize("loader", LOADERS)
def test_loader_refuses_what_is_no_boolean(loader):
    with pytest.raises(ValueError, match=r"'as_frame' parameter .* Got 'yes' instead"):
        loader(as_frame="yes")
