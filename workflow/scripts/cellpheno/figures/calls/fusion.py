"""Compare how detector, classifier and both find the target class in images (C53)."""

import pandas as pd
from matplotlib.figure import Figure

from cellpheno.figures import style

METRICS = {"ap50": "AP50", "f1": "F1 at IoU 0.5"}
CONVENTION = "sound"
TOP = 1.03
"""Upper end of axes of shares, so that points at 1 are not cut."""


def _named(weight: str) -> str:
    return {"0": "detector alone", "1": "classifier alone"}.get(
        weight, "w learnt on val" if weight == "learnt" else f"w = {weight}"
    )


@style.styled
def draw(metrics: pd.DataFrame, weights: pd.DataFrame) -> Figure:
    """Draw AP50 and F1 for each weight with 95 % intervals, and AP50 on val for every weight.

    Means over seeds in the sound convention are drawn.
    """
    mean = metrics[(metrics["seed"] == "mean") & (metrics["convention"] == CONVENTION)]
    pairs = list(
        dict.fromkeys(
            zip(weights["experiment"], weights["detector"], strict=True)
            if len(weights)
            else zip(mean["experiment"], mean["detector"], strict=True)
        )
    )
    if mean["value"].isna().all() or not pairs:
        return style.message("There are no annotated cells of the target class to find.")
    # sorted by name, so that an experiment has the same colour as in the learning curve
    colours = dict(zip(sorted(pairs), style.enough(style.OKABE_ITO, len(pairs)), strict=True))
    kinds = list(dict.fromkeys(mean["weight"]))
    made = style.figure(style.PAGE_MM, 66 + 4 * len(pairs))
    places = made.subplots(1, 3, width_ratios=[1, 1, 0.8])
    for axes, (metric, title) in zip(places, METRICS.items(), strict=False):
        for number, pair in enumerate(pairs):
            own = mean[(mean["experiment"] == pair[0]) & (mean["detector"] == pair[1])]
            own = own[own["metric"] == metric].set_index("weight").reindex(kinds)
            offset = 0.6 * ((number + 0.5) / len(pairs) - 0.5)
            x = [place + offset for place in range(len(kinds))]
            low, high = own["value"] - own["ci_low"], own["ci_high"] - own["value"]
            axes.errorbar(
                x, own["value"], yerr=[low.clip(lower=0), high.clip(lower=0)], fmt="o",
                markersize=3, linewidth=0.8, color=colours[pair],
            )  # fmt: skip
        axes.set(title=f"{title}, {mean['split'].iloc[0]}", ylim=(0, TOP))
        style.name_ticks(axes, [_named(kind) for kind in kinds], room=30)
    style.say_units(made, mean[mean["metric"].isin(METRICS)])
    curve = places[2]
    for pair in pairs:
        colour = colours[pair]
        own = weights[(weights["experiment"] == pair[0]) & (weights["detector"] == pair[1])]
        by_weight = own.groupby("weight")["ap50"].mean()
        label = f"{pair[0]}, boxes of {pair[1]}"
        curve.plot(by_weight.index, by_weight, color=colour, label=label)
        chosen = own[own["chosen"]]
        curve.plot(chosen["weight"], chosen["ap50"], "o", markersize=3.5, color=colour)
    curve.set(title="AP50 on val", xlabel="weight w of the classifier", ylim=(0, TOP))
    made.legend(*curve.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return made
