"""``latentda single-observation``: one datum, and what every method makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentda.cli.show import one_sentence, table, track, where
from latentda.cli.worlds import WorldOption, chosen_world

if TYPE_CHECKING:
    from latentda.experiments.single.observation import SingleObservation


def single_observation(
    variable: Annotated[str, typer.Option(help="t, q, u, v or sp.")] = "t",
    level_hpa: Annotated[float, typer.Option(help="Pressure of the observation; not used by sp.")] = 500.0,
    lat: Annotated[float, typer.Option(help="Degrees north.")] = 46.1,
    lon: Annotated[float, typer.Option(help="Degrees east.")] = 14.5,
    departure: Annotated[float, typer.Option(help="Observation minus background: K, m/s, g/kg or hPa.")] = 1.0,
    error: Annotated[float, typer.Option(help="Standard deviation of its error, same unit.")] = 1.0,
    method: Annotated[str, typer.Option(help="Comma-separated names of methods.")] = "3dvar,latent_3dvar",
    background: Annotated[str, typer.Option(help="A store of states, or 'climatology'.")] = "climatology",
    date: Annotated[
        str | None, typer.Option(help="Valid time; default: the store's last, for the climatology 2000-01-01.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of figures and table.")] = Path("latentda-output/single"),
    gallery: Annotated[bool, typer.Option("--gallery", help="Four cases on two days instead of one place.")] = False,
    factor: Annotated[float, typer.Option(help="On the variances of every background error.")] = 1.0,
    world: WorldOption = None,
) -> None:
    """Show what one observation changes: maps, sections, and a table of radii, energy and balance."""
    with one_sentence():
        from latentda.experiments.single.analysis import single_observation as observe
        from latentda.experiments.single.background import read_background
        from latentda.experiments.single.description import describe
        from latentda.experiments.single.results import write_single_results
        from latentda.methods import require_methods

        chosen = chosen_world(world)
        names = tuple(method.split(","))
        require_methods(names)
        if gallery:
            from latentda.experiments.single.gallery import run_gallery

            for path in run_gallery(names, chosen, out, factor=factor, track=track):
                where(path)
            return
        datum = _datum(variable, level_hpa, lat, lon, departure, error)
        made = observe(datum, read_background(background, chosen, date), names, chosen, factor=factor)
        layout = chosen.standardizer.layout
        _print(variable, [describe(one, layout) for one in made])
        for path in write_single_results(made, layout, out):
            where(path)


def _datum(
    variable: str, level_hpa: float, lat: float, lon: float, departure: float, error: float
) -> SingleObservation:
    """The observation in SI units."""
    from latentda.experiments.single.observation import SingleObservation
    from latentda.figures.style import shown_units
    from latentda.grid import variable as known

    units = known(variable)
    shown, _ = shown_units(units.units)
    level = level_hpa if units.has_levels else None
    return SingleObservation(variable, lat, lon, departure / shown, error / shown, level)


def _print(variable: str, rows: list[dict[str, Any]]) -> None:
    from latentda.methods import METHODS

    def row(one: dict[str, Any]) -> list[Any]:
        extremes, balance = one["extremes"][variable], one["balance"]
        misfit = balance["geostrophic_misfit"] if balance else "-"
        shares = round(100.0 * one["fitted_share"]), round(100.0 * one["energy_share_of_other_variables"])
        peak = "max_channel" if extremes["max"] >= -extremes["min"] else "min_channel"
        radius = round(one["radius_km"][extremes[peak]]["50 %"] or 0.0)
        return [METHODS[one["method"]].title, extremes["min"], extremes["max"], radius, *shares, misfit]

    units = rows[0]["extremes"][variable]["units"]
    header = ["method", f"min ({units})", f"max ({units})", "half within km", "fitted %", "energy elsewhere %"]
    table(f"Increment of {variable}", [*header, "|V - Vg|/|V|"], [row(one) for one in rows])
