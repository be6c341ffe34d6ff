"""Define size, fonts, colour-blind safe colours and saving for all figures."""

import contextlib
import dataclasses
import functools
import logging
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, ParamSpec

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Patch, Rectangle
from matplotlib.textpath import text_to_path
from matplotlib.typing import LegendLocType, LineStyleType, RcKeyType

from cellpheno.core.files import whole
from cellpheno.figures import naming

COLUMN_MM = 85
"""Width of one column of a journal page."""
PAGE_MM = 178
"""Width of the whole page."""
DPI = 280
"""Makes a page-wide figure just under 2,000 pixels wide, which the report shows in full."""

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")
"""Colours of Okabe and Ito (2008) for classes; the negative class is grey."""
MUTED = ("#332288", "#88CCEE", "#44AA99", "#999933", "#CC6677", "#882255", "#DDCC77", "#117733")
"""Paul Tol's muted colours for conditions, so that no condition looks like a class."""
BRIGHT = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377")
"""Paul Tol's bright colours for replicates."""
NEGATIVE = "#8C8C8C"
GROUPS = ("#000000", "#5A5A5A", "#A0A0A0")
PUBLISHED = ("#FFFF00", "#FF0000", "#FF00FF", "#00FFFF", "#0000FF", "#008000")
"""Colours of the AIM-CICs paper, in its order of classes (A45)."""
PUBLISHED_NEGATIVE = "#000000"
PUBLISHED_GROUPS = ("#555555", "#8A8A8A", "#BBBBBB")
"""The paper's negative class is black, so groups are not."""
SCHEMES = {
    "colour_blind": (OKABE_ITO, NEGATIVE, GROUPS),
    "published": (PUBLISHED, PUBLISHED_NEGATIVE, PUBLISHED_GROUPS),
}
"""Colours of the positive classes, of the negative class and of groups."""
CONTROL = "#555555"
INK = "#222222"
ALERT = "#D55E00"

LABEL_SIZE = 7.0

# messages about embedded fonts do not help users
logging.getLogger("fontTools").setLevel(logging.WARNING)

RC: dict[RcKeyType, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so the same on every machine
    "font.size": 6.5,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.labelsize": LABEL_SIZE,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.0,
    "pdf.fonttype": 42,  # text stays text in the PDF
    "svg.fonttype": "none",
    "text.parse_math": False,  # a class may be called `$x$`
}

Arguments = ParamSpec("Arguments")


