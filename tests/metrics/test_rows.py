"""Scorers of whole rows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV

from sklearn_mtl import MultiTaskNetClassifier, MultiTaskNetEstimator
from sklearn_mtl.metrics import (
    exact_match_score,
    hamming_score,
    label_ranking_average_precision_score,
    make_task_scorer,
    precision_at_k_score,
    row_roc_auc_score,
    task_scorers,
)
from tests.metrics.helpers import SMALL

CLASSES = ["sold", "city", "grade"]


@pytest.fixture(scope="module")
def tags():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 4))
    y = pd.DataFrame((X + rng.normal(size=X.shape) > 0.3).astype(float))
    return X, y.mask(rng.random(y.shape) < 0.2).add_prefix("tag")


@pytest.fixture(scope="module")
def tagger(tags):
    return MultiTaskNetClassifier(**SMALL).fit(*tags)


def test_matches_are_those_of_the_functions(table, net, label_weight):
    X, y = table
    predicted = pd.DataFrame(net.predict(X), columns=y.columns)[CLASSES]
    kinds = dict(zip(y, net.tasks_, strict=True))
    kinds = {name: kinds[name] for name in CLASSES}
    weight = label_weight[:, [y.columns.get_loc(name) for name in CLASSES]]
    for name, score in (("exact_match", exact_match_score), ("hamming", hamming_score)):
        scorer = make_task_scorer(name)  # of the class columns
        wanted = score(y[CLASSES], predicted, task_types=kinds)
        assert 0 < wanted < 1
        assert scorer(net, X, y) == pytest.approx(wanted)
        assert make_task_scorer(name, CLASSES)(net, X, y) == pytest.approx(wanted)
        weighted = score(y[CLASSES], predicted, task_types=kinds, sample_weight=weight)
        assert scorer(net, X, y, label_weight) == pytest.approx(weighted)
    only = make_task_scorer("exact_match", "sold")(net, X, y)
    assert only == pytest.approx(make_task_scorer("accuracy", "sold")(net, X, y))


def test_rankings_are_those_of_the_functions(tags, tagger):
    X, y = tags
    probabilities = tagger.predict_proba(X)
    functions = {
        "label_ranking_average_precision": label_ranking_average_precision_score,
        "row_roc_auc": row_roc_auc_score,
        "precision_at_k": precision_at_k_score,
    }
    for name, score in functions.items():
        kwargs = {"k": 2} if name == "precision_at_k" else {}
        found = make_task_scorer(name, **kwargs)(tagger, X, y)
        assert found == pytest.approx(score(y, probabilities, **kwargs))


def test_other_estimators_and_searches(tags):
    X, y = tags[0], tags[1].fillna(0).astype(int).to_numpy()
    forest = RandomForestClassifier(5, random_state=0)
    scorer = make_task_scorer("precision_at_k", k=1)
    search = GridSearchCV(forest, {"max_depth": [1, 2]}, scoring=scorer, cv=2).fit(X, y)
    assert 0.3 < search.best_score_ < 1
    probabilities = search.predict_proba(X)
    assert scorer(search, X, y) == precision_at_k_score(y, probabilities, k=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"tasks": "price"}, "'exact_match' is one of classes, and column 'price'"),
        ({"metric": "row_roc_auc", "tasks": ["sold", "city"]}, "two classes.*'city'"),
        ({"average": "min"}, "average='min', but metric='exact_match' is one number"),
        ({"metric": "precision_at_k", "k": 0}, "k=0"),
    ],
)
def test_scorers_that_do_not_fit_are_refused(table, net, arguments, words):
    with pytest.raises(ValueError, match=words):
        make_task_scorer(**{"metric": "exact_match"} | arguments)(net, *table)


def test_there_is_no_score_of_a_row_for_a_column(table, tags):
    with pytest.raises(ValueError, match=r"no score a column\. Pass a metric of"):
        task_scorers("hamming")
    with pytest.raises(TypeError, match="j=3 is no argument of metric='hamming'"):
        make_task_scorer("hamming", j=3)
    with pytest.raises(ValueError, match="each column is scored by itself"):
        MultiTaskNetEstimator(**SMALL, scoring="exact_match").fit(*tags)


def test_probabilities_are_needed_for_ranks(tags):
    X, y = tags[0], tags[1].fillna(0).astype(int).to_numpy()
    from sklearn.linear_model import RidgeClassifier

    ridge = RidgeClassifier().fit(X, y)
    with pytest.raises(ValueError, match="has predict_proba, or another metric"):
        make_task_scorer("row_roc_auc")(ridge, X, y)
    assert make_task_scorer("hamming")(ridge, X, y) > 0.5
