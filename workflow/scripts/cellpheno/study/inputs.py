"""What networks see: named inputs, each a list of channels that are rescaled in one way (C13)."""

from typing import Any

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known

COMPOSITE = "composite"
"""The input that every study has: the channels shown as red, green and blue."""
COLOURS = ("red", "green", "blue")
SCALING = ("rescale", "bits")
"""What an input may do otherwise than the composite."""

Planes = dict[str, dict[str, str]]
"""Plane: the channel that it shows, and the two of `SCALING`."""


def names(config: dict[str, Any]) -> list[str]:
    """Return the names of all inputs of a study."""
    return [COMPOSITE, *config["inputs"]]


def composite(config: dict[str, Any]) -> list[str]:
    """Return the channels of the composite, that of red first."""
    return [config["composite"][colour] for colour in COLOURS]


def sources(config: dict[str, Any], name: str) -> list[str]:
    """Return the channels of an input, however they are rescaled."""
    return composite(config) if name == COMPOSITE else list(_settings(config, name)["channels"])


def channels(config: dict[str, Any], name: str) -> list[str]:
    """Return the planes of converted fields that are an input, in the order of its channels.

    A channel that is rescaled as in the composite has its own name there, another way of
    rescaling is added to it.
    """
    own = _scaling(config, name)
    changed = [own[key] for key in SCALING if own[key] != config["composite"][key]]
    ending = f" ({', '.join(changed)})" if changed else ""
    return [channel + ending for channel in sources(config, name)]


def planes(config: dict[str, Any]) -> Planes:
    """Return what converted fields hold: channels as in the composite, then what inputs add."""
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
    """Refuse inputs of channels that the study does not have.

    Raises
    ------
    StudyError
        For the first input that has the name of the built-in one, names an unknown channel, or
        asks for all bits of values that are cut off after the upper eight.
    """
    for name in config["inputs"]:
        if name == COMPOSITE:
            raise StudyError(
                f"{source}: inputs has an entry {COMPOSITE}, which is the name of the red, green "
                "and blue of the section composite; rename it."
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
    """Return the entry of an input; a list is that of its channels."""
    own = config["inputs"][name]
    return own if isinstance(own, dict) else {"channels": own}


def _scaling(config: dict[str, Any], name: str) -> dict[str, str]:
    """Return how the channels of an input are rescaled: `rescale` and `bits`."""
    shown = {key: config["composite"][key] for key in SCALING}
    own = {} if name == COMPOSITE else _settings(config, name)
    if own.get("rescale") == "none":
        return {"rescale": "none", "bits": "top_byte"}
    return {key: own.get(key, shown[key]) for key in SCALING}
