"""From an archive of forecasts to background errors in worlds of any layout, and to analyses with them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from latentda import UserError
from latentda.cli.app import app
from latentda.cycling import Cycler
from latentda.fields import Climatology, FieldsError, Standardizer, read_states, to_dataset
from latentda.grid import Layout, PressureLevels, build_layout, lat_lon_grid, regional_grid
from latentda.methods import Options, find_method
from latentda.networks import write_autoencoder
from latentda.operators import Dense, ZonalBlocks
from latentda.priors import BalancedCovariance, ModelSpacePrior, background_draws, errors_from_pairs, read_pairs
from latentda.workflows.estimate import make_background_errors, sizes_of_pairs
from latentda.workflows.forecast_pairs import make_forecast_pairs, make_member_pairs
from latentda.world import WorldFolder, world_intake
from tests.experiments.worlds import StillModel, untrained_code, write_world
from tests.worlds import NEAR_SURFACE, SIZE, TYPICAL, sizes_of, smooth_fields, table_of

LEVELS = (500.0, 850.0)
GLOBE = build_layout(lat_lon_grid(12, 24), PressureLevels(LEVELS), dict.fromkeys("ztuvq", LEVELS), NEAR_SURFACE)
ROWS, COLUMNS = [56.0, 52.0, 48.0, 44.0], [-8.0, -4.0, 0.0, 4.0, 8.0, 12.0, 16.0, 20.0]
REGION = Layout(regional_grid(ROWS, COLUMNS), GLOBE.vertical, GLOBE.channels)
POLES = Layout(lat_lon_grid(5, 8, poles=True), GLOBE.vertical, GLOBE.channels)
STARTS = np.datetime64("2018-01-01", "ns") + np.arange(40) * np.timedelta64(1, "D")
NOON = 438_300  # 2020-01-01 12 UTC


def fields(layout, count):
    if layout is GLOBE:
        return smooth_fields(layout.grid, count, layout.shape[0])
    return np.random.default_rng(0).normal(size=(count, *layout.shape)).astype(np.float32)


def archive(layout, path, leads=(24, 48)):
    """Forecasts whose differences are as large as the weather."""
    states = sizes_of(layout, TYPICAL) + sizes_of(layout, SIZE) * fields(layout, len(leads) * len(STARTS))
    pieces = np.split(states.astype(np.float32), len(leads))
    each = [to_dataset(piece, layout, STARTS) for piece in pieces]
    each[0].attrs.clear()
    dataset = xr.concat(each, "prediction_timedelta")
    dataset.assign_coords(prediction_timedelta=("prediction_timedelta", list(leads), {"units": "hours"})).to_zarr(
        path, consolidated=False, zarr_format=3
    )
    return path


def ensemble(layout, path, members=4):
    """Analyses of an ensemble on ten days."""
    states = sizes_of(layout, TYPICAL) + sizes_of(layout, SIZE) * fields(layout, 10 * members)
    each = [to_dataset(piece, layout, STARTS[:10]) for piece in np.split(states.astype(np.float32), members)]
    xr.concat(each, "number").to_netcdf(path)
    return path


def world_of(layout, folder, coded=False, settings=""):
    """A world that stands still; its scales are half of what the fields vary by."""
    mean = np.broadcast_to(sizes_of(layout, TYPICAL), layout.shape)
    scale = jnp.asarray(0.5 * sizes_of(layout, SIZE)[:, 0, 0], jnp.float32)
    world = write_world(folder, Standardizer(Climatology(jnp.asarray(mean[None], jnp.float32), 0, 0), scale, layout))
    with (folder / "world.yaml").open("a") as file:
        file.write(settings)
    if coded:
        write_autoencoder(untrained_code(layout), world.file("autoencoder"))
    return WorldFolder(folder)


@pytest.fixture(scope="module")
def globe(tmp_path_factory):
    """A coded world without surface pressure, with background errors from an archive."""
    folder = tmp_path_factory.mktemp("globe")
    world = world_of(GLOBE, folder / "world", coded=True)
    made = make_forecast_pairs(archive(GLOBE, folder / "fc.zarr"), world)
    return world, made, make_background_errors(made.file, world, smooth_sd=0.0)


def analysis(world, method):
    """Of one wind, one temperature and one pressure on the ground over Greenwich."""
    layout = world.layout
    columns = {"lat": 48.0, "lon": 4.0, "pres": [85000.0, 50000.0, np.nan], "elev": 0.0, "error": [0.5, 1.0, 0.5]}
    time = np.datetime64("2020-01-01T12:00", "ns")
    table = table_of(["t", "u", "t2m"], observation=[274.0, 4.0, 287.0], time=time, **columns)
    model = StillModel(layout)
    built = find_method(method).build(world, Options(iterations=15, model=model))
    background = np.broadcast_to(sizes_of(layout, TYPICAL), layout.shape).astype(np.float32)
    cycle = Cycler(model, world_intake(world, model), built).step(background, table, NOON)
    return cycle.analysis - background, cycle


def test_pairs_are_told(globe):
    world, made, estimated = globe
    assert str(made) == "39 pairs of forecasts of 24 h and 48 h, 2018-01-03 to 2018-02-10"
    assert made.file == world.folder / "pairs.safetensors"
    assert read_pairs(made.file).shape == (39, 2, *GLOBE.shape)
    np.testing.assert_array_equal(sizes_of_pairs(made.file, world), estimated.sizes)
    # Unrelated fields differ by the root of two of their size.
    np.testing.assert_allclose(estimated.sizes, np.sqrt(2.0) * sizes_of(GLOBE, SIZE)[:, 0, 0], rtol=0.35)


def test_a_world_without_surface_pressure_gets_all_background_errors(globe):
    world, _, estimated = globe
    assert [path.stem for path in estimated.paths] == ["model", "latent", "latent_diagonal", "unrepresented"]
    assert estimated.notes == ()
    assert isinstance(world.error("model"), BalancedCovariance)
    assert isinstance(world.error("latent"), ZonalBlocks)


@pytest.mark.parametrize("method", ["3dvar", "latent_3dvar"])
def test_methods_by_name_analyse_in_it(globe, method):
    increment, cycle = analysis(globe[0], method)
    assert np.isfinite(increment).all()
    assert cycle.facts["used"] == 3
    assert cycle.facts["cost_analysis"] < 0.7 * cycle.facts["cost_background"]
    assert np.abs(increment[GLOBE.index("msl")]).max() > 0.0


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """An archive over a region and the pairs made of it."""
    folder = tmp_path_factory.mktemp("region")
    world = world_of(REGION, folder / "world")
    return make_forecast_pairs(archive(REGION, folder / "fc.zarr"), world).file


def variances(pairs):
    return np.mean(errors_from_pairs(read_pairs(pairs)) ** 2, axis=0).reshape(-1)


def test_a_region_gets_localised_samples_in_both_spaces(region, tmp_path):
    world = world_of(REGION, tmp_path, coded=True)
    estimated = make_background_errors(region, world, smooth_sd=0.0)
    assert [path.stem for path in estimated.paths] == ["model", "latent", "latent_diagonal", "unrepresented"]
    (note,) = estimated.notes
    assert note.startswith("Localised samples take the place of a balanced background error. Spherical harmonics need")
    model, latent = world.error("model"), world.error("latent")
    assert isinstance(model, Dense)
    assert isinstance(latent, Dense)
    assert latent.shape == world.autoencoder.latent_shape
    np.testing.assert_allclose(np.sum(np.asarray(model.matrix) ** 2, axis=1), variances(region), rtol=2e-3)
    increment, cycle = analysis(world, "3dvar")
    assert np.isfinite(increment).all()
    assert cycle.facts["cost_analysis"] < 0.8 * cycle.facts["cost_background"]


def test_rows_on_the_poles_have_a_balanced_error_that_is_finite_there(tmp_path):
    world = world_of(POLES, tmp_path / "world", coded=True)
    made = make_forecast_pairs(archive(POLES, tmp_path / "fc.zarr"), world)
    assert make_background_errors(made.file, world, smooth_sd=0.0).notes == ()
    assert isinstance(world.error("latent"), ZonalBlocks)
    assert isinstance(world.error("model"), BalancedCovariance)
    draws = np.asarray(
        background_draws(ModelSpacePrior(world.error("model")), jnp.zeros(POLES.shape), jax.random.key(0), 200)
    )
    assert np.isfinite(draws).all()
    wanted = variances(made.file).reshape(POLES.shape).mean(axis=(1, 2))
    np.testing.assert_allclose(np.square(draws).mean(axis=(0, 2, 3)), wanted, rtol=0.3)


def test_latent_space_alone_is_enough_for_its_methods(region, tmp_path):
    world = world_of(REGION, tmp_path, coded=True)
    estimated = make_background_errors(region, world, space="latent")
    assert [path.stem for path in estimated.paths] == ["latent", "latent_diagonal"]
    increment, _ = analysis(world, "latent_3dvar")
    assert np.abs(increment).max() > 0.0


def test_model_space_alone(region, tmp_path):
    world = world_of(REGION, tmp_path, coded=True)
    assert [path.stem for path in make_background_errors(region, world, space="model").paths] == ["model"]


def test_without_a_code_there_is_model_space_and_a_sentence(globe, tmp_path):
    world = world_of(GLOBE, tmp_path)
    estimated = make_background_errors(globe[1].file, world)
    assert [path.stem for path in estimated.paths] == ["model"]
    assert estimated.notes == (f"Nothing was estimated in latent space: {tmp_path} has no trained autoencoder.",)
    with pytest.raises(UserError, match=r"has no autoencoder\.safetensors; make it with 'latentda train autoencoder'"):
        make_background_errors(globe[1].file, world, space="latent")


def test_a_divergent_wind_that_the_grid_cannot_have_is_said(region, tmp_path):
    world = world_of(REGION, tmp_path, coded=True, settings="code: {divergent_wind: true}\n")
    estimated = make_background_errors(region, world, space="latent")
    (note,) = estimated.notes
    assert "No divergent wind, which the code's settings in world.yaml ask for" in note
    assert "divergent_wind" not in [path.stem for path in estimated.paths]


def test_zonal_blocks_of_model_space_as_an_option(globe, region, tmp_path):
    world = world_of(GLOBE, tmp_path / "globe")
    make_background_errors(globe[1].file, world, zonal_model_space=True)
    assert world.error("model_zonal").blocks.shape == (5, 180, 180)
    with pytest.raises(UserError, match="Zonal blocks need a grid around the globe"):
        make_background_errors(region, world_of(REGION, tmp_path / "region"), zonal_model_space=True)


def test_pairs_of_another_layout_are_refused(globe, tmp_path):
    with pytest.raises(UserError, match=r"are of 15 x 12 x 24 numbers, those of the world in .* of 15 x 4 x 8; make"):
        make_background_errors(globe[1].file, world_of(REGION, tmp_path))


def test_a_store_that_is_not_of_the_world_is_refused_before_anything_is_shown(globe, tmp_path):
    def never(*_):
        raise AssertionError("a progress bar")

    world = world_of(REGION, tmp_path / "world")
    with pytest.raises(FieldsError, match="regrid it first"):
        make_forecast_pairs(globe[0].folder.parent / "fc.zarr", world, track=never)
    with pytest.raises(UserError, match="no forecast that is valid between None and 1999-01-01"):
        make_member_pairs(ensemble(REGION, tmp_path / "e.nc"), world, end="1999-01-01", track=never)


def test_members_stand_for_errors_about_their_mean(tmp_path):
    world = world_of(REGION, tmp_path / "world")
    path = ensemble(REGION, tmp_path / "ensemble.nc")
    made = make_member_pairs(path, world, tmp_path / "members.safetensors")
    assert str(made) == "40 pairs of 4 members and their mean, 2018-01-01 to 2018-01-10"
    errors = errors_from_pairs(read_pairs(made.file))
    with xr.open_dataset(path) as stored:
        states = np.stack([read_states(stored.isel(number=k), REGION) for k in range(4)])
    variance = states.var(axis=0, ddof=1).mean(axis=0) / np.asarray(world.standardizer.scale)[:, None, None] ** 2
    np.testing.assert_allclose(np.mean(errors**2, axis=0), variance, rtol=2e-2)
    assert isinstance(make_background_errors(made.file, world).paths[0].stat().st_size, int)


def run(*arguments):
    return CliRunner().invoke(app, ["estimate", *map(str, arguments)], env={"COLUMNS": "200"})


def test_the_commands(tmp_path):
    world_of(REGION, tmp_path / "world")
    forecasts, members = archive(REGION, tmp_path / "fc.zarr"), ensemble(REGION, tmp_path / "ensemble.nc")
    result = run("background-error", "--world", tmp_path / "world", "--forecasts", forecasts)
    assert result.exit_code == 0, result.output
    for words in ("39 pairs of forecasts of 24 h and 48 h, 2018-01-03 to 2018-02-10", "q (g kg⁻¹)", "msl (hPa)"):
        assert words in result.output
    assert "Localised samples take the place" in result.output
    assert (tmp_path / "world" / "forecast" / "model.safetensors").exists()
    asked = ("pairs", "--world", tmp_path / "world", "--members", members, "--out", tmp_path / "made.safetensors")
    assert run(*asked).exit_code == 0
    assert (
        run("background-error", "--world", tmp_path / "world", "--pairs", tmp_path / "made.safetensors").exit_code == 0
    )


@pytest.mark.parametrize("command", ["pairs", "background-error"])
def test_one_source_is_wanted(command, tmp_path):
    for given in ((), ("--forecasts", "a.zarr", "--members", "b.zarr")):
        result = run(command, "--world", tmp_path, *given)
        assert result.exit_code == 1
        assert "Give one of --" in result.stderr
