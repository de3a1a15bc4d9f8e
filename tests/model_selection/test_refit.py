"""Candidates are compared on the folds that can be scored."""

import numpy as np
import pytest

from sklearn_mtl.model_selection import RefitByScoredFolds

NAN = float("nan")


def results(*of_folds, score="score"):
    named = {f"split{i}_test_{score}": np.array(v) for i, v in enumerate(of_folds)}
    return {**named, f"mean_test_{score}": np.full(len(of_folds[0]), NAN)}


@pytest.mark.parametrize("score", ["score", "price"])
def test_folds_without_a_score_are_left_out(score):
    found = results([NAN, NAN], [0.1, 0.2], [0.5, 0.6], score=score)

    assert RefitByScoredFolds(score)(found) == 1


def test_fold_counts_only_where_all_candidates_have_a_score():
    assert RefitByScoredFolds()(results([NAN, -9.0], [0.2, 0.3])) == 1


def test_column_whose_name_ends_like_another_is_not_taken_for_it():
    found = {**results([0.0, 1.0]), **results([1.0, 0.0], score="my_test_score")}

    assert RefitByScoredFolds()(found) == 1


def test_what_cannot_be_compared_is_said():
    with pytest.raises(ValueError, match="'price' is none of"):
        RefitByScoredFolds("price")(results([0.0, 1.0]))
    with pytest.raises(ValueError, match="No fold has the score 'score'"):
        RefitByScoredFolds()(results([NAN, 1.0]))