def styled(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Draw in this module's style, whatever the user's matplotlibrc says, with short names."""

    @functools.wraps(draw)
    def wrapped(*arguments: Arguments.args, **named: Arguments.kwargs) -> Figure:
        given = [*arguments, *named.values()]
        short = naming.shortened([name for one in given for name in naming.names_in(one)])
        shown: Callable[..., Figure] = draw
        values: tuple[Any, ...] = arguments
        keys: dict[str, Any] = named
        if short:
            values = tuple(naming.renamed(one, short) for one in values)
            keys = {key: naming.renamed(one, short) for key, one in keys.items()}
        with style():
            made = shown(*values, **keys)
            naming.add_key(made, short)
            return made

    return wrapped


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Set this module's style, without the user's or the working folder's matplotlibrc."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # docs/figures.md says so once
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        yield


def figure(width_mm: float, height_mm: float, images: bool = False) -> Figure:
    """Return an empty figure of a size on paper, whose parts make room for each other.

    Parts that are `images` keep their shape and move close together.
    """
    made = Figure(figsize=(width_mm / 25.4, height_mm / 25.4))
    layout: Literal["compressed", "constrained"] = "compressed" if images else "constrained"
    made.set_layout_engine(layout, w_pad=0.03, h_pad=0.04, wspace=0.03, hspace=0.04)
    return made


@styled
def message(sentence: str) -> Figure:
    """Return a figure with one sentence on why there is nothing to show."""
    made = figure(COLUMN_MM, 25)
    made.text(0.5, 0.5, sentence, ha="center", va="center", wrap=True, fontsize=7.5)
    return made


def save(made: Figure, pdf: str | Path, png: str | Path) -> None:
    """Write a figure as PDF and as PNG, without dates, so that equal input gives equal bytes."""
    with style():
        box = naming.with_key(made)
        with whole(pdf) as temporary:
            made.savefig(
                temporary, format="pdf", dpi=DPI, bbox_inches=box, metadata={"CreationDate": None}
            )
        with whole(png) as temporary:
            made.savefig(temporary, format="png", dpi=DPI, bbox_inches=box)


@dataclasses.dataclass(frozen=True)
class Palette:
    """The study's classes and conditions and their colours, the same in every figure.

    Classes are in the order of the config, conditions in that of the sample sheet. The `negative`
    class and the `control`, if any, are grey and dark grey, `groups` have shades of grey. `scheme`
    is one of `SCHEMES`: colour-blind safe, or the paper's (A45). `colours` overrides those of
    classes and groups.
    """

    classes: Sequence[str]
    negative: str | None
    groups: Mapping[str, Sequence[str]]
    conditions: Sequence[str]
    control: str | None = None
    scheme: str = "colour_blind"
    colours: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def positives(self) -> list[str]:
        """All classes but the negative one."""
        return [name for name in self.classes if name != self.negative]

    def __getitem__(self, name: str) -> str:
        """Return the colour of a class or group."""
        if name in self.colours:
            return self.colours[name]
        positives, negative, groups = SCHEMES[self.scheme]
        if name in self.positives:
            return enough(positives, len(self.positives))[self.positives.index(name)]
        if name in self.groups:
            return groups[min(list(self.groups).index(name), len(groups) - 1)]
        return negative

    def round(self, name: str) -> int:
        """Return the round of colours of a class: 0 for the first classes."""
        if name in self.colours or name not in self.positives:
            return 0
        return self.positives.index(name) // len(SCHEMES[self.scheme][0])

    def hatch(self, name: str) -> str:
        """Return the hatch of a class in bars and legends."""
        return HATCHES[self.round(name) % len(HATCHES)]

    def line(self, name: str) -> LineStyleType:
        """Return the line style of a class."""
        return LINES[self.round(name) % len(LINES)]

    def marker(self, name: str) -> str:
        """Return the marker of a class."""
        return MARKERS[self.round(name) % len(MARKERS)]

    def handles(self, names: Iterable[str]) -> list[Patch]:
        """Return the entries of a legend of classes."""
        return [
            Patch(facecolor=self[name], label=name, hatch=self.hatch(name), edgecolor="white", lw=0)
            for name in names
        ]

    def legend(
        self, made: Figure, names: Iterable[str], loc: LegendLocType, ncols: int = 1
    ) -> None:
        """Add a legend of classes to a figure."""
        look = {"ncols": ncols, "handlelength": 1, "handleheight": 1}
        made.legend(handles=self.handles(names), loc=loc, **look)

    def of_conditions(self, there: Iterable[str]) -> dict[str, str]:
        """Return the colours of the conditions in `there`, in the order of the sheet."""
        others = [name for name in self.conditions if name != self.control]
        colours = dict(zip(others, enough(MUTED, len(others)), strict=True))
        present = set(there)
        return {n: colours.get(n, CONTROL) for n in self.conditions if n in present}


SHADES = ((1.0, 0.0), (0.55, 0.0), (0.5, 0.5))
"""Rounds of colours: unchanged, darker, paler (share of the colour, and of white)."""
HATCHES = ("", "////", "....", "xxxx", "----", "++++")
LINES: tuple[LineStyleType, ...] = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
MARKERS = ("o", "^", "s", "D", "v", "P")
"""They distinguish colours of different rounds."""


def enough(colours: Sequence[str], number: int) -> list[str]:
    """Return `number` colours: the given ones, then darker and paler shades of them."""
    rounds = [SHADES[n % len(SHADES)] for n in range(-(-number // len(colours)))]
    shades = [
        colour if share == 1 else _shade(colour, share, white)
        for share, white in rounds
        for colour in colours
    ]
    return shades[:number]


def _shade(colour: str, share: float, white: float = 0.0) -> str:
    red, green, blue = (part * share + white for part in to_rgb(colour))
    return to_hex((red, green, blue))


def columns(names: Iterable[str], most: int = 7, width_mm: float = PAGE_MM) -> int:
    """Return the number of legend columns of these names that fit a width."""
    letters = max((len(name) for name in names), default=1)
    return max(1, min(most, int(width_mm / (1.3 * letters + 9))))


def luminance(colour: str) -> float:
    """Return the brightness of a colour, from 0 (black) to 1 (white)."""
    return float(np.dot(np.array(to_rgb(colour)) ** 2.2, (0.2126, 0.7152, 0.0722)))


def ink_on(colour: str) -> str:
    """Return black or white, whichever is legible on a colour."""
    return "black" if luminance(colour) > 0.3 else "white"


def as_ink(colour: str) -> str:
    """Return a colour, darkened until words in it are legible on white."""
    shades = (_shade(colour, 0.95**step) for step in range(40))
    return next(shade for shade in shades if luminance(shade) <= 0.25)


def stars(p: float) -> str:
    """Return one star below 0.05, two below 0.01, three below 0.001 (A50); none for missing p."""
    return "*" * sum(p < limit for limit in (0.05, 0.01, 0.001))


def spread(values: npt.NDArray[np.float64], width: float) -> npt.NDArray[np.float64]:
    """Return horizontal shifts [n] that separate points of close values, without randomness.

    Many points fill the width evenly, because a few columns of them would look like groups.
    """
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    pattern = np.array([0.0, 0.6, -0.6, 1.0, -1.0, 0.3, -0.3])
    if len(values) <= len(pattern):
        return width * (pattern[ranks] if len(values) > 1 else np.zeros(len(values)))
    golden = (np.sqrt(5) - 1) / 2  # its multiples never lie close together
    return width * (2 * (ranks * golden % 1) - 1)


SLANTED = 16
"""Most letters of a slanted name; a longer one would reach into the next panel."""


def name_ticks(
    axes: Axes, names: Sequence[str], places: Sequence[float] | None = None, room: int = 50
) -> None:
    """Name places on the x axis, slanted or upright if they do not fit next to each other.

    Places are 0, 1, 2 and so on by default; `room` letters fit below the axis.
    """
    longest = max(map(len, names), default=0)
    crowded = len(names) * (longest + 2) > room
    upright = crowded and (3 * len(names) > room or longest > SLANTED)
    axes.set_xticks(
        list(range(len(names)) if places is None else places),
        list(names),
        rotation=90 if upright else 35 if crowded else 0,
        ha="right" if crowded else "center",
        va="center" if upright else "top",
        rotation_mode="anchor",
    )


def ticks_mm(names: Iterable[str]) -> float:
    """Return the additional height for upright names below an axis."""
    longest = max((len(name) for name in names), default=0)
    return 1.1 * longest if longest > SLANTED else 0.0


ROW_LETTERS = 12
"""Letters of a line of a row's name."""


def name_row(axes: Axes, name: str, colour: str) -> None:
    """Name a row of pictures to the left of its first one, in short lines."""
    axes.set_ylabel(
        wrapped(name, ROW_LETTERS),
        color=as_ink(colour),
        fontweight="bold",
        rotation=0,
        ha="right",
        va="center",
    )


def row_name_mm(names: Iterable[str]) -> float:
    """Return the width that the names of rows take."""
    lines = [line for name in names for line in wrapped(name, ROW_LETTERS).split("\n")]
    return max((width_mm(line, LABEL_SIZE, "bold") for line in lines), default=0.0)


def wrapped(name: str, letters: int) -> str:
    """Return a name in lines of at most this many letters, broken after blanks and underscores."""
    blank = "\v"  # a blank to textwrap, and in no name
    parts = textwrap.wrap(name.replace("_", f"_{blank}"), letters, replace_whitespace=False)
    return "\n".join(parts).replace(blank, "")


def width_mm(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of a line of text in mm, at a font size in points."""
    font = FontProperties(size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] * 25.4 / 72


def fitted(text: str, room_mm: float, size: float, weight: str = "normal") -> str:
    """Return a line of text, cut at its end until it is no wider than there is room."""
    if width_mm(text, size, weight) <= room_mm:
        return text
    ends = (f"{text[:length].rstrip('…')}…" for length in range(len(text) - 1, 0, -1))
    return next((end for end in ends if width_mm(end, size, weight) <= room_mm), "…")


def percent(axes: Axes) -> None:
    """Show the y axis, a share, in per cent."""
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}%")


def stacked_bars(
    axes: Axes, shares: pd.DataFrame, palette: Palette, width: float, least: float, digits: int = 0
) -> None:
    """Draw a stacked bar for each row, classes as columns, labelled in per cent from `least` on."""
    bottom = np.zeros(len(shares))
    centred: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 5.5}
    for name in shares.columns:
        heights = shares[name].fillna(0).to_numpy()
        look: dict[str, Any] = {"hatch": palette.hatch(name), "edgecolor": "white", "linewidth": 0}
        axes.bar(range(len(shares)), heights, width, bottom, color=palette[name], **look)
        for row in np.flatnonzero(heights >= least).tolist():
            text, place = f"{100 * heights[row]:.{digits}f}%", bottom[row] + heights[row] / 2
            axes.text(row, place, text, color=ink_on(palette[name]), **centred)
        bottom += heights
    percent(axes)
    name_ticks(axes, list(shares.index))


def with_interval(row: pd.Series, digits: int = 3) -> str:
    """Return the text of a value and of its interval, if it has one."""
    value, low, high = (f"{row[key]:.{digits}f}" for key in ("value", "ci_low", "ci_high"))
    return value if pd.isna(row["ci_low"]) else f"{value} [{low}, {high}]"


def say_units(made: Figure, rows: pd.DataFrame) -> None:
    """Write above a figure how many groups its intervals rest on, or why it has none.

    `rows` are the drawn ones, with ci_low, n_clusters and note.
    """
    known = rows.loc[rows["ci_low"].notna(), "n_clusters"]
    lost = rows.loc[rows["ci_low"].isna() & (rows["note"] != ""), "note"].value_counts()
    ends = " to ".join(map(str, dict.fromkeys([known.min(), known.max()])))
    said = [f"95 % intervals over {ends} groups of fields"] if len(known) else []
    made.suptitle(". ".join([*said, *lost.index[:1]]), fontsize=5.5, x=0.01, ha="left")


def verdicts(compared: pd.DataFrame, metric: str, first: str) -> dict[str, str]:
    """Return what tables.COMPARED says of each competitor by a metric, compared with `first`."""
    rows = compared[(compared["metric"] == metric) & (compared["first"] == first)]
    return dict(zip(rows["second"], rows["verdict"], strict=True))


def bare(places: Axes | npt.NDArray[np.object_]) -> None:
    """Remove ticks and spines from the axes of pictures."""
    for axes in np.ravel(np.asarray(places)):
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)


def draw_box(axes: Axes, box: Any, **look: Any) -> None:
    """Draw a box (x_min, y_min, x_max and y_max) over an image."""
    size = (box.x_max - box.x_min, box.y_max - box.y_min)
    axes.add_patch(Rectangle((box.x_min - 0.5, box.y_min - 0.5), *size, **look))
