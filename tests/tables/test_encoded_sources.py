"""Which column of X each encoded feature comes from, and the mean row."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_mtl.tables import FeatureEncoder, mean_features, sources_of_features
from tests.helpers import homes


def with_dates():
    X = homes(60)
    dates = pd.Series(pd.date_range("2024-01-01", periods=60, freq="9D"), X.index)
    X.insert(1, "sold", dates.mask(np.arange(60) % 7 == 0))
    return X


@pytest.mark.parametrize("scale_inputs", [True, False])
@pytest.mark.parametrize("container", ["frame", "array", "sparse"])
def test_sources_and_mean(container, scale_inputs):
    X = with_dates()
    if container != "frame":
        X = X[["rooms", "garden"]].to_numpy(dtype=float)
        X = sparse.csr_matrix(X) if container == "sparse" else X
    encoder = FeatureEncoder(scale_inputs=scale_inputs).fit(X, np.ones(60))

    sources = sources_of_features(encoder)

    names = [str(name) for name in encoder.column_names_]
    assert len(sources) == len(encoder.feature_names_out_)
    for name, source in zip(encoder.feature_names_out_, sources, strict=True):
        assert name.startswith(names[source])
    encoded = encoder.transform(X, np.float64)
    encoded = encoded.toarray() if sparse.issparse(encoded) else encoded
    # In float64: sums of some hundred numbers of size 1000 are exact to 1e-12.
    assert np.allclose(mean_features(encoder), encoded.mean(axis=0), atol=1e-9)
