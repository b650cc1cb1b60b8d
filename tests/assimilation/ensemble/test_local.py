"""Laws of the local transform on grids of 32 columns, with five channels, four members and a dozen data."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from latentda.assimilation.ensemble.columns import Localization
from latentda.assimilation.ensemble.level_groups import level_groups
from latentda.assimilation.ensemble.local import GridLETKF
from latentda.assimilation.ensemble.transform import ensemble_transform
from latentda.assimilation.places import Places
from latentda.assimilation.term import ObservationTerm
from latentda.grid import (
    PressureLevels,
    SigmaLevels,
    build_layout,
    great_circle_km,
    lat_lon_grid,
    regional_grid,
)
from latentda.operators import gaspari_cohn
from latentda.user_error import UserError

pytestmark = pytest.mark.usefixtures("float64")

MEMBERS, DATA = 4, 12
GLOBE = lat_lon_grid(4, 8)
FAR = Localization(4000.0, 1.2)
EVERYWHERE = float("inf")


def layout_on(grid, vertical=None):
    vertical = vertical or PressureLevels((300.0, 850.0))
    return build_layout(grid, vertical, {"t": vertical.levels, "u": vertical.levels}, ["sp"])


def members_of(grid):
    return np.random.default_rng(1).normal(size=(MEMBERS, 5, *grid.shape))


def departures():
    return jnp.asarray(2.0 * np.random.default_rng(2).normal(size=(MEMBERS, DATA)))


def sloping_ground(grid):
    """Low in the west, rising to the east."""
    return np.log(np.broadcast_to(np.linspace(1e5, 7e4, grid.shape[1]), grid.shape))


def data_places(grid, longitude_shift=0.0):
    random = np.random.default_rng(3)
    latitude, longitude = random.uniform(-80, 80, DATA), random.uniform(0, 360, DATA)
    # Two soundings of several levels, and two data without a level.
    latitude[:6], longitude[:6] = np.repeat(latitude[:2], 3), np.repeat(longitude[:2], 3)
    log_pressure = np.log(random.uniform(20000.0, 100000.0, DATA))
    log_pressure[[5, 11]] = np.nan
    parts = (latitude, (longitude + longitude_shift) % 360.0, log_pressure, sloping_ground(grid))
    return Places(*(jnp.asarray(part, float) for part in parts))


def filter_on(grid, localization, *, places=None, valid=None, vertical=None):
    """The filter over sloping ground."""
    return GridLETKF(
        layout_on(grid, vertical),
        data_places(grid) if places is None else places,
        np.ones(DATA, bool) if valid is None else valid,
        localization,
    )


def dense(method, members):
    """Every level and column with the tapers of all data, by the formulas themselves."""
    groups = level_groups(method.layout, np.asarray(method.places.ground))
    at, grid = method.places, method.layout.grid
    phi, lam = (np.reshape(part, -1) for part in np.meshgrid(grid.latitude, grid.longitude, indexing="ij"))
    distance = great_circle_km(phi[:, None], lam[:, None], np.asarray(at.latitude), np.asarray(at.longitude))
    horizontal = gaspari_cohn(distance, method.localization.horizontal_km)
    out = np.array(members).reshape(MEMBERS, 5, -1)
    mean = out.mean(0)
    for channels, level in zip(groups.channels, groups.log_pressure, strict=True):
        away = np.asarray(at.log_pressure) - level[:, None]
        vertical = np.where(np.isnan(away), 1.0, gaspari_cohn(away, method.localization.vertical_lnp))
        weights = jax.vmap(lambda taper: ensemble_transform(departures(), taper).weights)(horizontal * vertical)
        for channel in channels[channels >= 0]:
            rest = out[:, channel] - mean[channel]
            out[:, channel] = mean[channel] + np.einsum("jg,gjk->kg", rest, weights)
    return out.reshape(np.shape(members))


@pytest.mark.parametrize(
    "grid",
    [GLOBE, lat_lon_grid(4, 8, poles=True), regional_grid(range(60, 40, -5), range(-10, 30, 5))],
    ids=["globe", "poles", "region"],
)
def test_it_is_the_transform_of_the_tapered_data(grid):
    method, members = filter_on(grid, FAR), members_of(grid)
    np.testing.assert_allclose(method(members, departures()), dense(method, members), atol=1e-6)
    piecewise = replace(method, localization=replace(FAR, columns_at_once=5))
    np.testing.assert_array_equal(piecewise(members, departures()), method(members, departures()))


def test_levels_follow_the_ground_where_they_do():
    members = members_of(GLOBE)
    method = filter_on(GLOBE, FAR, vertical=SigmaLevels((0.3, 0.85)))
    np.testing.assert_allclose(method(members, departures()), dense(method, members), atol=1e-6)
    groups = level_groups(method.layout, np.asarray(method.places.ground))
    np.testing.assert_allclose(np.exp(groups.log_pressure[:, 7]), [0.3 * 7e4, 0.85 * 7e4, 7e4])


@pytest.mark.parametrize("vertical", [EVERYWHERE, 1e9])
def test_without_localisation_every_column_has_the_global_transform(vertical):
    members = members_of(GLOBE)
    weights = ensemble_transform(departures()).weights
    mean = members.mean(0)
    expected = mean + np.einsum("jcyx,jk->kcyx", members - mean, weights)
    analysed = filter_on(GLOBE, Localization(EVERYWHERE, vertical))(members, departures())
    np.testing.assert_allclose(analysed, expected, atol=1e-10)


def test_a_datum_changes_what_is_in_reach_and_nothing_else():
    members, places = members_of(GLOBE), data_places(GLOBE)
    only = np.arange(DATA) == 4
    analysed = filter_on(GLOBE, Localization(4000.0, 0.5), valid=only)(members, departures())
    groups = level_groups(layout_on(GLOBE), sloping_ground(GLOBE))
    phi, lam = np.meshgrid(GLOBE.latitude, GLOBE.longitude, indexing="ij")
    near = great_circle_km(phi, lam, float(places.latitude[4]), float(places.longitude[4])) < 4000.0
    assert near.any()
    assert not near.all()
    level_near = np.abs(groups.log_pressure - float(places.log_pressure[4])).reshape(-1, *GLOBE.shape) < 0.5
    assert level_near.any()
    assert not level_near.all()
    for channels, level in zip(groups.channels, level_near, strict=True):
        for channel in channels[channels >= 0]:
            changed = (np.asarray(analysed[:, channel]) != members[:, channel]).any(0)
            np.testing.assert_array_equal(changed, near & level)


def test_a_datum_without_a_level_concerns_all_of_them():
    members = members_of(GLOBE)
    analysed = filter_on(GLOBE, Localization(EVERYWHERE, 0.01), valid=np.arange(DATA) == 5)(members, departures())
    assert (np.asarray(analysed) != members).any(0).all()


def test_without_data_members_are_what_they_were():
    members = members_of(GLOBE)
    analysed = filter_on(GLOBE, FAR, valid=np.zeros(DATA, bool))(members, departures())
    np.testing.assert_array_equal(analysed, members)


def test_longitude_has_no_beginning():
    members, ground = members_of(GLOBE), jnp.full(GLOBE.shape, np.log(1e5))
    method = filter_on(GLOBE, FAR, places=replace(data_places(GLOBE), ground=ground))
    turned = replace(method, places=replace(data_places(GLOBE, longitude_shift=3 * 45.0), ground=ground))
    shifted = turned(np.roll(members, 3, axis=-1), departures())
    np.testing.assert_allclose(shifted, np.roll(method(members, departures()), 3, axis=-1), atol=1e-6)


def test_the_increment_is_continuous_across_the_meridian_where_longitude_begins():
    members, only = members_of(GLOBE), np.arange(DATA) == 5

    def analysed(longitude):
        places = data_places(GLOBE)
        moved = replace(places, longitude=jnp.full(DATA, longitude))
        return np.asarray(filter_on(GLOBE, FAR, places=moved, valid=only)(members, departures()))

    east, west = analysed(0.001), analysed(359.999)
    assert np.abs(east - members).max() > 0.1
    np.testing.assert_allclose(east, west, atol=1e-4)
    np.testing.assert_allclose(analysed(-0.001), west, atol=1e-6)


def test_a_pole_is_one_place():
    grid = lat_lon_grid(4, 8, poles=True)
    members = members_of(grid)
    members[..., 0, :] = members[..., 0, :1]
    method = filter_on(grid, FAR, places=replace(data_places(grid), ground=jnp.full(grid.shape, np.log(1e5))))
    analysed = np.asarray(method(members, departures()))[..., 0, :]
    assert (analysed != members[..., 0, :]).any()
    np.testing.assert_allclose(analysed, np.broadcast_to(analysed[..., :1], analysed.shape), atol=1e-6)


@pytest.mark.parametrize("vertical", [EVERYWHERE, 3.0])
def test_of_too_many_data_the_nearest_count(vertical):
    members, places = members_of(GLOBE), data_places(GLOBE)
    localization = Localization(15000.0, vertical, most_data=3)
    analysed = np.asarray(filter_on(GLOBE, localization)(members, departures()))
    row, column, level = 2, 3, np.log(85000.0)
    distance = great_circle_km(
        GLOBE.latitude[row], GLOBE.longitude[column], *map(np.asarray, (places.latitude, places.longitude))
    )
    away = np.nan_to_num(np.asarray(places.log_pressure) - level) / vertical
    nearest = np.argsort((distance / 15000.0) ** 2 + away**2, kind="stable")[:3]
    alone = filter_on(GLOBE, replace(localization, most_data=None), valid=np.isin(np.arange(DATA), nearest))
    expected = np.asarray(alone(members, departures()))
    np.testing.assert_allclose(analysed[:, 1, row, column], expected[:, 1, row, column], atol=1e-6)
    assert np.abs(analysed - expected).max() > 1e-3


def test_radii_of_gaussians():
    localization = Localization.of_sigma(500.0, 0.1, most_data=7)
    assert localization.horizontal_km == pytest.approx(1825.7, abs=0.1)
    assert localization.vertical_lnp == pytest.approx(0.36515, abs=1e-4)
    # The taper's curvature at zero is that of the Gaussian.
    assert gaspari_cohn(50.0, localization.horizontal_km) == pytest.approx(np.exp(-0.5 * 0.1**2), abs=2e-4)
    for wrong in ({"horizontal_km": 0.0}, {"horizontal_km": 1.0, "most_data": 0}, {"horizontal_km": float("nan")}):
        with pytest.raises(UserError, match=r"is positive; got (0|nan)"):
            Localization(**wrong)


def test_terms_say_where_their_data_are():
    places, ones = data_places(GLOBE), jnp.ones(DATA)
    term = ObservationTerm(lambda state: ones, ones, ones, ones > 0, places=places)
    method = GridLETKF.of_terms([term, term], layout_on(GLOBE), FAR)
    np.testing.assert_array_equal(method.places.latitude, np.tile(places.latitude, 2))
    assert method.valid.shape == (2 * DATA,)
    with pytest.raises(UserError, match="give every ObservationTerm its places"):
        GridLETKF.of_terms([term, replace(term, places=None)], layout_on(GLOBE), FAR)


def test_weights_of_every_column_are_those_of_all():
    members, exact = members_of(GLOBE), filter_on(GLOBE, FAR)
    np.testing.assert_allclose(
        replace(exact, localization=replace(FAR, every=1))(members, departures()), exact(members, departures())
    )


@pytest.mark.parametrize("poles", [False, True])
def test_weights_between_columns_are_bilinear(poles):
    grid = lat_lon_grid(9, 16, poles=poles)
    wide = Localization(15000.0, 3.0)
    members, whole = members_of(grid), filter_on(grid, wide)
    some = replace(whole, localization=replace(wide, every=2))
    exact, carried = (np.asarray(one(members, departures())) for one in (whole, some))
    # Where weights are found nothing changes; elsewhere the increment is nearly the same, across the date line too.
    np.testing.assert_allclose(carried[..., ::2, ::2], exact[..., ::2, ::2], atol=2e-6)
    apart, moved = np.sqrt(np.mean((carried - exact) ** 2)), np.sqrt(np.mean((exact - members) ** 2))
    assert 0.0 < apart < 0.15 * moved
    seam = np.sqrt(np.mean((carried - exact)[..., -1] ** 2))
    assert seam < 0.15 * moved
    np.testing.assert_allclose(carried.mean(axis=0), np.mean(carried, axis=0))


def test_equal_weights_carry_to_the_same_everywhere():
    """Where all columns see the same data with the same taper the places between do, too."""
    grid = lat_lon_grid(9, 16)
    members, far = members_of(grid), Localization(EVERYWHERE)
    exact = filter_on(grid, far)(members, departures())
    carried = filter_on(grid, replace(far, every=3))(members, departures())
    np.testing.assert_allclose(carried, exact, atol=2e-5)


def test_columns_out_of_reach_stay_when_weights_are_carried():
    members = members_of(GLOBE)
    nowhere = replace(FAR, every=2)
    analysed = filter_on(GLOBE, nowhere, valid=np.zeros(DATA, bool))(members, departures())
    np.testing.assert_allclose(analysed, members, atol=1e-6)
