r"""Patterns for the naming schemes of microscopes.

A pattern matches the whole path below the folder; if file names lack the plate, folders name it.
"""

import dataclasses
import re
from collections.abc import Sequence

from cellpheno.core.errors import StudyError

FOLDER = "folder"
"""Group of the folder of a file whose own name contains the plate."""

# s1 and w1 are a site and a wavelength

_WELL = r"(?P<well>(?:[A-RT-VX-Z]|(?-i:[SW])|A[A-F])\d{1,2})"
_FOLDER = r"(?:(?P<plate>.+)/)?"
_END = r"(?:\.ome)?\.(?:tiff?|png|jpe?g|bmp|nd2|czi|zarr)"

_STEPS = r"(?:TimePoint_(?P<time>\d+)/)?(?:ZStep_(?P<z>\d+)/)?"
_SITE = (
    r"(?:_(?P<field>s\d+))?_(?P<channel>w\d)(?:_z(?P<z2>\d+))?"
    r"(?:_?[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})?"
)


@dataclasses.dataclass(frozen=True)
class Scheme:
    """A naming scheme."""

    name: str
    instrument: str
    patterns: tuple[str, ...]
    """Regular expressions, of which the first match counts."""
    examples: tuple[str, ...]
    """Matching file names from documentation or published data."""

    def compiled(self) -> list[re.Pattern[str]]:
        """Return the patterns, which ignore case."""
        return [re.compile(pattern + _END, re.IGNORECASE) for pattern in self.patterns]


