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
from latentda.observations.error_table import inflate
from latentda.observations.table import VARIABLES
from latentda.physics.thermodynamics import specific_humidity


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


def test_a_temperature_in_celsius_makes_no_error_of_humidity(columns_of):
    """The humidity beside it has the error that it has without any temperature."""
    variable = np.tile(np.array(["t", "q"], dtype=object), 6)
    found = []
    for wrong in (-20.1, 1e30):
        value = np.where(variable == "t", wrong, 1e-3)
        table = table_from_columns(columns_of(variable=variable, observation=value, error=np.full(12, np.nan)))
        found.append(column(assign_errors(table), "error")[variable == "q"])
    alone = table_from_columns(columns_of(variable=np.full(12, "q"), error=np.full(12, np.nan)))
    expected = column(assign_errors(alone), "error")[variable == "q"]
    np.testing.assert_array_equal(found, [expected] * 2)


def test_every_datum_of_a_real_cycle_gets_an_error(cycle_1989):
    error = column(assign_errors(cycle_1989), "error")
    assert (error > 0.0).all()


def test_default_magnitudes():
    table = default_error_table()
    at = np.array([100000.0, 50000.0, 25000.0, 2000.0])
    assert table.error("t", "ADPUPA", at) == pytest.approx([1.2, 0.8, 1.2, 1.3])
    assert table.error("u", "ADPUPA", at).argmax() == 2
    assert table.error("sp", "SFCSHP", at[:1]) > table.error("sp", "ADPSFC", at[:1])


def test_a_report_type_goes_before_its_class(columns_of):
    profiles = {("t", ""): ErrorProfile((1e5,), (1.0,)), ("t", "AIRCFT"): ErrorProfile((1e5,), (2.0,))}
    table = ErrorTable(profiles, {("t", 130): ErrorProfile((1e5,), (3.0,))})
    at = np.array([50000.0])
    assert table.error("t", "ADPUPA", at) == 1.0
    assert table.error("t", "AIRCFT", at) == 2.0
    assert table.error("t", "AIRCFT", at, report_type=130) == 3.0
    reports = table_from_columns(columns_of(type=np.where(np.arange(12) < 6, 130, 131), error=np.full(12, np.nan)))
    error, warm = column(assign_errors(reports, table), "error"), column(reports, "variable") == "t"
    assert error[warm].tolist() == [3.0] * 3 + [1.0] * 3


def test_every_variable_has_a_default():
    table = default_error_table()
    for name in VARIABLES:
        assert (table.error(name, "ADPUPA", np.array([1e5, 5e4, 1e4])) > 0.0).all(), name


def test_refractivity_errors_are_a_fraction_by_height(columns_of):
    height = np.linspace(0.0, 17000.0, 12)
    value = 300.0 * np.exp(-height / 7350.0)
    columns = columns_of(pres=np.full(12, np.nan), height=height, observation=value, error=np.full(12, np.nan))
    table = assign_errors(table_from_columns(columns | {"variable": np.full(12, "n")}))
    fraction = column(table, "error") / value
    assert fraction[0] == pytest.approx(0.0243, rel=1e-5)
    assert 0.002 < fraction.min() < 0.004
    assert 11000.0 < height[fraction.argmin()] < 15000.0
    network = default_error_table().error("n", "GNSSRO", np.full(12, np.nan), height=height)
    assert network == pytest.approx(column(table, "error"), rel=0.3)


def test_a_profile_given_by_height_is_linear_in_height():
    table = default_error_table()
    heights = np.array([8800.0, 10000.0, 11200.0])
    low, middle, high = table.error("n", "", np.full(3, np.nan), height=heights, value=np.ones(3))
    assert middle == pytest.approx(0.5 * (low + high))


def test_dew_point_and_humidity_errors_agree():
    table = default_error_table()
    pressure, T, td = np.full(5, 70000.0), np.full(5, 280.0), np.linspace(268.0, 280.0, 5)
    sd = table.error("td", "ADPUPA", pressure, T, value=td)
    slope = (specific_humidity(td + 0.01, pressure) - specific_humidity(td - 0.01, pressure)) / 0.02
    assert slope * sd == pytest.approx(table.error("q", "ADPUPA", pressure, T), rel=0.02)
    assert (np.diff(sd) < 0.0).all()
    assert table.error("td", "ADPUPA", pressure[:1], T[:1], value=np.array([200.0])) == 15.0


def test_inflation_adds_squares(columns_of):
    given = np.where(np.arange(12) == 5, np.nan, 3.0)
    table = table_from_columns(columns_of(error=given))
    error = column(inflate(table, ErrorTable({("t", ""): ErrorProfile((85000.0, 50000.0), (4.0, 1.0))})), "error")
    warm, low = column(table, "variable") == "t", column(table, "pres") == 85000.0
    assert (error[warm & low] == 5.0).all()
    assert error[warm & ~low] == pytest.approx(np.sqrt(10.0))
    assert np.isnan(error[5])
    assert (np.delete(error, 5)[~np.delete(warm, 5)] == 3.0).all()
    assert inflate(table, ErrorTable({})).equals(table)


def test_the_errors_of_a_file_stay(columns_of):
    table = table_from_columns(columns_of(error=np.full(12, 0.7)))
    assert assign_errors(table).equals(table)
