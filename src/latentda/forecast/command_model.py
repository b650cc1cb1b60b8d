"""Any program as a forecast model: a state goes in as NetCDF, and that of a step later comes out.

Both files have the names and layout of WeatherBench 2, with the state's valid time. The program is started anew for
every step, without a shell, in the current folder.
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import ClassVar

import equinox as eqx
from jaxtyping import Float
from numpy import ndarray

from latentda.fields import open_store, read_states, to_dataset, write_netcdf
from latentda.forecast.host import HostModel
from latentda.grid import datetime_of_hours
from latentda.user_error import UserError

PLACES = ("{input}", "{output}", "{hours}")
"""What a command line may say: the two files and the length of a step in hours."""


class CommandModel(HostModel):
    """A command line as a :class:`~latentda.forecast.model.ForecastModel`.

    Attributes:
        command: such as ``"./forecast.sh {input} {output}"``; see :data:`PLACES`.

    Raises:
        UserError: a command line that does not say where it reads and writes.
    """

    command: str = eqx.field(static=True)

    differentiable: ClassVar[bool] = False

    def __check_init__(self) -> None:
        missing = [place for place in PLACES[:2] if place not in self.command]
        if missing:
            raise UserError(f"The command '{self.command}' must say {' and '.join(missing)}, the files of the states.")

    def run(self, field: Float[ndarray, "channel lat lon"], hours: int) -> Float[ndarray, "channel lat lon"]:
        """f(x).

        Raises:
            UserError: the program fails, or writes no state of the time that was wanted.
        """
        with tempfile.TemporaryDirectory(prefix="latentda-model-") as folder:
            given, made = Path(folder) / "input.nc", Path(folder) / "output.nc"
            write_netcdf(to_dataset(field[None], self.layout, [datetime_of_hours(hours)]), given)
            self._run(given, made)
            dataset = open_store(made).load()
            try:
                return read_states(dataset, self.layout, [datetime_of_hours(hours + self.step_hours)])[0]
            finally:
                dataset.close()

    def _run(self, given: Path, made: Path) -> None:
        words = dict(zip(PLACES, (str(given), str(made), str(self.step_hours)), strict=True))
        line = [_filled(word, words) for word in shlex.split(self.command)]
        try:
            ended = subprocess.run(line, capture_output=True, text=True, check=False)
        except OSError as error:
            raise UserError(f"The program {line[0]} cannot be started: {error.strerror}.") from error
        if ended.returncode:
            said = (ended.stderr or ended.stdout).strip().splitlines()[-1:]
            raise UserError(
                f"The program {line[0]} ended with code {ended.returncode}{': ' + said[0] if said else ''}."
            )
        if not made.exists():
            raise UserError(f"The program {line[0]} ended without writing {{output}}.")


def _filled(word: str, words: dict[str, str]) -> str:
    for place, text in words.items():
        word = word.replace(place, text)
    return word
