"""``latentda train`` and ``latentda estimate``: from a store to scales, weights and background errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from latentda.cli import errors
from latentda.cli.show import one_sentence, table, track, warnings_shown, where

train = typer.Typer(no_args_is_help=True, help="Train networks.")
estimate = typer.Typer(no_args_is_help=True, help="Estimate scales and background errors.")

Data = Annotated[str, typer.Option(help="Store of states (Zarr, NetCDF or GRIB), a path or a URL.")]
_OF_A_WORLD = "Folder of the world: its scales, weights and background errors."
World = Annotated[Path, typer.Option("--world", "--assets", help=_OF_A_WORLD)]
Start = Annotated[str | None, typer.Option(help="First date of the period.")]
End = Annotated[str | None, typer.Option(help="End of the period, exclusive.")]


@train.command("autoencoder")
def train_autoencoder(
    data: Data,
    world: World,
    start: Start = None,
    end: End = None,
    validate_from: Annotated[str | None, typer.Option(help="Score on the states from this date on.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="YAML with 'network', 'objective' and 'training'; by default chosen by the grid."),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.0, help="Without a file or --steps: how long to train, about.")] = 2.0,
    pairs: Annotated[Path | None, typer.Option(help="Forecast pairs, to learn differences of their size.")] = None,
    initial: Annotated[Path | None, typer.Option(help="Earlier weights to go on from.")] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps, over the configuration's.")] = None,
) -> None:
    """Train the autoencoder on a store; a killed training goes on from its checkpoint."""
    with one_sentence():
        from latentda.workflows.train_autoencoder import (
            HEADER,
            learn_autoencoder,
            read_learning_settings,
            suited_settings,
        )

        settings = read_learning_settings(config, steps)
        if config is None:
            settings = suited_settings(world, settings, minutes if steps is None else None)
        network, training = settings.network, settings.training
        typer.echo(
            f"Patches of {network.patch} points, {network.latent} latent channels, width {network.width}, "
            f"{network.blocks} blocks; {training.steps} steps of {training.batch_size} pairs of states."
        )
        learned = learn_autoencoder(
            data, world, settings, start, end, validate_from, pairs_file=pairs, initial=initial, track=track
        )
        table("Unexplained variance", HEADER, learned.rows)
        typer.echo(learned.throughput)
        where(learned.weights)


@train.command("forecast")
def train_forecast(
    data: Data,
    world: World,
    start: Start = None,
    end: End = None,
    validate_from: Annotated[str | None, typer.Option(help="Score on the states from this date on.")] = None,
    validate_to: Annotated[str | None, typer.Option(help="End of the scored period, exclusive.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML with 'network', 'rollout' and 'training' settings.")] = None,
    initial: Annotated[Path | None, typer.Option(help="Earlier weights to go on from.")] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps, over the configuration's.")] = None,
    latent: Annotated[bool, typer.Option("--latent", help="A step of the autoencoder's codes, not of states.")] = False,
) -> None:
    """Train a surrogate forecast on a store; a killed training goes on from its checkpoint."""
    with one_sentence():
        from latentda.workflows.train_forecast import HEADER, learn_forecast, read_forecast_settings

        settings = read_forecast_settings(config, steps)
        settings = replace(settings, latent=settings.latent or latent)
        if latent and config is None:  # a column of the code is a patch already
            settings = replace(settings, network=replace(settings.network, patch=1))
        learned = learn_forecast(
            data, world, settings, start, end, validate_from, validate_to, initial=initial, track=track
        )
        rows = [readable(*row) for row in learned.rows]
        table("Root mean square errors of held-out forecasts", HEADER, rows)
        typer.echo(learned.throughput)
        where(learned.weights)


def readable(channel: str, lead: int, *errors: float) -> list[Any]:
    """A row of scores in units that people read."""
    from latentda.figures.words import shown_channel

    factor, words = shown_channel(channel)
    return [words, lead, *(factor * error for error in errors)]


@estimate.command("climatology")
def climatology(
    data: Data,
    world: World,
    start: Start = None,
    end: End = None,
    annual: Annotated[
        int | None, typer.Option(min=0, help="Harmonics of the year; by default 2 where the states can tell them.")
    ] = None,
    diurnal: Annotated[
        int | None, typer.Option(min=0, help="Harmonics of the day; by default 1 where the states can tell it.")
    ] = None,
) -> None:
    """Fit the seasonal and daily cycle and the scale of every channel."""
    with one_sentence(), warnings_shown():
        from latentda.fields import layout_of_store, open_store
        from latentda.workflows.estimate import make_standardizer
        from latentda.world import WorldFolder

        world.mkdir(parents=True, exist_ok=True)
        settings = WorldFolder(world).settings
        layout = layout_of_store(open_store(data), settings.variables or None, settings.levels or None)
        file = world / "standardizer.safetensors"
        where(make_standardizer(data, layout, start, end, file, annual=annual, diurnal=diurnal))


estimate.command("pairs")(errors.pairs)
estimate.command("background-error")(errors.background_error)
