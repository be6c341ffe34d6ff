"""Convert the raw channel files of fields to rescaled channels and quality measures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.images import composite
from cellpheno.images.quality import measures
from cellpheno.images.quality.histogram import histogram
from cellpheno.images.reading import readers

Image = npt.NDArray[np.uint8]

AUTO = "auto"
"""Value of `composite.rescale` that leaves photographs as they are and stretches all else."""
UNKNOWN = ("saturated_fraction", "focus", "height", "width", "pixel_size_um")
"""Measures that an unreadable field lacks."""


class Converter:
    """Converts the fields of a shard one by one and records their quality.

    `settings` and `files` are the config's sections `composite` and `image_files`. `ranges` maps
    channels to low and high, for the rule `study`. `planes` are those of `inputs.planes`; by
    default, each channel as in the composite. Raises a StudyError for a channel without a window.
    """

    def __init__(
        self,
        channels: Sequence[str],
        settings: Mapping[str, Any],
        files: Mapping[str, Any] | None = None,
        ranges: Mapping[str, Sequence[float]] | None = None,
        planes: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        composite.check_windows(channels, settings)
        self.channels = channels
        self.settings = settings
        self.files = files or {}
        self.ranges = settings["window"] if ranges is None else ranges
        self.planes: dict[str, Any] = dict.fromkeys(channels) | dict(planes or {})
        self._records: list[dict[str, Any]] = []

    def images(self, rows: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, Image]]:
        """Yield name and image [height, width, planes] of every readable field."""
        for row in rows:
            record = {**row, "verdict": measures.OK, "remark": "", **dict.fromkeys(UNKNOWN, np.nan)}
            record["rescale"] = self.settings["rescale"]
            self._records.append(record)
            try:
                image = self._convert(row, record)
            except StudyError as error:
                # the verdict goes into a tab-separated table
                record["verdict"] = " ".join(str(error).split())
                continue
            yield row["field"], image

    def table(self) -> pd.DataFrame:
        """Return the quality table of the fields so far, including the sheet's own columns."""
        frame = pd.DataFrame(self._records)
        return frame.assign(rescale=frame.pop("rescale"))

    def _convert(self, row: Mapping[str, str], record: dict[str, Any]) -> Image:
        """Return the image of one field and fill in its record."""
        raw = readers.read_field(row, self.channels, self.files)
        record |= {"content": raw.content, "pixel_size_um": raw.pixel_size_um}
        record["remark"] = "; ".join(raw.faults)
        record["height"], record["width"] = composite.common_shape(raw.channels)
        rules = {name: self._rule(name in raw.photograph) for name in raw.channels}
        record["rescale"] = ", ".join(dict.fromkeys(rules.values()))
        rescaled: dict[str, Image] = {}
        for name, channel in raw.channels.items():
            values = histogram(channel)
            shown, counted = channel, values
            if self.settings.get("bits") == "top_byte":
                shown = composite.top_byte(channel)
                counted = histogram(shown)
            low, high = composite.channel_range(
                counted,
                rules[name],
                self.settings["percentiles"],
                self.ranges.get(name),
            )
            rescaled[name] = composite.rescale(shown, low, high)
            record |= {f"{name}_low": low, f"{name}_high": high}
            record |= measures.measure(name, channel, values, rescaled[name])
        record |= measures.worst(record, self.channels)
        for name, how in self.planes.items():
            if name not in rescaled:
                files = {channel: row[channel] for channel in self.channels}
                if how["rescale"] == AUTO:
                    how = {**how, "rescale": rules[how["channel"]]}
                percentiles = self.settings["percentiles"]
                rescaled[name] = composite.plane(raw.channels, how, files, percentiles, self.ranges)
        return composite.stack([rescaled[name] for name in self.planes])

    def _rule(self, in_colours: bool) -> composite.Rule:
        """Return the rule of a channel, which may be one of the colours of a photograph."""
        if self.settings["rescale"] != AUTO:
            return self.settings["rescale"]
        return "none" if in_colours else "percentile"
