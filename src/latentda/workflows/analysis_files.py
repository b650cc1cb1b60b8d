"""The files of an analysis: fields as WeatherBench 2 has them, feedback, scores, and the report of all.

| file | what |
| --- | --- |
| analysis, increment, background | the states at the analysis time, and at all slots of a window |
| spread | standard deviation of the analysis error, where it was asked for |
| members | draws of the analysis, likewise |
| feedback.parquet | every datum with its verdict, O-B, O-A and the errors used; its impact (J/kg), likewise |
| scores.json | the fit to used and withheld data; the impact by class and variable, likewise |
| report.html | all of it to look at |
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr
from numpy import ndarray

from latentda.fields import to_dataset, write_netcdf
from latentda.fields.writer import consolidate
from latentda.files import whole
from latentda.grid import datetime_of_hours
from latentda.observations import write_table
from latentda.reports.analysis import analysis_report
from latentda.verification import write_scores
from latentda.verification.feedback_summary import summarise
from latentda.workflows.assimilated import Assimilated

Format = Literal["nc", "zarr"]

FEEDBACK, SCORES, REPORT = "feedback.parquet", "scores.json", "report.html"


def datasets(done: Assimilated, attributes: Mapping[str, str]) -> dict[str, xr.Dataset]:
    """The fields of an analysis as datasets, by the name of their file."""
    states = {"analysis": done.analysis, "increment": done.analysis - done.background, "background": done.background}
    found = {name: _dataset(done, name, values, attributes) for name, values in states.items()}
    if done.spread is not None:
        found["spread"] = _dataset(done, "spread", done.spread[None], attributes)
    if done.members is not None:
        each = [_dataset(done, "members", member[None], attributes) for member in done.members]
        found["members"] = xr.concat(each, xr.Variable("number", np.arange(len(each))))
    return found


_TITLES = {
    "analysis": "Analysis",
    "increment": "Analysis minus background",
    "background": "Background",
    "spread": "Standard deviation of the analysis error",
    "members": "Draws of the analysis",
}


def _dataset(done: Assimilated, name: str, values: ndarray, attributes: Mapping[str, str]) -> xr.Dataset:
    times = [datetime_of_hours(hours) for hours in done.hours[: len(values)]]
    return to_dataset(values, done.layout, times, {"title": f"{_TITLES[name]} of {done.time}", **attributes})


def write_assimilated(
    done: Assimilated, folder: Path, attributes: Mapping[str, str], kind: Format = "nc"
) -> dict[str, Path]:
    """Write an analysis and its report; what was in the folder under these names is replaced.

    Args:
        done: the analysis.
        folder: made if it is not there.
        attributes: of its provenance.
        kind: of the fields' files.

    Raises:
        UserError: the folder cannot be written to.
    """
    paths: dict[str, Path] = {}
    for name, dataset in datasets(done, attributes).items():
        paths[name] = folder / f"{name}.{kind}"
        write_dataset(dataset, paths[name])
    paths |= {Path(name).stem: folder / name for name in (FEEDBACK, SCORES, REPORT)}
    write_table(done.feedback, paths["feedback"])
    beside = {} if done.impact is None else {"impact": {"lead_hours": done.settings.lead_hours} | done.impact.to_dict()}
    write_scores(done.scores(), paths["scores"], beside)
    analysis_report(done, summarise([done.feedback]), attributes).write(paths["report"])
    return paths


def write_dataset(dataset: xr.Dataset, path: Path) -> None:
    """Write NetCDF, or Zarr with consolidated metadata, by the ending of the path; whole or not at all."""
    if path.suffix == ".nc":
        write_netcdf(dataset, path)
        return
    with whole(path) as partial:
        dataset.to_zarr(partial, mode="w", zarr_format=3, consolidated=False)
        consolidate(partial)
        _make_way(path)


def _make_way(path: Path) -> None:
    """Remove the store that a finished one replaces: a folder is not replaced by renaming."""
    if path.is_dir() and (path / "zarr.json").exists():
        shutil.rmtree(path)
