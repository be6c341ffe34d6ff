"""The config's `channels` and `image_files`, and the pictures made of them."""

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known
from cellpheno.study.inputs import COLOURS
from cellpheno.study.overrides import Config

RESERVED = {"field", "condition", "replicate", "group", "split", "verdict", "remark", "content"}
RESERVED |= {"pixel_size_um", "height", "width", "saturated_fraction", "focus", "rescale"}
"""Names that neither a channel nor a column of the user may have."""


def follow(config: Config) -> None:
    """Choose the colours that the config leaves open, in place.

    A channel named red, green or blue is that colour, and the others take the remaining channels in
    their order: one channel all of them, two the first red and green and the second blue. The
    annotator's view shows the composite where the config sets nothing else.
    """
    composite = config["composite"]
    for colour in COLOURS:
        if composite[colour] is None and colour in config["channels"]:
            composite[colour] = colour
    shown = {composite[colour] for colour in COLOURS}
    free = [colour for colour in COLOURS if composite[colour] is None]
    rest = [name for name in config["channels"] if name not in shown] or config["channels"]
    for number, colour in enumerate(free):
        composite[colour] = rest[number * min(len(rest), len(free)) // len(free)]
    shown = {composite[colour] for colour in COLOURS}
    hidden = [name for name in config["channels"] if name not in shown]
    if free and hidden:
        notices.warn(
            f"The composite, which networks see, does not show {', '.join(hidden)}: it "
            "has three colours, and the config does not say which channels they are; name them in "
            "composite, or give networks more channels by inputs."
        )
    view = config["annotator_view"]
    for colour in COLOURS:
        view[colour] = view[colour] or config["composite"][colour]
    if view["filtered"] is None:
        view["filtered"] = list(config["channels"])


def check(config: Config, source: str) -> None:
    """Refuse channels that are none of the study's, and ranges without a lower end."""
    for channel in config["channels"]:
        if channel in RESERVED:
            raise StudyError(
                f"{source}: a channel is named {channel!r}, as a column of the sample sheet or of "
                "qc/fields.tsv is; rename it."
            )
    for channel in config["image_files"]["planes"]:
        check_known(channel, config["channels"], f"{source}: image_files.planes", "channels")
    for section in ("composite", "annotator_view"):
        for colour in COLOURS:
            where = f"{source}: {section}.{colour}"
            check_known(config[section][colour], config["channels"], where, "channels")
    for channel in config["annotator_view"]["filtered"]:
        where = f"{source}: annotator_view.filtered"
        check_known(channel, config["channels"], where, "channels")
    ranges = {"composite.percentiles": config["composite"]["percentiles"]}
    ranges |= {f"composite.window.{k}": v for k, v in config["composite"]["window"].items()}
    for key, (low, high) in ranges.items():
        if low >= high:
            raise StudyError(f"{source}: {key} goes from {low} to {high}; put the lower one first.")
    if config["composite"]["rescale"] == "window":
        for channel in config["channels"]:
            if channel not in config["composite"]["window"]:
                raise StudyError(
                    f"{source}: composite.rescale is window, but composite.window has no entry "
                    f"for the channel {channel}; give it [low, high] in raw counts."
                )
