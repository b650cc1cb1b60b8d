"""``latentda observations``: look at files of reports and convert them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentda.cli.show import console, one_sentence, table, warnings_shown, where
from latentda.user_error import UserError

if TYPE_CHECKING:
    import pyarrow as pa

    from latentda.observations.inventory import InventoryRow

app = typer.Typer(no_args_is_help=True, help="Read, summarise, draw and convert observations.")

Files = Annotated[list[Path], typer.Argument(help="prepBUFR, WMO BUFR, Parquet, IODA, NetCDF or CSV files.")]
Columns = Annotated[
    str | None, typer.Option(help="A table's columns in YAML (see 'observations columns'), or 'metar'.")
]
Variable = Annotated[str | None, typer.Option(help="Only this variable, for example t.")]
Kind = Annotated[str | None, typer.Option("--class", help="Only this message class, for example ADPUPA.")]


@app.command()
def summary(
    files: Files,
    types: Annotated[bool, typer.Option("--types", help="Part the classes by report type too.")] = False,
    columns: Columns = None,
) -> None:
    """Count the data of files by message class and variable, with their times and what refused them.

    Nothing is checked here: that is done by 'convert --checks' or by an analysis. Bad marks are those of the producer.
    """
    with one_sentence(devices=False):
        from latentda.observations.inventory import inventory, period, refusals, unjudged
        from latentda.observations.verdicts import explain

        together = _read(files, columns)
        kinds = inventory(together, by_type=types)
        shown = {"refused": any(row.refused for row in kinds), "marked bad": any(row.marked for row in kinds)}
        counts = [name for name, some in shown.items() if some]
        header = ["class", *(["type"] if types else []), "variable", "data", *counts, "stations", "from", "to"]
        what = files[0].name if len(files) == 1 else f"{len(files)} files"
        table(f"{what}, {period(together)}", header, _rows(kinds, counts))
        refused = [[verdict, count, explain(verdict)] for verdict, count in refusals(together)]
        if refused:
            table("Refused", ["verdict", "data", "meaning"], refused)
        if told := unjudged(together):
            console.print(told, highlight=False)


@app.command()
def convert(
    files: Files,
    out: Annotated[Path, typer.Option(help="File to write: .parquet, or .ioda.nc.")] = Path("observations.parquet"),
    columns: Columns = None,
    checks: Annotated[Path | None, typer.Option(help="YAML of quality control to apply, verdicts kept.")] = None,
    time: Annotated[str | None, typer.Option(help="Analysis time, which a check of the window needs.")] = None,
    errors: Annotated[Path | None, typer.Option(help="YAML of observation errors to write into the table.")] = None,
) -> None:
    """Read files of any kind into one observation table."""
    with one_sentence(devices=False):
        from latentda.grid import as_datetime
        from latentda.observations import read_error_table, read_quality_control, replace_errors
        from latentda.observations.writers import writer_for

        write = writer_for(out)
        chain = read_quality_control(checks) if checks else None
        own = read_error_table(errors) if errors else None
        read = _read(files, columns)
        read = replace_errors(read, own) if own else read
        write(chain.apply(read, as_datetime(time) if time else None) if chain else read, out)
        where(out)


@app.command("columns")
def propose_columns(
    file: Annotated[Path, typer.Argument(help="A table in CSV, Parquet or NetCDF.")],
    out: Annotated[Path | None, typer.Option(help="YAML file to write, instead of printing it.")] = None,
) -> None:
    """Propose a column map for a table, to be edited and given with --columns."""
    with one_sentence(devices=False):
        from latentda.files import whole
        from latentda.observations.column_proposal import propose_map

        proposed = propose_map(file)
        if out is None:
            typer.echo(proposed, nl=False)
            return
        with whole(out) as partial:
            partial.write_text(proposed, encoding="utf-8")
        where(out)


@app.command()
def audit(file: Annotated[Path, typer.Argument(help="prepBUFR file with the first guess of its centre.")]) -> None:
    """Compare our operators and checks with the first guess and the marks that a centre's file holds."""
    with one_sentence(devices=False):
        from latentda.observations import read_observations
        from latentda.workflows.audit import departure_rows, mark_rows, operator_rows, require_first_guess

        with warnings_shown():
            read = require_first_guess(read_observations(file, keep_first_guess=True), file)
        header = ["variable", "level (hPa)", "data", "mean", "standard deviation"]
        for title, rows in (
            ("Good data minus the file's first guess (z in m)", departure_rows(read)),
            ("Our operators on columns of the first guess, minus the first guess (z in m)", operator_rows(read)),
        ):
            table(title, header, [[r.variable, r.level_hpa, r.count, r.mean, r.deviation] for r in rows])
        marks = [[r.variable, r.mark, r.count, r.refused, r.mostly] for r in mark_rows(read)]
        table("Marks of the file and verdicts of our checks", ["variable", "mark", "data", "refused", "mostly"], marks)


