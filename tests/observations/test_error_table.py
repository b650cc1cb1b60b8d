import numpy as np
import pytest

from latentda.observations import (
    ErrorProfile,
    ErrorTable,
    assign_errors,
    column,
    default_error_table,
    table_from_columns,
)


def test_profile_is_linear_in_log_pressure():
    profile = ErrorProfile((100000.0, 10000.0), (1.0, 3.0))
    middle = np.sqrt(100000.0 * 10000.0)
    pressures = np.array([1e5, middle, 1e4, 1e3, 1.1e5, np.nan])
    assert profile.at(pressures) == pytest.approx([1.0, 2.0, 3.0, 3.0, 1.0, 1.0])


@pytest.mark.parametrize(("pressure", "error"), [((1e4, 1e5), (1.0, 1.0)), ((1e5,), (0.0,)), ((1e5,), (1.0, 2.0))])
def test_bad_profiles_are_refused(pressure, error):
    with pytest.raises(ValueError, match="error profile"):
        ErrorProfile(pressure, error)


def test_only_null_errors_are_filled(columns_of):
    given = np.where(np.arange(12) < 4, 7.0, np.nan)
    table = assign_errors(
        table_from_columns(columns_of(error=given)),
        ErrorTable({("t", ""): ErrorProfile((1e5,), (1.5,))}),
    )
    error, variable = column(table, "error"), column(table, "variable")
    assert (error[:4] == 7.0).all()
    assert (error[4:][variable[4:] == "t"] == 1.5).all()
    assert np.isnan(error[4:][variable[4:] == "u"]).all()


def test_humidity_error_follows_the_temperature_of_its_level(columns_of):
    variable = np.tile(np.array(["t", "q"], dtype=object), 6)
    value = np.where(variable == "t", 260.0, 1e-3)
    value[0] = 300.0
    table = table_from_columns(columns_of(variable=variable, observation=value, error=np.full(12, np.nan)))
    error = column(assign_errors(table), "error")
    assert error[1] > 10.0 * error[5] > 0.0


def test_every_datum_of_a_real_cycle_gets_an_error(cycle_1989):
    error = column(assign_errors(cycle_1989), "error")
    assert (error > 0.0).all()


def test_default_magnitudes():
    table = default_error_table()
    at = np.array([100000.0, 50000.0, 25000.0, 2000.0])
    assert table.error("t", "ADPUPA", at) == pytest.approx([1.2, 0.8, 1.2, 1.3])
    assert table.error("u", "ADPUPA", at).argmax() == 2
    assert table.error("sp", "SFCSHP", at[:1]) > table.error("sp", "ADPSFC", at[:1])
