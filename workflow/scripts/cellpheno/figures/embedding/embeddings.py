"""Compare UMAPs of several classifiers' features, such as those of several inputs (C56)."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.figures.embedding import embedding

PANEL_MM = 52
LEGEND_MM = 14


def of_sheet(cells: pd.DataFrame, fields: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return an embedding table with additional columns of the sample sheet, as text."""
    further = [column for column in columns if column not in cells]
    there = fields.set_index("field")
    return cells.assign(
        **{column: cells["field"].map(there[column]) for column in further},
    )


@style.styled
def draw(
    experiments: Mapping[str, pd.DataFrame], columns: Sequence[str], palette: style.Palette
) -> Figure:
    """Draw a column of panels for each classifier: by annotated class, then by each sheet column.

    `experiments` maps classifiers to their embedding tables with `columns`.
    """
    if any(cells.empty for cells in experiments.values()):
        return style.message("Too few cells in the chosen splits to embed.")
    looks = {"label": {name: palette[name] for name in palette.classes}}
    for column in columns:
        values = sorted({value for cells in experiments.values() for value in cells[column]})
        looks[column] = (
            palette.of_conditions(values)
            if column == "condition"
            else dict(zip(values, style.enough(style.MUTED, len(values)), strict=True))
        )
    made = style.figure(style.PAGE_MM, PANEL_MM * len(looks) + LEGEND_MM)
    places = made.subplots(len(looks), len(experiments), squeeze=False)
    for row, (column, colours) in zip(places, looks.items(), strict=True):
        for axes, (name, cells) in zip(row, experiments.items(), strict=True):
            embedding.draw_cells(axes, cells, "umap", column, colours, palette.marker)
            if column == "label":
                known = cells["label"].notna().sum()
                axes.set_title(f"{name}\n({known:,} of {len(cells):,} annotated)")
        handles = embedding.dots(colours, palette.marker)
        if column == "label":
            handles += embedding.dots({"not annotated": embedding.UNKNOWN})
        title = "annotated class" if column == "label" else column
        row[-1].legend(handles=handles, title=title, loc="center left", bbox_to_anchor=(1.02, 0.5))
    return made
