"""MLflow logs and loads fitted estimators, by skops and at its defaults."""

import pytest
from sklearn.pipeline import make_pipeline

from sklearn_mtl import MultiTaskNetRegressor
from sklearn_mtl.io import TRUSTED_TYPES
from tests.io.models import MODELS, SMALL, assert_same, numbers

pytest.importorskip("skops", reason="skops is not installed")
mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    yield
    mlflow.sklearn.autolog(disable=True)


def test_a_logged_net_predicts_as_before():
    net, X, _ = MODELS["frame"]()
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            net, name="net", skops_trusted_types=TRUSTED_TYPES, pip_requirements=[]
        )
    again = mlflow.sklearn.load_model(logged.model_uri)
    assert_same(again.predict(X), net.predict(X))


def test_autolog_logs_a_pipeline():
    X, y = numbers()
    mlflow.sklearn.autolog(log_models=False, silent=True)
    with mlflow.start_run() as run:
        pipe = make_pipeline(MultiTaskNetRegressor(**SMALL)).fit(X, y)
    found = mlflow.get_run(run.info.run_id).data
    assert found.metrics["training_score"] == pytest.approx(pipe.score(X, y))
    assert found.params["multitasknetregressor__hidden_layer_sizes"] == "(8,)"
