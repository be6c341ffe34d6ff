"""Shorten long names in figures, and write them out in full below."""

import dataclasses
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

LONGEST = 22
"""Most letters of a name in a figure."""
COLUMNS = (
    *("class", "label", "call", "condition", "control", "replicate", "group", "field"),
    *("experiment", "detector", "subset", "suggested", "annotator", "rater"),
)
"""Columns of tables with names that users choose."""
KEY_SIZE = 5.5
"""Font size of the full names, in points."""
KEY = "names in full"
LETTER_MM = 1.15
"""Mean width of their letters."""


def shortened(names: Sequence[str]) -> dict[str, str]:
    """Return a distinct short form, beginning and end, of each name that is too long."""
    taken = {name for name in names if len(name) <= LONGEST}
    short: dict[str, str] = {}
    for name in dict.fromkeys(names):
        if len(name) <= LONGEST:
            continue
        form = f"{name[: LONGEST - 9]}…{name[-8:]}"
        number = 2
        while form in taken:
            form = f"{name[: LONGEST - 6]}…({number})"
            number += 1
        taken.add(form)
        short[name] = form
    return short


def names_in(value: Any) -> Iterator[str]:
    """Yield the names in tables, palettes and panels that users have chosen."""
    if isinstance(value, pd.DataFrame):
        for column in COLUMNS:
            if column in value:
                yield from (name for name in value[column].unique() if isinstance(name, str))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            own = getattr(value, field.name)
            yield from [own] if isinstance(own, str) else names_in(own)
            if isinstance(own, Sequence | Mapping) and not isinstance(own, str):
                yield from (name for name in own if isinstance(name, str))
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from names_in(part)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from names_in(part)


def renamed(value: Any, short: Mapping[str, str]) -> Any:
    """Return a value with every name in it replaced by its short form."""
    if isinstance(value, str):
        return short.get(value, value)
    if isinstance(value, pd.DataFrame):
        columns = {column: value[column].replace(short) for column in COLUMNS if column in value}
        probabilities = {f"p_{name}": f"p_{form}" for name, form in short.items()}
        return value.assign(**columns).rename(columns=probabilities)
    if isinstance(value, pd.Series):
        return value.replace(short)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
        return dataclasses.replace(value, **{k: renamed(v, short) for k, v in parts.items()})
    if isinstance(value, dict):
        return {renamed(key, short): renamed(part, short) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(renamed(part, short) for part in value)
    return value


def add_key(made: Figure, short: Mapping[str, str]) -> None:
    """Write the long names behind a figure's short ones below it, outside of its layout."""
    # titles are wrapped, even within a word
    drawn = "\n".join(_without_blanks(text.get_text()) for text in made.findobj(Text))
    letters = int(made.get_figwidth() * 25.4 / LETTER_MM)
    lines = [
        line
        for name, form in sorted(short.items())
        if _without_blanks(form) in drawn
        for line in textwrap.wrap(f"{form} = {name}", letters, subsequent_indent="    ")
    ]
    if lines:
        key: dict[str, Any] = {"fontsize": KEY_SIZE, "va": "top", "ha": "left", "linespacing": 1.2}
        made.text(0.01, 0, "\n".join(lines), in_layout=False, gid=KEY, **key)


def _without_blanks(text: str) -> str:
    return "".join(text.split())


def with_key(made: Figure) -> Bbox:
    """Return the area of a figure and the key below it, in inches.

    The layout is fixed first, because Matplotlib would move a figure's legends to the lower edge of
    the key, and keeps room for legends only as long as they have no fixed place.
    """
    keys = [text for text in made.texts if text.get_gid() == KEY]
    height = 0.0
    if keys:
        lines = keys[0].get_text().count("\n") + 1
        height = lines * KEY_SIZE * 1.35 / 72 + 0.06
        made.draw_without_rendering()
        made.set_layout_engine("none")
        for legend in made.legends:
            legend.set_bbox_to_anchor((0, 0, 1, 1), transform=made.transFigure)
    return Bbox.from_extents(0, -height, made.get_figwidth(), made.get_figheight())
