"""Faults that are planted in a table are found, and nothing is found elsewhere."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from sklearn_mtl.datasets import make_multitask
from sklearn_mtl.inspection import check_columns

N_ROWS = 240
GROUPS = np.repeat(np.arange(N_ROWS // 4), 4)


@pytest.fixture
def table():
    """Two numbers and a class that X says something of, a tenth of labels missing."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(N_ROWS, 4)), columns=list("abcd"))
    X["town"] = rng.choice(["Ely", "Ayr", "Rye"], N_ROWS)
    y = pd.DataFrame(
        {
            "price": X["a"] + rng.normal(size=N_ROWS),
            "sold": np.where(X["b"] + rng.normal(size=N_ROWS) > 0, "yes", "no"),
            "size": X["a"] - X["c"] + rng.normal(size=N_ROWS),
        }
    )
    return X, y.mask(rng.random(y.shape) < 0.1)


def found(X, y, groups=None, **kwargs):
    return {
        (finding.check, finding.column): finding
        for finding in check_columns(X, y, groups, **kwargs)
    }


def test_clean_tables_are_clean(table):
    for groups in (None, GROUPS):
        assert str(check_columns(*table, groups)) == "Nothing was found."
    X, y = make_multitask(
        300, n_tasks=["regression", "binary", "multiclass"], missing=0.4, random_state=0
    )
    kinds = {2: "multiclass"}
    assert len(check_columns(X, y, task_types=kinds)) == 0
    assert len(check_columns(sparse.csr_matrix(X), y, task_types=kinds)) == 0
    assert len(check_columns(X.tolist(), y, task_types=kinds)) == 0


@pytest.mark.parametrize(
    "leak",
    [
        lambda y: 7 - 3 * y["price"],
        lambda y: np.exp(y["price"]),
        lambda y: y["price"].rank() + 0.001,
        lambda y: y["price"].fillna(-1e6),
    ],
)
@pytest.mark.parametrize("groups", [None, GROUPS])
def test_a_column_of_X_that_gives_a_number_away(table, leak, groups):
    X, y = table
    [finding] = check_columns(X.assign(later=leak(y)), y, groups)
    assert (finding.check, finding.table) == ("leak", "y")
    assert (finding.column, finding.other) == ("price", "later")
    assert 0.98 <= finding.value <= 1
    assert "X.drop(columns=['later'])" in finding.answer


def test_a_column_of_X_that_gives_a_class_away(table):
    X, y = table
    paid = (y["sold"] == "yes").astype(float)
    [finding] = check_columns(X.assign(paid=paid), y).of("leak")
    assert (finding.column, finding.other, finding.value) == ("sold", "paid", 1.0)
    words = y["sold"].map({"yes": "paid", "no": "open"})
    [finding] = check_columns(X.assign(state=words), y).of("leak")
    assert finding.other == "state"


def test_columns_of_y_that_say_the_same_are_told_of_once(table):
    X, y = table
    y = y.assign(euros=1.1 * y["price"] + 0.01)
    [finding] = check_columns(X, y)
    assert {finding.column, finding.other} == {"price", "euros"}
    assert "derive the other" in finding.answer


def test_columns_that_are_said_to_belong_together_tell_each_other(table):
    X, y = table
    street = y["sold"] + " " + np.where(X["d"] > 0, "north", "south")
    y = y.assign(street=street.where(y["sold"].notna()))
    assert found(X, y).keys() == {("leak", "sold")}
    assert not found(X, y, task_types={("sold", "street"): "class_tree"})


def test_what_says_much_but_not_all_is_no_leak(table):
    X, y = table
    noise = 0.35 * np.random.default_rng(1).normal(size=N_ROWS)
    assert not found(X.assign(hint=y["price"] / y["price"].std() + noise), y)
    rare = np.zeros(N_ROWS)
    rare[[5, 50, 90, 130, 170]] = 1.0  # the like of which a few rows have by chance
    assert not check_columns(X, y.assign(a=rare, b=rare)).of("leak")
    rare[180:200] = 1.0
    assert check_columns(X, y.assign(a=rare, b=rare)).of("leak")


@pytest.mark.parametrize(
    "name", [lambda g: g, lambda g: np.char.add("g", g.astype(str))]
)
def test_a_column_that_names_the_groups(table, name):
    X, y = table
    X = X.assign(id=name(np.asarray(GROUPS)))

    finding = found(X, y, GROUPS)["group", "id"]

    assert "Drop it" in finding.answer
    assert ("group", "id") not in found(X, y)
    assert ("group", "id") not in found(X, y, np.arange(len(X)))


def test_rows_that_stand_in_several_groups(table):
    X, y = table
    twice = X.copy()
    twice.iloc[:40] = X.iloc[200:].to_numpy()
    finding = found(twice, y, GROUPS)["duplicates", None]
    assert finding.value == pytest.approx(80 / N_ROWS)
    assert "another group" in finding.message
    within = np.where(GROUPS >= 50, GROUPS - 50, GROUPS)
    assert ("duplicates", None) not in found(twice, y, within)
    assert "groups=" in found(twice, y)["duplicates", None].answer
    few = pd.DataFrame({"a": [0, 1, 2, 3] * 60, "b": [0, 1] * 120})
    shuffled = few.sample(frac=1, random_state=0).reset_index(drop=True)
    shuffled["b"] = few["b"]
    assert not found(shuffled, y)


