"""Judge every field: `ok`, or the reasons why it is set aside (A4)."""

import collections
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.images.quality import limits, swapped_channels, unequal_losses
from cellpheno.images.quality.measures import OK
from cellpheno.study.inputs import COLOURS, colours_of_one_file

SATURATED = "max_saturated_fraction"
ALONE = (SATURATED, "min_contrast")
"""Limits beyond which a channel is so bad that its other measures mean nothing."""
GROUPINGS = {"condition": ["condition"], "replicate": ["condition", "replicate"]}
"""Columns of the quality table that define groups of fields."""
EXCUSES = {
    SATURATED: (),
    "min_background": ("condition", "replicate"),
    "max_background": ("condition", "replicate"),
}
"""Groupings that excuse a field beyond a robust limit; by default, the condition."""


@dataclasses.dataclass(frozen=True)
class Reason:
    """A reason against a field."""

    kind: str
    """Key of the config's section `quality`."""
    channel: str
    text: str
    """The sentence with the value and the limit."""
    excuses: tuple[str, ...] = ("condition",)
    """Groupings that excuse the field if most fields of its group have this reason."""


def check_depths(fields: pd.DataFrame, channels: Sequence[str]) -> None:
    """Raise a StudyError for a channel whose files differ in bit depth.

    They may differ unless the rule of the conversion, `study` or `window`, maps the same counts
    to 0 and 255 in every field. `fields` is the quality table.
    """
    if not fields["rescale"].isin(["study", "window"]).any():
        return
    for channel in channels:
        bits = pd.Series(limits.numbers(fields, channel, "bits"), fields["field"]).dropna()
        if len(bits.unique()) > 1:
            found = ", ".join(
                f"{depth:g} bits in {len(part)} fields such as {part.index[0]}"
                for depth, part in bits.groupby(bits)
            )
            raise StudyError(
                f"The files of the channel {channel} hold {found}, but composite.rescale: "
                f"{fields['rescale'].iloc[0]} takes equal counts for equal brightness; save them "
                "with one depth, or use the rule percentile or image."
            )


def judge(
    fields: pd.DataFrame, found: pd.DataFrame, settings: Mapping[str, Any], channels: Sequence[str]
) -> pd.DataFrame:
    """Return the quality table with a verdict and a remark on every field.

    The verdict is `ok` or the reasons why the field is set aside. Reasons that two or more and
    over half of the fields of a condition share are remarks, because a drug may have caused them;
    so are backgrounds that most fields of a replicate share, because days differ. Saturation,
    limits fixed by the config and the pixel size always set a field aside. Unreadable fields keep
    their verdict, and remarks include faults of metadata.

    Raises a StudyError when fields are bad and `on_bad` is `stop`, or when every field is bad.
    """
    reasons = _reasons(fields, found, settings, channels)
    excused = _excused(fields, reasons)
    verdicts, remarks = [], []
    keys: collections.Counter[str] = collections.Counter()
    row: Any
    for row, against, kept in zip(fields.itertuples(), reasons, excused, strict=True):
        unread, noted = row.verdict, getattr(row, "remark", "")
        left = [reason for reason in against if reason not in kept]
        keys.update({reason.kind for reason in left})
        verdicts.append(unread if unread != OK else _joined(left) or OK)
        usual = f"{_joined(kept)} (used, as most fields of its condition or replicate are so)"
        parts = [noted, usual if verdicts[-1] == OK and kept else ""]
        remarks.append("; ".join(filter(None, parts)))
    judged = fields.assign(verdict=verdicts, remark=remarks).astype(
        {"verdict": "str", "remark": "str"}
    )
    unequal_losses.warn_of_limits(keys, len(fields))
    _refuse(judged, settings)
    return judged


