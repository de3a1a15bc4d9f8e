"""Searches on the workers of dask and of ray, which the tests start themselves."""

import os
import signal
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline
from skorch.callbacks import Callback

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.model_selection import StackedGridSearchCV

SMALL = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 3,
    "own_nets": "never",
    "random_state": 0,
}
GRID = {"alpha": [0.001, 0.1], "dropout": [0.0, 0.2]}


class EndsAWorker(Callback):
    """End the process that trains, the first time that a file is there."""

    def __init__(self, mark):
        self.mark = mark

    def on_train_begin(self, net, **kwargs):
        try:
            Path(self.mark).unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


class EndsItsWorker(TransformerMixin, BaseEstimator):
    """End the process that fits, the first time that a file is there."""

    def __init__(self, mark=""):
        self.mark = mark

    def fit(self, X, y=None):
        if self.mark:
            EndsAWorker(self.mark).on_train_begin(None)
        return self

    def transform(self, X):
        return X


def table():
    X = np.random.default_rng(0).normal(size=(120, 4))
    return X, np.column_stack([X[:, 0], X[:, 0] + X[:, 1] ** 2])


def search(**how):
    net = MultiTaskNetRegressor(**SMALL, **how)
    return GridSearchCV(net, GRID, cv=2, n_jobs=2, refit=False)


def stacked(mark="", n_jobs=2):
    """Search whose candidates are stacks; one batch an epoch, so that it is exact."""
    net = MultiTaskNetRegressor(**SMALL, dropout=0.0, batch_size=200)
    pipeline = Pipeline([("before", EndsItsWorker(mark)), ("net", net)])
    grid = {"net__alpha": [0.001, 0.1], "net__learning_rate_init": [0.001, 0.1]}
    return StackedGridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs, refit=False)


def scores(found):
    return found.cv_results_["mean_test_score"]


@pytest.fixture(scope="module")
def alone():
    return scores(search().set_params(n_jobs=1).fit(*table()))


@pytest.fixture(scope="module")
def stacked_alone():
    return scores(stacked(n_jobs=1).fit(*table()))


@pytest.fixture(scope="module")
def dask_workers():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
    ):
        yield


@pytest.fixture(scope="module")
def ray_workers():
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    quiet = {"include_dashboard": False, "log_to_driver": False}
    ray.init(num_cpus=2, logging_level="ERROR", **quiet)
    register_ray()
    yield
    ray.shutdown()


@pytest.mark.usefixtures("dask_workers")
def test_dask(alone):
    with joblib.parallel_config("dask"):
        found = search().fit(*table())
        folds = cross_validate(MultiTaskNetRegressor(**SMALL), *table(), cv=2)
    np.testing.assert_array_equal(scores(found), alone)
    assert np.isfinite(folds["test_score"]).all()


@pytest.mark.usefixtures("dask_workers")
def test_dask_goes_on_where_a_worker_was_killed(alone, tmp_path):
    mark = tmp_path / "mark"
    mark.touch()
    with joblib.parallel_config("dask"):
        found = search(callbacks=[EndsAWorker(str(mark))]).fit(*table())
    assert not mark.exists()
    np.testing.assert_array_equal(scores(found), alone)


@pytest.mark.usefixtures("dask_workers")
@pytest.mark.parametrize("is_killed", [False, True])
def test_dask_trains_stacks(stacked_alone, tmp_path, is_killed):
    mark = tmp_path / "mark"
    mark.touch()
    with joblib.parallel_config("dask"):
        found = stacked(str(mark) if is_killed else "").fit(*table())
    assert mark.exists() == (not is_killed)
    np.testing.assert_allclose(scores(found), stacked_alone, atol=1e-5)


@pytest.mark.usefixtures("dask_workers")
def test_partitions_of_a_dask_frame():
    pd = pytest.importorskip("pandas")
    dataframe = pytest.importorskip("dask.dataframe")
    X, y = table()
    columns = [*"abcd", "price", "load"]
    frame = pd.DataFrame(np.hstack([X, y]), columns=columns)
    parts = dataframe.from_pandas(frame, npartitions=4).to_delayed()

    def read():
        for part in parts:
            rows = part.compute()
            yield rows[columns[:4]], rows[columns[4:]]

    net = MultiTaskNetRegressor(**SMALL).fit_batches(read, rows_in_memory=50)
    assert net.predict(frame[columns[:4]]).columns.tolist() == columns[4:]


@pytest.mark.usefixtures("ray_workers")
def test_ray(alone):
    with joblib.parallel_config("ray"):
        found = search().fit(*table())
    np.testing.assert_array_equal(scores(found), alone)


@pytest.mark.usefixtures("ray_workers")
def test_ray_trains_stacks(stacked_alone):
    with joblib.parallel_config("ray"):
        found = stacked().fit(*table())
    np.testing.assert_allclose(scores(found), stacked_alone, atol=1e-5)
