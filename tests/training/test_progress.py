"""The progress bar."""

from tests.training.helpers import Interrupt, numbers_table, small_net


def test_progress_bar_counts_epochs_and_closes_when_interrupted(capsys):
    X, y = numbers_table()

    small_net(verbose=1, callbacks=[Interrupt("on_epoch_end", 2)]).fit(X, y)
    assert "2/6" in capsys.readouterr().err
    small_net().fit(X, y)
    assert capsys.readouterr() == ("", "")