def _reasons(
    fields: pd.DataFrame, found: pd.DataFrame, settings: Mapping[str, Any], channels: Sequence[str]
) -> list[list[Reason]]:
    """Return the reasons against each readable field.

    Consequences of a fault are no further reason: swapped channels are not judged one by one, an
    empty field neither, and an over-exposed field is not empty. Reasons that are never excused
    always remain.
    """
    of_size = found["key"] == limits.PIXEL_SIZE
    beyond = _beyond(fields, found[~of_size], settings["empty_contrast"])
    sizes = _wrong_sizes(fields, found.loc[of_size, "limit"].item())
    mixed = _mixed_up(fields, settings, channels)
    empty = _empty(fields, settings["empty_contrast"], channels)
    reasons = []
    for row, unread in enumerate(fields["verdict"]):
        of_channels = _of_channels(beyond.get(row, {}), channels)
        never_excused = [reason for reason in of_channels if not reason.excuses]
        saturated = any(reason.kind == SATURATED for reason in of_channels)
        whole = mixed[row] or ([] if saturated else empty[row])
        against = [*never_excused, *whole] if whole else of_channels
        reasons.append([*sizes[row], *against] if unread == OK else [])
    return reasons


def _beyond(
    fields: pd.DataFrame, found: pd.DataFrame, blank: float | None
) -> dict[int, dict[tuple[str, str], Reason]]:
    """Return the reason for every measure beyond its limit, by row and by key and channel."""
    beyond: dict[int, dict[tuple[str, str], Reason]] = {}
    limit: Any
    for limit in found[found["limit"].notna()].itertuples():
        measure = limits.BY_KEY[limit.key]
        values = limits.numbers(fields, limit.channel, measure.number)
        excuses = EXCUSES.get(limit.key, ("condition",)) if limit.how == limits.ROBUST else ()
        bad = measure.is_bad(values, limit.limit)
        if limit.key == "min_background" and limit.how == limits.ROBUST:
            bad &= _lost_light(fields, limit)
        for row in np.flatnonzero(bad):
            text = _sentence(measure, limit, values[row], blank or 0.0)
            reason = Reason(limit.key, limit.channel, text, excuses)
            beyond.setdefault(int(row), {})[limit.key, limit.channel] = reason
    return beyond


def _lost_light(fields: pd.DataFrame, limit: Any) -> npt.NDArray[np.bool_]:
    """Return which fields have darker bright pixels too.

    The darkest pixels of a bright field are cells, and a large cell is no fault.
    """
    background = limits.numbers(fields, limit.channel, "background")
    brightest = background + limits.numbers(fields, limit.channel, "signal")
    less: npt.NDArray[np.bool_] = (
        brightest < np.nanmedian(brightest) - (limit.median - limit.limit) / 2
    )
    return less


def _sentence(measure: limits.Measure, limit: Any, value: float, blank: float) -> str:
    channel, bound = limit.channel, f"limit {limit.limit:.3g}"
    match limit.key:
        case "max_saturated_fraction":
            return f"over-exposed: {value:.3g} of the pixels of {channel} saturated, {bound}"
        case "min_contrast" if value < blank:
            usual = f"other fields {limit.median:.3g}"
            return f"blank channel: {channel} has a contrast to noise of {value:.3g}, {usual}"
        case "min_contrast":
            return f"under-exposed: {channel} has a contrast to noise of {value:.3g}, {bound}"
        case "min_focus" | "min_detail":
            return f"out of focus: {measure.words} of {channel} {value:.3g}, {bound}"
        case _:
            side = "bright" if measure.bad == "above" else "dark"
            return f"{side} background: {channel} has {value:.4g} counts, limit {limit.limit:.4g}"


def _of_channels(beyond: Mapping[tuple[str, str], Reason], channels: Sequence[str]) -> list[Reason]:
    """Return the reasons against each channel, of which a bad one has only the first.

    Reasons that are never excused remain.
    """
    reasons = []
    for channel in channels:
        of_channel = [beyond[key, name] for key, name in beyond if name == channel]
        spoilt = next((reason for reason in of_channel if reason.kind in ALONE), None)
        reasons += [
            reason for reason in of_channel if spoilt in (None, reason) or not reason.excuses
        ]
    return reasons


