"""What networks see: named inputs, each a list of channels (C13 to C15)."""

from typing import Any

from cellpheno.errors import StudyError
from cellpheno.known import check_known

COMPOSITE = "composite"
"""The input that every study has: the channels shown as red, green and blue."""
COLOURS = ("red", "green", "blue")


def names(config: dict[str, Any]) -> list[str]:
    """Return the names of all inputs of a study."""
    return [COMPOSITE, *config["inputs"]]


def composite(config: dict[str, Any]) -> list[str]:
    """Return the channels of the composite, that of red first."""
    return [config["composite"][colour] for colour in COLOURS]


def channels(config: dict[str, Any], name: str) -> list[str]:
    """Return the channels of an input, in the order in which a network takes them."""
    return composite(config) if name == COMPOSITE else list(config["inputs"][name])


def check(config: dict[str, Any], source: str) -> None:
    """Refuse inputs of channels that the study does not have.

    Raises
    ------
    StudyError
        For the first input that has the name of the built-in one, or names an unknown channel.
    """
    for name, own in config["inputs"].items():
        if name == COMPOSITE:
            raise StudyError(
                f"{source}: inputs has an entry {COMPOSITE}, which is the name of the red, green "
                "and blue of the section composite; rename it."
            )
        for channel in own:
            check_known(channel, config["channels"], f"{source}: inputs.{name}", "channels")