SCHEMES = (
    # MetaXpress adds a GUID to each file, and previews with `thumb`, which are not matched.
    # Time points and z steps may be folders. Examples: BBBC010, BBBC021, MetaXpress.
    Scheme(
        "imagexpress",
        "ImageXpress (MetaXpress)",
        (
            rf"(?:(?P<{FOLDER}>.+?)/)??{_STEPS}(?P<plate>[^/]+)_{_WELL}{_SITE}",
            rf"(?:(?P<plate>.+?)/)??{_STEPS}{_WELL}{_SITE}",
        ),
        (
            "1649_1109_0003_Amp5-1_B_20070424_A20_w2_E9D674D9-524A-406B-9808-5F6689CADB5F.tif",
            "Week1/Week1_150607_B02_s1_w107447158-AC92-4844-8374-8E5B7EEA0FAC.tif",
            "plate/TimePoint_1/ZStep_1/TE12345_A05_s1_w1.TIF",
            "TimePoint_1/A01_s1_w1_z1.tif",
        ),
    ),
    # Row, column, field, plane, channel; sk counts time points; fk and fl are unused.
    # Examples: Harmony exports of the JUMP Cell Painting pilot and of CytoDataFrame.
    Scheme(
        "opera",
        "Opera Phenix, Operetta (Harmony)",
        (
            rf"{_FOLDER}r(?P<row>\d{{2}})c(?P<column>\d{{2}})(?P<field>f\d+)p(?P<z>\d+)(?:rc\d+)?"
            r"-(?P<channel>ch\d+)sk(?P<time>\d+)fk\d+fl\d+",
        ),
        (
            "BR00116991__2020-11-05T19_51_35-Measurement1/Images/r01c01f01p01-ch1sk1fk1fl1.tiff",
            "r03c03f03p01-ch6sk1fk1fl1.tiff",
        ),
    ),
    # Time, field, timeline (L), action (A), z, channel. Examples: fractal-tasks-core's tests, JUMP.
    Scheme(
        "cellvoyager",
        "CellVoyager CV7000, CV8000",
        (
            rf"(?:(?P<{FOLDER}>.+)/)?(?P<plate>[^/]+)_"
            rf"{_WELL}_T(?P<time>\d+)(?P<field>F\d+)L\d+A\d+Z(?P<z>\d+)(?P<channel>C\d+)",
        ),
        (
            "20200812-CardiomyocyteDifferentiation14-Cycle1_B03_T0001F036L01A01Z18C01.png",
            "Dest210809-141456/Dest210809-141456_K06_T0001F001L01A01Z01C01.tif",
            "AssayPlate_Greiner_#655090_B02_T0001F004L01A01Z01C01.tif",
        ),
    ),
    # Excitation and emission filter name the channel. Examples: Bio-Formats, image.sc.
    Scheme(
        "incell",
        "IN Cell Analyzer",
        (
            r"(?:(?P<plate>.+)[/_])?(?P<row>[A-Z]{1,2}) - (?P<column>\d{1,3})\(fld (?P<field>\d+)"
            r"(?: wv (?P<channel>.+?))?(?: wix \d+)?(?: z (?P<z>\d+))?"
            r"(?:(?: -)? time (?P<time>\d+) - \d+ ?ms)?\)",
        ),
        (
            "A - 01(fld 2 wv Blue - FITC).tif",
            "A - 01(fld 1 wv UV - DAPI z 3 time 2 - 2636ms).tif",
            "C - 6(fld 1 wv TL - Bright field - open z 01).tif",
            "Plate1_B - 01(fld 01 wv 390 - Blue).tif",
            "A - 13(fld 2).tif",
        ),
    ),
    # Field and dye (d) count from 0. Examples: Cellomics' user guide, BBBC.
    Scheme(
        "arrayscan",
        "ArrayScan, CellInsight (Cellomics)",
        (
            r"(?!.*_p\d+(?:_z\d+)?_\d+_[A-Z]\d\df)(?:(?P<plate>.+)[/_])?"
            rf"{_WELL}(?P<field>f\d{{2,3}})(?P<channel>d\d)",
        ),
        # its own format, .C01, cannot be read: export TIFF
        ("020506platerun_A01f01d2.TIF", "A01f01d2.TIF", "MFGTMP_140206180002_A01f00d0.TIF"),
    ),
    # R, D or M (raw, displayed, merged), p for time, z. Examples: EVOS user guides, image.sc.
    Scheme(
        "evos",
        "EVOS FL Auto 2, M7000",
        (
            r"(?P<plate>.+)_p(?P<time>\d+)(?:_z(?P<z>\d+))?_\d+_"
            rf"{_WELL}(?P<field>f\d{{2}})(?P<channel>d\d)",
        ),
        ("scan_R_p2_z1_0_B03f01d0.tif", "LiveDead2_Plate_R_p00_0_A01f00d0.TIF"),
    ),
    # Well, read step (negative if Gen5 processed it), number of the channel, position, channel,
    # number of the read. Examples: NF1 data of CytoDataFrame, bioformats2raw's documentation.
    Scheme(
        "cytation",
        "Cytation (Gen5)",
        (
            rf"{_FOLDER}{_WELL}(?:(?P<field>ROI\d+))?_-?\d{{1,2}}_\d_(?P<field2>\d+)"
            r"(?:Z(?P<z>\d+))?_(?P<channel>.+)_(?P<time>\d{3})",
        ),
        (
            "B7_01_1_3_DAPI_001.tif",
            "P24_01_1_9_DAPI_002.tif",
            "A1_-2_1_1_Tsf[Stitched[Channel1 300,400]]_001.tif",
            "A1ROI1_01_1_1Z0_Confocal DAPI_001.tif",
        ),
    ),
    # Well, number of the well, position, z, time, channel. Examples: fractal, image.sc.
    Scheme(
        "scanr",
        "ScanR",
        (
            rf"{_FOLDER}(?:{_WELL})?--(?P<field>W\d{{5}}--P\d{{5}})--Z(?P<z>\d{{5}})"
            r"--T(?P<time>\d{5})--(?P<channel>.+)",
        ),
        (
            "data/B2--W00014--P00001--Z00000--T00000--DAPi.tif",
            "--W00001--P00001--Z00000--T00000--cherry.tif",
        ),
    ),
    # One file per well and job run, with all its channels (--channels). Example: bioformats2raw's
    # documentation.
    Scheme(
        "nikon",
        "NIS-Elements JOBS",
        (rf"(?:(?P<plate>.+?)(?:/|_+))?Well{_WELL}_Channel.+_(?P<field>Seq\d+)",),
        (
            "Plate000_WellB02_ChannelDAPI,CY5,CY3_Seq0000.nd2",
            "20201115_184113_906__WellA2_ChannelDAPI_Seq0003.nd2",
        ),
    ),
    # LAS X lets the user name the series; z, time and channel are added. Examples: saenopy, wingj.
    Scheme(
        "leica",
        "LAS X, TIFF export",
        (
            rf"{_FOLDER}(?P<field>[^/]+?)(?:_t(?P<time>\d+))?(?:_(?P<field2>s\d+))?"
            r"(?:_z(?P<z>\d+))?_(?P<channel>ch\d{2})",
        ),
        (
            "Project001_Series002_z00_ch00.tif",
            "Pos007_S001_t50_z00_ch00.tif",
            "18h dTAG13_Merged_z00_ch00.tif",
        ),
    ),
    # Chamber (U, V) and field (X, Y) are kept, as it is not documented which of U and V is the
    # row. Examples: leicaexperiment, LAS X.
    Scheme(
        "leica_matrix",
        "LAS AF and LAS X Matrix Screener",
        (
            rf"(?:(?P<{FOLDER}>.+?)/)??(?:slide--[^/]+/)?(?:chamber--[^/]+/)?(?:field--[^/]+/)?"
            r"[^/]+?--L\d+(?:--(?P<plate>S\d+)--(?P<well>U\d+--V\d+))?--J\d+--E\d+"
            r"(?:--O\d+)?--(?P<field>X\d+--Y\d+)--T(?P<time>\d+)(?:--Z(?P<z>\d+))?"
            r"--(?P<channel>C\d+)",
        ),
        (
            "slide--S00/chamber--U00--V01/field--X00--Y00/"
            "image--L0000--S00--U00--V01--J08--E00--O00--X00--Y00--T0000--Z00--C00.ome.tif",
            "image--L0000--J08--E00--X00--Y00--T0000--Z00--C00.ome.tif",
        ),
    ),
    # Separate image files of version 2 (axes in the order of the alphabet) and of 1.4 (time,
    # channel, z), in a folder per position. Source: Micro-Manager's documentation and its writer.
    Scheme(
        "micromanager",
        "Micro-Manager, separate image files",
        (
            rf"{_FOLDER}img_channel(?P<channel>\d{{3}})(?:_position(?P<field>\d{{3}}))?"
            r"(?:_time(?P<time>\d{9}))?(?:_z(?P<z>\d{3}))?",
            r"(?:(?P<plate>.+)/)?(?:(?P<field>[^/]+)/)img_(?P<time>\d{9})_(?P<channel>.+)_(?P<z>\d{3})",
        ),
        (
            "Default/img_channel000_position000_time000000000_z000.tif",
            "Pos0/img_000000000_DAPI_000.tif",
        ),
    ),
    # Position, time, channel, z, in any order after CellCognition's import rules. Example:
    # CellCognition's demonstration data.
    Scheme(
        "cellcognition",
        "CellCognition",
        (
            r"(?:(?P<plate>.+)_)?(?P<field>P\d+)_T(?P<time>\d+)_C(?P<channel>[^_]+)"
            r"(?:_Z(?P<z>\d+))?(?:_S\d+)?",
        ),
        ("tubulin_P0040_T00003_Cgfp_Z1_S1.tif", "0013/tubulin_P0013_T00001_Crfp_Z1_S1.tif"),
    ),
)
"""Schemes of microscopes; no example matches two of them."""


