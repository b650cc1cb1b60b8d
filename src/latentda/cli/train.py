"""``latentda train`` and ``latentda estimate``: from a store to scales, weights and background errors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentda.cli.show import one_sentence, table, track, where

train = typer.Typer(no_args_is_help=True, help="Train networks.")
estimate = typer.Typer(no_args_is_help=True, help="Estimate scales and background errors.")

Data = Annotated[Path, typer.Option(help="Store of states (Zarr or NetCDF, WeatherBench 2 names).")]
Assets = Annotated[Path, typer.Option(help="Folder of scales, weights and background errors.")]
Start = Annotated[str | None, typer.Option(help="First date of the period.")]
End = Annotated[str | None, typer.Option(help="End of the period, exclusive.")]


@train.command("autoencoder")
def train_autoencoder(
    data: Data,
    assets: Assets,
    start: Start = None,
    end: End = None,
    validate_from: Annotated[str | None, typer.Option(help="Score on the states from this date on.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML with 'network' and 'training' settings.")] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps, over the configuration's.")] = None,
) -> None:
    """Train the autoencoder on a store; a killed training goes on from its checkpoint."""
    with one_sentence():
        from latentda.experiments.learning import learn_autoencoder, read_learning_settings

        settings = read_learning_settings(config, steps)
        learned = learn_autoencoder(data, assets, settings, start, end, validate_from, track=track)
        table("Unexplained variance", ["channel", "linear", "network"], learned.rows)
        where(learned.weights)


@estimate.command("climatology")
def climatology(data: Data, assets: Assets, start: Start = None, end: End = None) -> None:
    """Fit the seasonal and daily cycle and the scale of every channel."""
    with one_sentence():
        from latentda.experiments.statistics import make_standardizer
        from latentda.fields import layout_of_store, open_store

        assets.mkdir(parents=True, exist_ok=True)
        layout = layout_of_store(open_store(data), ["u", "v", "t", "q", "sp"])
        where(make_standardizer(data, layout, start, end, assets / "standardizer.safetensors"))


@estimate.command("pairs")
def pairs(
    data: Data,
    assets: Assets,
    out: Annotated[Path, typer.Option(help="Folder of the cycling run and of the pairs.")],
    count: Annotated[int, typer.Option(help="Number of cycles, or of pairs with --from-nature.")] = 560,
    start: Annotated[str, typer.Option(help="Start of the cycling.")] = "2001-02-01",
    factor: Annotated[float, typer.Option(help="On the variances of the first background error.")] = 5.0,
    from_nature: Annotated[
        bool, typer.Option("--from-nature", help="Without a cycling run, for a first estimate.")
    ] = False,
) -> None:
    """Make pairs of forecasts valid at one time, of a cycling run or of the nature run itself."""
    with one_sentence():
        from latentda.experiments.assets import Assets as Folder
        from latentda.experiments.statistics import cycling_pairs, nature_pairs

        out.mkdir(parents=True, exist_ok=True)
        if from_nature:
            where(nature_pairs(data, Folder(assets), count, out / "pairs.safetensors", track=track))
        else:
            where(cycling_pairs(data, Folder(assets), start, count, out, factor=factor, track=track))


@estimate.command("background-error")
def background_error(
    pairs: Annotated[Path, typer.Option(help="File of pairs.")],
    assets: Assets,
    localization_radius_km: Annotated[float, typer.Option(help="Where latent correlations end.")] = 12000.0,
) -> None:
    """Estimate the background errors of model space and of latent space from pairs of forecasts."""
    with one_sentence():
        from latentda.experiments.assets import Assets as Folder
        from latentda.experiments.statistics import make_background_errors

        folder = Folder(assets)
        for path in make_background_errors(pairs, folder, localization_radius_km=localization_radius_km):
            where(path)
