"""``latentda verify``: scores of any store against a truth and against reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentda.cli.show import one_sentence, table, track, warnings_shown, where
from latentda.cli.worlds import chosen_world

if TYPE_CHECKING:
    from latentda.verification import FitRow
    from latentda.workflows.verify import Verified


def verify(
    store: Annotated[str, typer.Argument(help="Store of states to verify (Zarr, NetCDF or GRIB).")],
    truth: Annotated[str | None, typer.Option(help="Store of the truth, on the same grid.")] = None,
    observations: Annotated[list[str] | None, typer.Option(help="Reports: scores at points.")] = None,
    world: Annotated[Path | None, typer.Option(help="World, for anomaly correlations and its orography.")] = None,
    against: Annotated[str | None, typer.Option(help="Another store, verified beside it.")] = None,
    columns: Annotated[str | None, typer.Option(help="For CSV and frames: YAML of their columns.")] = None,
    window: Annotated[float, typer.Option(min=0.0, help="Hours before and after a state that count.")] = 3.0,
    out: Annotated[Path | None, typer.Option(help="JSON file of the scores.")] = None,
) -> None:
    """Score a store against a truth and against reports."""
    with one_sentence(), warnings_shown():
        from latentda.user_error import UserError
        from latentda.verification import fit_scores, write_scores
        from latentda.workflows.verify import verify as run
        from latentda.workflows.verify import verify_at_points

        if truth is None and not observations:
            raise UserError("Nothing to verify against: give --truth, --observations, or both.")
        if against and truth is None:
            raise UserError("Two stores are compared by their errors against a truth: give --truth beside --against.")
        place, scores = chosen_world(world) if world else None, []
        if truth is not None:
            standardizer = place.standardizer if place else None
            found = [run(one, truth, standardizer=standardizer, track=track) for one in (store, against) if one]
            _print_errors(found, store, against)
            scores += found[0].scores("analysis")
        if observations:
            fits = verify_at_points(store, observations, world=place, window_hours=window, columns=columns, track=track)
            _print_points(fits, store)
            scores += fit_scores(fits, experiment="verify", method="store", seed=0, twin="real")
        if out is not None:
            write_scores(scores, out)
            where(out)


def _print_errors(found: list[Verified], store: str, against: str | None) -> None:
    from latentda.figures.style import shown_units

    first, rows = found[0], []
    correlation = first.correlation
    for i, channel in enumerate(first.layout.channels):
        factor, units = shown_units(channel.variable.units)
        row: list[Any] = [channel.name, units, float(factor * first.sums.rmse[i]), float(factor * first.sums.bias[i])]
        if correlation is not None:
            row.append(float(correlation[i]))
        rows.append([*row, *(float(first.sums.rmse[i] / other.sums.rmse[i]) for other in found[1:])])
    header = ["channel", "units", "RMSE", "bias", *(["ACC"] if correlation is not None else [])]
    header += [f"RMSE / that of {Path(against).name}"] if against else []
    table(f"{Path(store).name}: {first.times}", header, rows)


def _print_points(fits: list[FitRow], store: str) -> None:
    from latentda.figures.words import shown_variable

    rows: list[list[Any]] = []
    for fit in (fit for fit in fits if fit.layer is None):
        factor, words = shown_variable(fit.variable)
        rows.append([words, fit.count, factor * fit.analysis_rms, factor * fit.analysis_bias])
    table(f"Observations minus {Path(store).name}", ["variable", "number", "RMS", "mean"], rows)