PLAIN = Scheme(
    "plain",
    "any pictures, each a field of its own",
    (rf"(?P<field>(?:(?P<{FOLDER}>.+)/)?[^/]+)",),
    ("Image_00001.jpg", "day1/a.tif"),
)
"""Used if no scheme of a microscope matches."""


def by_name(name: str) -> Scheme:
    """Return a scheme, or raise a StudyError for an unknown name."""
    for scheme in (*SCHEMES, PLAIN):
        if scheme.name == name:
            return scheme
    known = ", ".join(scheme.name for scheme in (*SCHEMES, PLAIN))
    raise StudyError(f"There is no naming scheme {name!r}; known are auto, {known}.")


def find(paths: Sequence[str]) -> Scheme:
    """Return the only scheme that matches any of the files, or else `PLAIN`.

    Raises a StudyError when several match, no file is an image, or plain images look like channels
    of fields.
    """
    counts = {scheme: fits(scheme, paths) for scheme in SCHEMES}
    fitting = {scheme: count for scheme, count in counts.items() if count}
    if not fitting and fits(PLAIN, paths):
        _refuse_channels(paths)
        return PLAIN
    if not fitting:
        raise StudyError(
            f"None of the {len(paths)} files is an image that a naming scheme matches, such as "
            f"{', '.join(map(repr, paths[:3])) or 'none at all'}; name another folder, or give a "
            "pattern with named groups."
        )
    if len(fitting) > 1:
        found = ", ".join(f"{scheme.name} ({count} files)" for scheme, count in fitting.items())
        raise StudyError(
            f"Several naming schemes match: {found}; choose one with --scheme, or name a folder "
            "below it."
        )
    return next(iter(fitting))


def fits(scheme: Scheme, paths: Sequence[str]) -> int:
    """Return the number of paths that a scheme matches."""
    patterns = scheme.compiled()
    return sum(any(pattern.fullmatch(path) for pattern in patterns) for path in paths)


def _refuse_channels(paths: Sequence[str]) -> None:
    """Refuse plain images whose names all end in the same few words."""
    [pattern] = PLAIN.compiled()
    stems = [fit["field"] for path in paths if (fit := pattern.fullmatch(path))]
    fits = (re.fullmatch(r"(.+)[_-]([A-Za-z]\w*)", stem) for stem in stems)
    parts = [fit for fit in fits if fit is not None]
    if len(parts) < len(stems):
        return
    words: dict[str, set[str]] = {}
    for part in parts:
        words.setdefault(part[1], set()).add(part[2])
    found = min(words.values(), key=len)
    if len(found) > 1 and all(ends == found for ends in words.values()):
        name = next(iter(words))
        ends = "|".join(sorted(found))
        raise StudyError(
            f"Every name before the last dash or underscore has {len(found)} images, such as "
            f"{name!r} with {', '.join(sorted(found)[:4])}: if those are channels of one field, "
            f"give the pattern '(?P<field>.+)[_-](?P<channel>{ends})\\..+'; if each is a field of "
            f"its own, --scheme {PLAIN.name}."
        )
