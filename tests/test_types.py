"""The package serves type checkers of those who use it."""

from importlib.resources import files

from tests.typed_client import main


def test_package_says_that_it_is_typed():
    assert files("sklearn_mtl").joinpath("py.typed").is_file()


def test_client_that_is_type_checked_runs(capsys):
    main()
    assert capsys.readouterr().out
