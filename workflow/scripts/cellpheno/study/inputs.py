"""Inputs of networks: named lists of channels that are rescaled in one way (C13)."""

from collections.abc import Mapping
from typing import Any

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known

COMPOSITE = "composite"
"""The input of every study: the channels shown as red, green and blue."""
COLOURS = ("red", "green", "blue")
SCALING = ("rescale", "bits")
"""Settings in which an input may differ from the composite."""

Planes = dict[str, dict[str, str]]
"""Plane to its channel and its `SCALING`."""


def names(config: dict[str, Any]) -> list[str]:
    """Return the names of all inputs."""
    return [COMPOSITE, *config["inputs"]]


def composite(config: dict[str, Any]) -> list[str]:
    """Return the channels of the composite in the order red, green, blue."""
    return [config["composite"][colour] for colour in COLOURS]


def sources(config: dict[str, Any], name: str) -> list[str]:
    """Return the raw channels of an input."""
    return composite(config) if name == COMPOSITE else list(_settings(config, name)["channels"])


def channels(config: dict[str, Any], name: str) -> list[str]:
    """Return the planes of converted fields that form an input, in the order of its channels.

    A plane has the channel's name, followed by the scaling if it differs from the composite's.
    """
    own = _scaling(config, name)
    changed = [own[key] for key in SCALING if own[key] != config["composite"][key]]
    ending = f" ({', '.join(changed)})" if changed else ""
    return [channel + ending for channel in sources(config, name)]


def colours_of_one_file(row: Mapping[Any, str]) -> list[str]:
    """Return the channels red, green and blue (or two of them) of a row, if they share a file."""
    named = [colour for colour in COLOURS if colour in row]
    return named if len(named) > 1 and len({row[colour] for colour in named}) == 1 else []


def planes(config: dict[str, Any]) -> Planes:
    """Return the planes of converted fields: channels as in the composite, then other inputs."""
    kept = {
        channel: {"channel": channel, **_scaling(config, COMPOSITE)}
        for channel in config["channels"]
    }
    for name in config["inputs"]:
        own = _scaling(config, name)
        for plane, channel in zip(channels(config, name), sources(config, name), strict=True):
            kept.setdefault(plane, {"channel": channel, **own})
    return kept


def check(config: dict[str, Any], source: str) -> None:
    """Raise a StudyError for an input with a reserved name, an unknown channel or lost bits."""
    for name in config["inputs"]:
        if name == COMPOSITE:
            raise StudyError(
                f"{source}: inputs has an entry {COMPOSITE}, which is the input that the section "
                "composite defines; rename it."
            )
        own = _settings(config, name)
        for channel in own["channels"]:
            check_known(channel, config["channels"], f"{source}: inputs.{name}", "channels")
        if own.get("rescale") == "none" and own.get("bits") == "all":
            raise StudyError(
                f"{source}: inputs.{name} has rescale: none, which keeps the upper 8 of 16 bits, "
                "but bits: all; leave bits out, or choose another rescale."
            )


def _settings(config: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the settings of an input; a list gives its channels."""
    own = config["inputs"][name]
    return own if isinstance(own, dict) else {"channels": own}


def _scaling(config: dict[str, Any], name: str) -> dict[str, str]:
    """Return `rescale` and `bits` of an input."""
    shown = {key: config["composite"][key] for key in SCALING}
    own = {} if name == COMPOSITE else _settings(config, name)
    if own.get("rescale") == "none":
        return {"rescale": "none", "bits": "top_byte"}
    return {key: own.get(key, shown[key]) for key in SCALING}
