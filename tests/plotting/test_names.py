"""Short names of columns stay apart."""


def test_names_that_differ_at_their_end_only_stay_apart():
    from sklearn_mtl.plotting._names import short_names

    assert short_names(["abcdefgh", 1], 5) == ["abcd…", "1"]
    assert short_names(["abcdefg1", "abcdefg2"], 5) == ["ab…g1", "ab…g2"]


def test_names_that_print_alike_stay_two():
    from sklearn_mtl.plotting._names import short_names

    assert short_names([1, "1"]) == ["1", "'1'"]
