"""Draw the size of annotated objects in each condition: superplots or box plots, stars."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from cellpheno.figures import style
from cellpheno.figures.statistics.frequencies import draw_panels, named_conditions, tests_of
from cellpheno.statistics.measures import ALL, per_unit


@style.styled
def draw(
    measures: pd.DataFrame,
    tests: pd.DataFrame,
    measure: str,
    entry: Mapping[str, str],
    palette: style.Palette,
) -> Figure:
    """Draw a panel for all classes together and for each class that several conditions have.

    Points are units of the test `entry`, stars its adjusted p.
    """
    measures = measures[measures["measure"] == measure]
    units = per_unit(measures, entry["unit"]).dropna(subset="value")
    if units.empty:
        return style.message(f"No annotated object of the experiment has a known {measure}.")
    conditions = units.groupby("class")["condition"].nunique()
    names = [name for name in palette.classes if conditions.get(name, 0) > 1]
    names = [ALL, *names] if len(palette.classes) > 1 else list(palette.classes)
    chosen = tests_of(tests[tests["measure"] == measure], entry)
    colours = palette.of_conditions(named_conditions(units, chosen))
    made = draw_panels(units, chosen, names, colours, measures)
    unit = measures["measure_unit"].iloc[0]
    made.supylabel(f"median {measure} in a field, {unit}", fontsize=7)
    return made