@app.command("map")
def draw_map(
    files: Files,
    variable: Variable = None,
    message_class: Kind = None,
    by: Annotated[str, typer.Option(help="What colours say: class, verdict, count; several with commas.")] = "class",
    columns: Columns = None,
    out: Annotated[Path, typer.Option(help="Folder of the PNG files.")] = Path("latentda-output/observations"),
) -> None:
    """Draw where the data are."""
    with one_sentence(devices=False):
        from latentda.figures.files import save_figure
        from latentda.figures.observation_maps import class_map, count_map, verdict_map
        from latentda.observations.inventory import period

        figures = {"class": class_map, "verdict": verdict_map, "count": count_map}
        wanted = by.split(",")
        if unknown := sorted(set(wanted) - set(figures)):
            raise UserError(f"A map can be by {', '.join(figures)}, not by {', '.join(unknown)}.")
        shown = _chosen(_read(files, columns), variable, message_class)
        what = " ".join(name for name in (message_class, variable) if name) or "Observations"
        title = f"{what}, {period(shown)}"
        out.mkdir(parents=True, exist_ok=True)
        for name in wanted:
            where(save_figure(figures[name](shown, title), out / f"map_{name}.png"))


@app.command()
def plot(
    files: Files,
    variable: Variable = None,
    level_hpa: Annotated[float, typer.Option(help="With --variable: level of the map of departures.")] = 500.0,
    out: Annotated[Path, typer.Option(help="Folder of figures and report.")] = Path("latentda-output/observations"),
) -> None:
    """Draw numbers of data by pressure; of feedback also departures, errors and stations, with a report."""
    with one_sentence(devices=False):
        from latentda.figures.departures import place_of
        from latentda.observations import concatenate, read_observations_of_files
        from latentda.reports.feedback import write_feedback
        from latentda.verification import has_feedback
        from latentda.verification.feedback_files import feedback_files, read_feedback
        from latentda.verification.feedback_summary import summarise

        paths = feedback_files(files)
        with warnings_shown():
            tables = read_observations_of_files(paths)
            first = next(tables)
            feedback = has_feedback(first)
            together = first if feedback else concatenate([first, *tables])
        if not feedback:
            _plot_counts(_chosen(together, variable, None), out)
            return
        places = [place_of(variable, level_hpa)] if variable else []
        for path in write_feedback(summarise(map(read_feedback, paths)), out, places):
            where(path)


def _plot_counts(table: pa.Table, out: Path) -> None:
    from latentda.figures.files import save_figure
    from latentda.figures.observation_maps import class_map
    from latentda.figures.vertical_counts import vertical_counts
    from latentda.observations.inventory import period

    when = period(table)
    out.mkdir(parents=True, exist_ok=True)
    where(save_figure(vertical_counts(table, f"Numbers of data, {when}"), out / "vertical_counts.png"))
    where(save_figure(class_map(table, f"Observations, {when}"), out / "map_class.png"))


def _read(files: list[Path], columns: str | None = None) -> pa.Table:
    from latentda.observations import concatenate, read_observations_of_files

    with warnings_shown():
        return concatenate(read_observations_of_files(files, columns))


def _chosen(table: pa.Table, variable: str | None, message_class: str | None) -> pa.Table:
    """The rows of a variable and class.

    Raises:
        UserError: there is none; the message names what there is.
    """
    import pyarrow.compute as pc

    for name, wanted in (("variable", variable), ("class", message_class)):
        if wanted:
            there = ", ".join(sorted(pc.unique(table[name]).to_pylist()))
            table = table.filter(pc.equal(table[name], wanted))
            if table.num_rows == 0:
                raise UserError(f"No datum has the {name} {wanted}; there are {there or 'no data'}.")
    return table


def _rows(kinds: list[InventoryRow], counts: list[str]) -> list[list[Any]]:
    # The table's title says the day, if it is one.
    one_day = len({str(time)[:10] for kind in kinds for time in (kind.first, kind.last)}) == 1
    rows: list[list[Any]] = []
    for kind in kinds:
        types = [] if kind.report_type is None else [kind.report_type]
        times = [
            str(time)[11 if one_day else 5 : 16].replace("T", "\N{NO-BREAK SPACE}") for time in (kind.first, kind.last)
        ]
        numbers = {"refused": kind.refused, "marked bad": kind.marked}
        asked = [numbers[name] for name in counts]
        rows.append([kind.message_class, *types, kind.variable, kind.total, *asked, kind.stations, *times])
    return rows
