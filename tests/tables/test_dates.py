"""Dates of X as numbers."""

import numpy as np
import pytest

from sklearn_mtl.tables import FeatureEncoder
from tests.tables.helpers import encode

pd = pytest.importorskip("pandas")

DAYS = pd.date_range("2020-01-01", periods=400, freq="D")


def fitted(dates):
    return FeatureEncoder(scale_inputs=False).fit(
        pd.DataFrame({"day": dates}), np.ones(len(dates))
    )


def test_days_become_what_is_elapsed_season_and_weekday():
    encoder = fitted(DAYS)
    names = [name.removeprefix("day_") for name in encoder.feature_names_out_]
    numbers = encoder.numbers(pd.DataFrame({"day": DAYS}))

    assert names[:3] == ["elapsed", "year_sin", "year_cos"]
    assert names[3:] == [day.lower() for day in DAYS[5:12].day_name()]
    np.testing.assert_allclose(numbers[:, 0], np.arange(400))
    assert (numbers[:, 3:].argmax(axis=1) == DAYS.day_of_week).all()
    assert (numbers[:, 3:].sum(axis=1) == 1).all()
    turn = np.arctan2(numbers[:, 1], numbers[:, 2]) % (2 * np.pi)
    np.testing.assert_allclose(
        turn, 2 * np.pi * (DAYS.day_of_year - 1) / 365.2425, atol=1e-9
    )


def test_time_of_the_day_is_told_where_dates_have_one():
    hours = pd.date_range("2021-03-01", periods=48, freq="h")
    numbers = fitted(hours).numbers(pd.DataFrame({"day": hours}))

    turn = np.arctan2(numbers[:, -2], numbers[:, -1]) % (2 * np.pi)
    np.testing.assert_allclose(turn, 2 * np.pi * hours.hour / 24, atol=1e-9)


def test_missing_date_has_an_indicator():
    X = pd.DataFrame({"day": DAYS.to_series().reset_index(drop=True)})
    X.loc[::5, "day"] = pd.NaT
    encoder = FeatureEncoder().fit(X, np.ones(len(X)))

    assert encoder.feature_names_out_[-1] == "day_missing"
    assert (encoder.transform(X)[:, -1] == X["day"].isna()).all()
    assert np.isfinite(encode(X)).all()


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (DAYS.astype(str), "'2020-01-01', but fit saw dates.*to_datetime"),
        (np.arange(400.0), r"0\.0, but fit saw dates.*to_datetime"),
        (DAYS.tz_localize("Asia/Tokyo"), "'Asia/Tokyo'.*no time zone.*tz_localize"),
    ],
)
def test_what_is_no_date_later_is_refused(later, words):
    with pytest.raises(ValueError, match=f"Column 'day' of X .*{words}"):
        fitted(DAYS).transform(pd.DataFrame({"day": later}))


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (DAYS.tz_localize("Asia/Tokyo"), "tz_convert..Europe/Rome"),
        (DAYS, "no time zone, but fit saw the time zone 'Europe/Rome'.*tz_localize"),
    ],
)
def test_dates_of_another_zone_are_refused(later, words):
    encoder = fitted(DAYS.tz_localize("Europe/Rome"))
    with pytest.raises(ValueError, match=f"Column 'day' of X .*{words}"):
        encoder.transform(pd.DataFrame({"day": later}))


def test_number_that_becomes_a_date_is_refused():
    encoder = fitted(np.arange(400.0))
    with pytest.raises((TypeError, ValueError), match="'day'"):
        encoder.transform(pd.DataFrame({"day": DAYS}))