def _empty(
    fields: pd.DataFrame, limit: float | None, channels: Sequence[str]
) -> list[list[Reason]]:
    """Return a reason for every field without structure in any channel."""
    contrast = np.stack([limits.numbers(fields, channel, "contrast") for channel in channels])
    highest = contrast.max(axis=0)  # NaN if one is unknown: not judged
    return [
        [
            Reason(
                "empty_contrast",
                "",
                f"empty: no channel has a contrast to noise above {value:.3g}, limit {limit:g}",
            )
        ]
        if limit is not None and value < limit
        else []
        for value in highest
    ]


def _mixed_up(
    fields: pd.DataFrame, settings: Mapping[str, Any], channels: Sequence[str]
) -> list[list[Reason]]:
    """Return a reason for every field whose channels look swapped or equal.

    The colours of one file are neither: nobody assigned them, and a grey picture has three alike.
    """
    known = fields["verdict"].eq(OK).sum()
    if colours_of_one_file(fields.iloc[0].to_dict()):
        channels = [name for name in channels if name not in COLOURS]
    if not channels or not settings["compare_channels"] or known < settings["robust_min_fields"]:
        return [[] for _ in range(len(fields))]
    reasons = []
    for same, moved in zip(
        swapped_channels.same_picture(fields, channels),
        swapped_channels.swapped(fields, channels),
        strict=True,
    ):
        texts = [f"{held} holds what {usual} holds elsewhere" for held, usual in moved.items()]
        against = [f"channels look swapped: {', '.join(texts)}"] if moved else []
        if same:
            against = [f"one picture in two channels: {same[0]} and {same[1]} are alike"]
        reasons.append([Reason("compare_channels", "", text) for text in against])
    return reasons


def _wrong_sizes(fields: pd.DataFrame, wanted: float) -> list[list[Reason]]:
    """Return a reason for every field with an unexpected pixel size."""
    return [
        [Reason(limits.PIXEL_SIZE, "", f"pixels of {size:.4g} um, expected {wanted:.4g} um", ())]
        if abs(size - wanted) > limits.SAME_SIZE * wanted
        else []
        for size in limits.pixel_sizes(fields)
    ]


def _excused(fields: pd.DataFrame, reasons: Sequence[Sequence[Reason]]) -> list[list[Reason]]:
    """Return, for each field, the reasons that most fields of its group share."""
    excused: list[list[Reason]] = [[] for _ in reasons]
    for grouping, columns in GROUPINGS.items():
        groups = list(fields[columns].itertuples(index=False, name=None))
        sizes = collections.Counter(groups)
        counts = collections.Counter(
            (group, reason.kind, reason.channel)
            for group, against in zip(groups, reasons, strict=True)
            for reason in against
        )
        for kept, group, against in zip(excused, groups, reasons, strict=True):
            for reason in against:
                common = counts[group, reason.kind, reason.channel] > max(1, sizes[group] / 2)
                if common and grouping in reason.excuses and reason not in kept:
                    kept.append(reason)
    return excused


def _joined(reasons: Sequence[Reason]) -> str:
    """Join reasons, and write the words before the colon only once."""
    texts, before = [], None
    for reason in reasons:
        words, _, numbers = reason.text.partition(": ")
        texts.append(numbers if words == before else reason.text)
        before = words
    return "; ".join(texts)


def _refuse(judged: pd.DataFrame, settings: Mapping[str, Any]) -> None:
    """Refuse a study with bad fields if `on_bad` is `stop`, and one without any good field."""
    bad = judged[judged["verdict"] != OK]
    if len(bad) and (settings["on_bad"] == "stop" or len(bad) == len(judged)):
        shown = "; ".join(
            f"{field}: {verdict.rstrip('.')}"
            for field, verdict in bad[["field", "verdict"]].head(5).to_numpy()
        )
        more = f"; and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise StudyError(
            f"{len(bad)} of {len(judged)} fields fail the quality control ({shown}{more}); replace "
            "them, leave them out of the sample sheet, or change quality in the config."
        )