def test_labels_that_are_missing_where_X_says_so(table):
    X, y = table
    y = y.assign(price=y["price"].mask(X["d"] > 0.3))
    finding = found(X, y)["gaps", "price"]
    assert finding.value > 0.9
    assert "AUC" in finding.message
    assert "sample_weight" in finding.answer
    random = y["size"].mask(np.random.default_rng(2).random(N_ROWS) < 0.5)
    assert ("gaps", "size") not in found(X, y.assign(size=random))


def test_kinds_that_hang_on_a_few_labels(table):
    X, y = table
    counts = np.random.default_rng(0).integers(0, 2, N_ROWS).astype(float)
    counts[[3, 90]] = [2, 3]
    y = y.assign(visits=counts)
    finding = found(X, y)["kind", "visits"]
    assert finding.value == 2
    assert "'count'" in finding.answer
    assert ("kind", "visits") not in found(X, y, task_types={"visits": "count"})
    counts[100:140] = 2
    assert ("kind", "visits") not in found(X, y.assign(visits=counts))
    by_group = np.where(GROUPS == 0, 2.0, y["visits"].clip(upper=1))
    assert found(X, y.assign(visits=by_group), GROUPS)["kind", "visits"].value == 1


def test_strings_that_are_numbers_dates_or_missing(table):
    X, y = table
    weight = X["a"].round(3).astype(str)
    weight[5] = "unknown"
    y = y.assign(sold=y["sold"].fillna("nan"))
    strings = {key: f for key, f in found(X.assign(w=weight), y).items()}
    assert "'unknown' among" in strings["strings", "w"].message
    assert "categorical_features" in strings["strings", "w"].answer
    assert "read as a class" in strings["strings", "sold"].message


def test_classes_and_columns_with_few_labels(table):
    X, y = table
    sold = y["sold"].copy()
    sold[:2], sold[2:5] = "maybe", "later"
    few = y["size"].mask(np.arange(N_ROWS) > 20)
    findings = found(X, y.assign(sold=sold, size=few))
    assert findings["few labels", "sold"].value == 2
    assert "'maybe'" in findings["few labels", "sold"].message
    assert "and 1 more" in findings["few labels", "sold"].message
    assert findings["few labels", "size"].value <= 21
    of_groups = y["sold"].mask(GROUPS == 3, "maybe")
    assert found(X, y.assign(sold=of_groups), GROUPS)["few labels", "sold"].value == 1


def test_columns_that_no_row_has_both_of(table):
    X, y = table
    first = np.arange(N_ROWS) % 2 == 0
    y = y.assign(price=y["price"].where(first), size=y["size"].mask(first))
    finding = found(X, y)["overlap", "price"]
    assert (finding.other, finding.value) == ("size", 0)
    assert "1 of 3 pairs" in finding.message


def test_columns_that_do_not_vary(table):
    X, y = table
    X = X.assign(unit="m", gap=np.where(X["a"] > 0, 1.0, np.nan), none=np.nan)
    y = y.assign(flat=np.where(X["b"] > 0, 7.0, np.nan), empty=np.nan)
    constant = check_columns(X, y).of("constant")
    wanted = {"unit": "X", "none": "X", "flat": "y", "empty": "y"}
    assert {finding.column: finding.table for finding in constant} == wanted


def test_report_is_printed_shown_and_framed(table):
    X, y = table
    X = X.assign(**{f"<{j}>": 1.0 for j in range(12)})
    report = check_columns(X, y)
    lines = str(report).splitlines()
    assert len(report) == 12
    assert len(lines) == 9
    assert lines[-1] == "constant: 4 more; see as_frame()."
    assert "&lt;3&gt;" in report._repr_html_()
    frame = report.as_frame()
    assert frame["column"].tolist() == [f"<{j}>" for j in range(12)]
    assert list(frame) == [
        "check",
        "table",
        "column",
        "other",
        "value",
        "message",
        "answer",
    ]
    assert report.of("leak") == []
    assert check_columns(*table).as_frame().empty


def test_other_containers_and_few_rows(table):
    X, y = table
    X = X.assign(later=2 * y["price"], day=pd.date_range("2024", periods=N_ROWS))
    in_polars = check_columns(pl.from_pandas(X), pl.from_pandas(y))
    assert [f.other for f in in_polars] == ["later"]
    assert len(check_columns(X[:2], y[:2])) > 0
    [finding] = check_columns(X[["later"]], y["price"])
    assert finding.column == "price"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X": np.zeros((3, 2))}, "X has 3 rows and 2 columns, but y has 240"),
        ({"groups": [1, 2]}, "groups has 2 entries for 240 rows"),
        ({"task_types": {"prize": "count"}}, "task_types names 'prize'"),
        ({"random_state": "zero"}, "'random_state' parameter"),
    ],
)
def test_what_does_not_fit_is_refused(table, change, words):
    with pytest.raises(ValueError, match=words):
        check_columns(**{"X": table[0], "y": table[1]} | change)


def test_bounds_are_no_stray_strings():
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.where(X[:, 0] > 0.5, ">0.5", X[:, 0].astype(object))

    assert "among" not in str(check_columns(X, y))
