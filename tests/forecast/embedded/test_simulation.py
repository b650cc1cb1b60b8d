import numpy as np
import pytest

from latentda.fields.store import open_store, read_states
from latentda.forecast import jcm_model, simulation_layout, spun_up_state
from latentda.forecast.embedded import simulation
from latentda.forecast.embedded.simulation import read_restart, restart_file, simulate, write_restart, write_start
from latentda.grid import hour_sequence
from latentda.user_error import UserError
from tests.locks import is_held

SURFACE = simulation_layout().select(["sp"])


def test_a_run_goes_on_where_it_ended(tmp_path, world, initial, monkeypatch):
    monkeypatch.setattr(simulation, "PIECE_HOURS", 24)
    out = tmp_path / "run.zarr"
    assert simulate(world, 1, out) == out
    first = read_states(open_store(out), SURFACE)

    def watched(iterable, description, total):
        assert is_held(tmp_path / ".run.zarr.lock")
        return iterable

    simulate(world, 3, out, track=watched)
    dataset = open_store(out)
    times = dataset["time"].values
    np.testing.assert_array_equal(times, hour_sequence(initial[1], 13, 6)[1:])
    whole = read_states(dataset, SURFACE)
    np.testing.assert_array_equal(whole[:4], first)
    steps = np.sqrt(np.mean(np.diff(whole[:, 0], axis=0) ** 2, axis=(1, 2)))
    # The step over the seam, from the fourth state to the fifth, is like those around it.
    assert steps[3] == pytest.approx(np.median(steps), rel=0.5)

    simulate(world, 3, out)
    assert open_store(out).sizes["time"] == 12
    with pytest.raises(ValueError, match="belongs to another run"):
        simulate(jcm_model(imperfect=True), 4, out)
    write_start(world, restart_file(out), tmp_path / "start.safetensors")
    for other in ({"start": "1999-01-01"}, {"initial": tmp_path / "start.safetensors"}):
        with pytest.raises(UserError, match=f"belongs to another run .{next(iter(other))}"):
            simulate(world, 4, out, **other)
    assert open_store(out).sizes["time"] == 12


def test_the_stored_layout_is_the_state_and_geopotential():
    layout = simulation_layout()
    assert layout.shape == (39, 48, 96)
    assert layout.levels_of("z") == layout.levels_of("t")


@pytest.mark.parametrize("days", [0, -5, 7])
def test_lengths_other_than_pieces_are_refused(tmp_path, world, days):
    with pytest.raises(ValueError, match=f"pieces of 5 days; got {days} days"):
        simulate(world, days, tmp_path / "run.zarr")


def test_a_restart_file_keeps_all_it_holds(tmp_path, world):
    native, carry, header = read_restart(world, spun_up_state())
    path = tmp_path / "copy.restart"
    write_restart(path, native, carry, header)
    other, carried, head = read_restart(world, path)
    assert head == header
    np.testing.assert_array_equal(other.vorticity, native.vorticity)
    humidity = "specific_humidity"
    np.testing.assert_array_equal(other.tracers[humidity], native.tracers[humidity])
    assert (carried is None) == (carry is None)
    assert [file.name for file in tmp_path.iterdir()] == ["copy.restart"]


def test_what_is_no_restart_file_is_refused(tmp_path, world):
    (tmp_path / "run.zarr.restart").write_text("hello")
    with pytest.raises(ValueError, match="holds no restart of the embedded world"):
        simulate(world, 5, tmp_path / "run.zarr")
