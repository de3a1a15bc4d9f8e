"""The page that describes a fitted estimator."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from sklearn_mtl import MultiTaskNetEstimator, MultiTaskNetRegressor
from sklearn_mtl.inspection import ModelCard, compare_single_task, model_card
from sklearn_mtl.inspection._card_scores import name_of_score
from sklearn_mtl.tasks import Censored, Regression, Survival
from tests.helpers import homes, sales_of

TINY = {
    "hidden_layer_sizes": (8,),
    "n_members": 2,
    "max_iter": 3,
    "learning_rate_init": 0.02,
    "random_state": 0,
}
EVIL = "<script>alert('a|b')</script> [x](y)"


class Honest(Regression):
    def score(self, labels, predictions, sample_weight=None):
        return 0.25


@pytest.fixture(scope="module")
def table():
    X = homes()
    y = sales_of(X)
    y[EVIL] = np.where(np.arange(len(X)) % 60, "often", "<b>rare</b>")
    y["flat"] = 3.0
    y.loc[y.index[::4], "price"] = np.nan
    return X, y


@pytest.fixture(scope="module")
def net(table):
    params = {"max_categories": 3, "calibrate": False, "own_nets": "never"}
    return MultiTaskNetEstimator(**TINY, **params).fit(*table)


@pytest.fixture(scope="module")
def card(net, table):
    return model_card(net, table[1], n_resamples=50)


def cells(card, section):
    (table,) = [b for b in card.sections[section] if hasattr(b, "header")]
    return {row[0]: dict(zip(table.header, row, strict=True)) for row in table.rows}


def test_columns_of_y_with_their_labels(card):
    data = cells(card, "Data")

    assert data["price"]["labels"] == "90"
    assert data["sold"]["labels"] == "120"
    assert data["sold"]["kind"] == "binary"
    assert data["sold"]["classes"].startswith("no (")
    assert "6 columns of X: 3 numbers, 3 categories" in card.sections["Data"][0]


def test_scores_are_those_of_held_out_rows(card, net, table):
    scores = cells(card, "Scores")
    predicted = net.oof_predictions_["sold"]
    held_out = predicted.notna().to_numpy()
    known = (table[1]["sold"].to_numpy() == predicted.to_numpy())[held_out]

    assert scores["sold"]["score"] == "accuracy"
    assert float(scores["sold"]["value"]) == pytest.approx(known.mean(), abs=6e-4)
    assert scores["sold"]["labels"] == held_out.sum() < len(held_out)
    low, high = map(float, scores["sold"]["interval"].split(" to "))
    assert low < known.mean() < high
    error = 1.96 * np.sqrt(known.var() / len(known))
    assert high - low == pytest.approx(2 * error, rel=0.5)
    assert f"{net.oof_score_:.3f}" in card.sections["Scores"][0]
    assert "draws of rows" in card.sections["Scores"][1]


def test_scores_of_fresh_rows_and_weights(net, table):
    X, y = table
    weight = np.zeros(len(X))
    weight[:40] = 1.0

    card = model_card(net, y, X=X, sample_weight=weight, n_resamples=2)

    expected = net.named_estimators_["sold"].score(X[:40], y["sold"][:40])
    assert float(cells(card, "Scores")["sold"]["value"]) == pytest.approx(
        expected, abs=6e-4
    )
    assert cells(card, "Scores")["sold"]["labels"] == 40


def test_what_misleads_is_said(card):
    (said,) = card.sections["Warnings about the data"]
    text = " ".join(said)

    assert "'flat' of y held one value only" in text
    assert "only 1.7% of the labels are '<b>rare</b>'" in text
    assert "Column 'street' of X has 6 rare categories" in text


def test_shrinkage_and_gaps_are_said():
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = np.random.default_rng(1).normal(size=60)
    X[:40, 0], X[:, 1] = np.nan, 1.0
    net = MultiTaskNetRegressor(**TINY, early_stopping=False).fit(X, y)
    net.shrinkage_ = np.array([0.25])

    (said,) = model_card(net).sections["Warnings about the data"]
    assert said == [
        "Column 0 of y did not beat its prior on held-out rows: predictions go 25% of "
        "the way from it.",
        "Column '1' of X did not vary, and is not read.",
        "Column '0' of X lacked 67% of its cells.",
        "No rows of the table were held out: nothing was calibrated on them.",
    ]


def test_names_are_escaped(card):
    html, markdown = card._repr_html_(), str(card)

    for text in (html, markdown):
        assert "<script>" not in text
        assert "<b>" not in text
        assert "&lt;script&gt;" in text
    assert "\\[x\\](y)" in markdown
    widths = {
        line.replace("\\|", "").count("|")
        for line in markdown.splitlines()
        if "script" in line and line.startswith("|")
    }
    assert widths == {6, 8}  # a name adds no cells
    assert markdown == card.to_markdown() == card._repr_markdown_()
    assert "Versions" in repr(card)


def test_sections_are_the_authors_to_write(net):
    card = model_card(net)
    card.sections["Intended use"] = "Flats <here>."
    card.sections["Contact"] = [["a", "b"], "c"]

    assert "## Intended use\n\nFlats &lt;here&gt;.\n" in str(card)
    assert "## Contact\n\n- a\n- b\n\nc\n" in str(card)
    assert "<ul><li>a</li><li>b</li></ul><p>c</p>" in card.to_html()

    card.sections["Contact"] = [["a", 1], 2.5, None]
    card.sections["Rows"] = 3
    assert "## Contact\n\n- a\n- 1\n\n2.5\n\nNone\n\n## Rows\n\n3\n" in str(card)
    assert "<li>1</li></ul><p>2.5</p><p>None</p>" in card.to_html()


def test_marks_of_markdown_are_escaped():
    marks = "~~a~~ $b$ `c` *d* _e_ [f](g) | <h>"
    (line,) = (text for text in str(ModelCard(marks, {})).split("\n") if text)

    assert line == (
        "# \\~\\~a\\~\\~ \\$b\\$ \\`c\\` \\*d\\* \\_e\\_ \\[f\\](g) \\| &lt;h&gt;"
    )


def test_changed_parameters(card):
    changed = cells(card, "Parameters")

    assert changed["max_categories"]["value"] == "3"
    assert "dropout" not in changed


def test_verdicts_on_sharing(net, table):
    X, y = table
    comparison = compare_single_task(
        MultiTaskNetEstimator(**TINY), X, y[["price", "sold"]], cv=2
    )

    card = model_card(net, comparison=comparison)

    found = cells(card, "Sharing")
    assert [row["sharing"] for row in found.values()] == comparison.verdict
    assert card.sections["Sharing"][0] == "All columns share one network."


def test_works_without_pandas_and_for_own_scores(monkeypatch):
    X = np.random.default_rng(0).normal(size=(60, 3))
    net = MultiTaskNetEstimator(**TINY, task_types=Honest()).fit(X, X[:, 0])
    monkeypatch.setitem(sys.modules, "pandas", None)

    card = model_card(net, X[:, 0], n_resamples=3)

    (row,) = cells(card, "Scores").values()
    assert row["score"] == "score of Honest"
    assert row["value"] == "0.250"
    assert row["interval"] == ""  # all draws say the same: they know nothing


def test_cards_that_cannot_be_written(net, table):
    X, y = table
    with pytest.raises(TypeError, match="LinearRegression"):
        model_card(LinearRegression())
    with pytest.raises(ValueError, match="y has 119 rows"):
        model_card(net, y[1:])
    with pytest.raises(ValueError, match="X and y of the same rows"):
        model_card(net, y[1:], X=X)
    with pytest.raises(ValueError, match="'sold' stands where"):
        model_card(net, y[["sold", "price", EVIL, "flat"]])
    with pytest.raises(ValueError, match="X is passed without y"):
        model_card(net, X=X)
    with pytest.raises(TypeError, match="compare_single_task"):
        model_card(net, comparison=pd.DataFrame())
    with pytest.raises(ValueError, match="confidence"):
        model_card(net, confidence=1.5)
    plain = MultiTaskNetRegressor(**TINY, early_stopping=False).fit(X, y["flat"])
    with pytest.raises(ValueError, match="no rows were held out"):
        model_card(plain, y["flat"])


def test_scores_that_are_neither_r2_nor_accuracy_are_named():
    class Strict(Censored):
        def score(self, labels, predictions, sample_weight=None):
            return 0.0

    kinds = (Regression(), Censored(), Survival(), Strict())
    assert [name_of_score(kind) for kind in kinds] == [
        "R²",
        "R² by distances to bounds",
        "concordance",
        "score of Strict",
    ]
