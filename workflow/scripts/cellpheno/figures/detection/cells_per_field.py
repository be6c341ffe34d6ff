"""Draw how many cells a field has, and how many of them are not negative (3C, 3D)."""

import pandas as pd
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.figures.statistics.frequencies import draw_boxes


def summarise(frequencies: pd.DataFrame, negative: str) -> pd.DataFrame:
    """Return condition, n_cells, n_special and share of each field of a frequencies table.

    Special cells are those not of the negative class; the share is missing without cells.
    """
    fields = frequencies[frequencies["class"] == negative]
    special = fields["n_cells"] - fields["n_class"]
    share = special / fields["n_cells"].where(fields["n_cells"] > 0)
    return fields[["field", "condition", "n_cells"]].assign(n_special=special, share=share)


@style.styled
def draw(
    annotated: pd.DataFrame, called: pd.DataFrame, excluded: list[str], palette: style.Palette
) -> Figure:
    """Draw a row of panels for annotated fields and one for fields with called cells.

    Both frequencies tables lack the classes `excluded`. A single class has no special cells.
    """
    sources = {"annotated": annotated, "called": called}
    single = palette.classes[0] if len(palette.classes) == 1 else None
    rows = {
        name: summarise(table, single or palette.negative or "") for name, table in sources.items()
    }
    rows = {name: fields for name, fields in rows.items() if len(fields)}
    if not rows:
        return style.message("No field was annotated and none has called cells.")
    columns = {"n_cells": "cells per field"}
    if not single:
        special = special_name(palette, excluded)
        columns |= {"n_special": f"{special} per field", "share": f"share of {special}"}
    width = style.COLUMN_MM if single else style.PAGE_MM
    made = style.figure(width, len(rows) * 54 + 3)
    places = made.subplots(len(rows), len(columns), squeeze=False)
    for row, (source, fields) in zip(places, rows.items(), strict=True):
        colours = palette.of_conditions(fields["condition"])
        numbers = fields["condition"].value_counts()
        names = [f"{name} ({numbers[name]})" for name in colours]
        for axes, (column, label) in zip(row, columns.items(), strict=True):
            values = fields[["condition", column]].rename(columns={column: "value"}).dropna()
            draw_boxes(axes, values, colours)
            margin = 1.0 if len(names) == 1 else 0.6
            axes.set(ylabel=label, xlim=(-margin, len(names) - 1 + margin))
            style.name_ticks(axes, names, room=30)
        for axes, column in zip(row, columns, strict=True):
            if column == "share":
                style.percent(axes)
            else:
                axes.yaxis.get_major_locator().set_params(integer=True)
        row[0].set_title(source, loc="left")
    return made


def special_name(palette: style.Palette, excluded: list[str]) -> str:
    """Return a name for all counted cells that are not of the negative class."""
    counted = {name for name in palette.positives if name not in excluded}
    for name, group in palette.groups.items():
        if set(group) - set(excluded) == counted:
            return name
    return next(iter(counted)) if len(counted) == 1 else f"cells other than {palette.negative}"
