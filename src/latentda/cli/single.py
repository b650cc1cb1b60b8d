"""``latentda single-observation``: data one by one, and what every method makes of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentda.cli.lists import names
from latentda.cli.show import one_sentence, table, track, warnings_shown, where
from latentda.cli.worlds import WorldOption, chosen_world

if TYPE_CHECKING:
    from latentda.experiments.single.background import Background
    from latentda.experiments.single.observation import SingleAnalysis, SingleObservation
    from latentda.grid import Layout
    from latentda.world import WorldFolder

LISTED = 10
"""Data whose tables are printed; the report has all."""

LJUBLJANA = 46.1, 14.5


def single_observation(
    variable: Annotated[str | None, typer.Option(help="Any that the states tell; by default t.")] = None,
    level_hpa: Annotated[float, typer.Option(help="Pressure of the observation; not used at the surface.")] = 500.0,
    lat: Annotated[
        float | None, typer.Option(help="Degrees north; by default Ljubljana, or the grid's middle.")
    ] = None,
    lon: Annotated[float | None, typer.Option(help="Degrees east.")] = None,
    departure: Annotated[float, typer.Option(help="Observation minus background: K, m/s, g/kg, hPa, else SI.")] = 1.0,
    error: Annotated[float, typer.Option(help="Standard deviation of its error, same unit.")] = 1.0,
    observations: Annotated[
        list[Path] | None, typer.Option(help="File of reports instead, each datum of which is analysed on its own.")
    ] = None,
    columns: Annotated[str | None, typer.Option(help="For CSV and frames: YAML of their columns, or 'metar'.")] = None,
    errors: Annotated[Path | None, typer.Option(help="YAML of observation errors, for reports.")] = None,
    method: Annotated[
        str | None, typer.Option(help="Comma-separated names; by default 3dvar and latent_3dvar, as the world can.")
    ] = None,
    background: Annotated[str, typer.Option(help="A store of states, or 'climatology'.")] = "climatology",
    date: Annotated[
        str | None, typer.Option(help="Valid time; default: the store's last, for the climatology 2000-01-01.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of report, figures and table.")] = Path("latentda-output/single"),
    gallery: Annotated[bool, typer.Option("--gallery", help="Four cases on two days instead of one place.")] = False,
    factor: Annotated[float, typer.Option(help="On the variances of every background error.")] = 1.0,
    world: WorldOption = None,
) -> None:
    """Show what one observation changes: maps, sections, and a table of radii, energy and balance."""
    with one_sentence(), warnings_shown():
        from latentda.experiments.single.analysis import single_observation as observe
        from latentda.experiments.single.analysis import usual_methods
        from latentda.experiments.single.background import read_background
        from latentda.experiments.single.results import write_single_results
        from latentda.methods import require_methods
        from latentda.user_error import UserError

        chosen = chosen_world(world)
        methods = usual_methods(chosen) if method is None else tuple(names(method))
        require_methods(methods)
        if gallery:
            from latentda.experiments.single.gallery import run_gallery

            for path in run_gallery(methods, chosen, out, factor=factor, track=track):
                where(path)
            return
        cases: Iterable[Sequence[SingleAnalysis]]
        if observations:
            if (variable, lat, lon) != (None, None, None):
                raise UserError("Reports say what and where they are: leave --variable, --lat and --lon out.")
            state = read_background(background, chosen, date)
            cases = _each(observations, columns, errors, state, methods, chosen, factor)
        else:
            datum = _datum(variable, level_hpa, (lat, lon), departure, error, chosen.layout)
            cases = [observe(datum, read_background(background, chosen, date), methods, chosen, factor=factor)]
        rows, files = write_single_results(cases, chosen.layout, out, pictures=not observations)
        _print(rows)
        for path in files:
            where(path)


def _each(
    files: list[Path],
    columns: str | None,
    errors: Path | None,
    background: Background,
    methods: Sequence[str],
    world: WorldFolder,
    factor: float,
) -> Iterable[Sequence[SingleAnalysis]]:
    """The analyses of the data of files, behind a progress bar."""
    from latentda.experiments.single.analysis import SingleAnalyst
    from latentda.experiments.single.reports import SingleReports
    from latentda.observations import read_error_table
    from latentda.workflows.assimilate import read_reports

    table_of_errors = read_error_table(errors) if errors else None
    reports = SingleReports(read_reports(files, columns), background, world, table_of_errors)
    return track(reports.analyses(SingleAnalyst(background, methods, world, factor)), "single data", len(reports))


def _datum(
    variable: str | None,
    level_hpa: float,
    place: tuple[float | None, float | None],
    departure: float,
    error: float,
    layout: Layout,
) -> SingleObservation:
    """The observation in SI units."""
    from latentda.experiments.single.observation import SingleObservation, usual_place
    from latentda.figures.style import shown_units
    from latentda.grid import variable as known

    name = variable or ("t" if "t" in layout.variables else layout.variables[0])
    units = known(name)
    shown, _ = shown_units(units.units)
    level = level_hpa if units.has_levels else None
    usual = usual_place(layout.grid, LJUBLJANA)
    latitude, longitude = (own if given is None else given for given, own in zip(place, usual, strict=True))
    return SingleObservation(units.short, latitude, longitude, departure / shown, error / shown, level)


def _print(rows: Sequence[Sequence[dict[str, Any]]]) -> None:
    from latentda.experiments.single.description import numbers_table

    for each in rows[:LISTED]:
        header, cells = numbers_table(each)
        shown = [["-" if cell is None else cell for cell in row] for row in cells]
        table(f"Increment of {each[0]['channel']}", header, shown)
