r"""Make a sample sheet from a folder of images, by a microscope's naming scheme or a pattern.

  python workflow/scripts/make_sample_sheet.py /data/my_study config/my_fields.tsv
  python workflow/scripts/make_sample_sheet.py /data/my_study PATTERN config/my_fields.tsv

Without a pattern, the naming scheme is detected (--scheme auto) or named; if none fits, each
picture is a field of its own, and its sub-folder is a column (--condition-by folder). If a scheme
finds the files of one plate in several folders, the plate's name starts with the folder. Matches
are shown before anything is written; --dry-run shows them and writes nothing.

Without a pattern, masks next to images are left out, and the column `split` is filled in by folders
such as train, val and test or by lists of names such as train.txt. The colours of pictures are
channels.

A pattern is a regular expression that must fit a file's whole path below FOLDER, written with `/`.
Its named groups become columns:

  channel       the column of the file; without it, all files are of one channel (--channel),
                or each file has several (--channels)
  field         the field of view; without it, the well, or the file's name without suffix
  well          A1, a01 and A01 are one well; or row and column, whose numbers count from 1
  plate, well   start the name of the field, unless they are within the group `field`
  z, time       z plane and time point: one per field, unless they are within the group `field`
  condition, replicate, group, split, or any other name: a column of this name

Parts of a value from several places, such as plate and plate2, are joined by a dash or the text of
--joint.

Columns that neither the pattern nor a plate map provides are filled in: condition is "all",
replicate is "1", and the group, which stays in one split, is the well, or else the field.

Files like day1/mock_f03_dapi.tif, one per channel:

  python workflow/scripts/make_sample_sheet.py /data/my_study \
    '(?P<field>(?P<replicate>day\d)/(?P<condition>[a-z]+)_f\d+)_(?P<channel>actin|dapi)\.tif' \
    config/my_fields.tsv --group-by replicate
"""

import argparse
import dataclasses
import itertools
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole
from cellpheno.images.reading import readers
from cellpheno.sheets import assembly, folder, matching, plate_map, public_data, schemes, summary
from cellpheno.study.inputs import COLOURS

ONE_CHANNEL = "image"
"""Column of the files if neither their names nor the user tell what the channel is."""
LOOKED_AT = 8
"""Number of pictures, spread over the folder, that are opened to see whether they have colours."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the sample sheet; return the exit status."""
    options = _parser().parse_intermixed_args(arguments)
    try:
        _check(options)
        sheet = _sheet(options)
        if not options.dry_run:
            with whole(options.out) as temporary:
                sheet.to_csv(temporary, sep="\t", index=False)
    except StudyError as error:
        print(error, file=sys.stderr)
        return 1
    where = "not written (--dry-run)" if options.dry_run else options.out
    print(f"\n{where}: {len(sheet)} fields, columns {', '.join(sheet.columns)}")
    return 0


def _check(options: argparse.Namespace) -> None:
    if options.pattern and options.scheme:
        raise StudyError("Give a pattern or --scheme, not both.")
    if options.out.exists() and not options.force and not options.dry_run:
        raise StudyError(f"{options.out} already exists; --force replaces it.")


def _sheet(options: argparse.Namespace) -> pd.DataFrame:
    """Return the sample sheet, and print the matches."""
    listing = folder.files(options.folder)
    files = listing.files
    if not options.pattern:
        masks = public_data.masks(files)
        _print(summary.of_masks(masks))
        listing.files = sorted(set(files).difference(*masks.values()))
    scheme = _scheme(options, listing.files)
    patterns = scheme.compiled() if scheme else matching.compiled(options.pattern)
    rename = {(column, old): new for column, old, new in options.rename}
    matched, others = matching.match(listing.files, patterns, rename, options.joint)
    if scheme not in (None, schemes.PLAIN):
        matched, plates = matching.plates_by_folder(matched, schemes.FOLDER, options.joint)
        _print(summary.of_divided(plates))
    _print(summary.of_files(listing, matched, others))
    divided = {channel: _names(names) for channel, names in options.divide}
    channels = options.channels or [ONE_CHANNEL]
    layout = assembly.Layout(channels, options.separate, options.skip_incomplete, divided)
    found = assembly.assemble(matching.keep(matched, dict(options.keep)), layout)
    sheet = found.fields
    columns = itertools.chain(options.plate_map_column, itertools.repeat("condition"))
    for path, column in zip(options.plate_map, columns, strict=False):
        source = plate_map.read(path, column)
        _print(summary.of_map(sheet, source))
        sheet = plate_map.join(sheet, source, options.mapped_only)
    for column in ("condition", "replicate", "group"):
        value, by = getattr(options, column), getattr(options, f"{column}_by")
        assembly.fill(sheet, column, value, by)
    if not options.pattern and "split" not in sheet:
        _add_splits(sheet, files, options.folder, found.channels[0])
    if not options.channels and found.channels == [ONE_CHANNEL]:
        found = _in_colour(found, sheet, options.folder)
    sheet = assembly.finished(sheet, found.channels)
    _print(summary.of_sheet(sheet, found))
    return sheet


def _in_colour(found: assembly.Assembled, sheet: pd.DataFrame, images: Path) -> assembly.Assembled:
    """Make a channel of each colour that pictures have, in place, if a few show that they do."""
    paths = sheet[ONE_CHANNEL].iloc[:: -(-len(sheet) // LOOKED_AT)]
    of_pictures = [shown for path in paths if (shown := readers.colours(images / path))]
    if not of_pictures:
        return found
    named = [colour for colour in COLOURS if any(colour in shown for shown in of_pictures)]
    print(f"{len(of_pictures)} of {len(paths)} pictures that were looked at are in colour")
    print(
        f"  with {' and '.join(named)}, which become channels (--channel image: all as one, grey)"
    )
    for colour in named:
        sheet[colour] = sheet[ONE_CHANNEL]
    del sheet[ONE_CHANNEL]
    return dataclasses.replace(found, channels=named)


def _add_splits(sheet: pd.DataFrame, files: Sequence[str], root: Path, channel: str) -> None:
    """Add the splits that folders or lists give, if they do, as a column in place."""
    splits, source = public_data.by_folder(sheet[channel]), "folders"
    if not splits.any():
        splits, where = public_data.by_lists(files, root, sheet[channel])
        source = f"the lists in {summary.shown(where)}"
    if not splits.any():
        return
    sheet["split"], moved = public_data.with_validation(splits, sheet["group"])
    _print(summary.of_splits(sheet["split"], source, moved))


def _scheme(options: argparse.Namespace, files: Sequence[str]) -> schemes.Scheme | None:
    """Return the naming scheme and print it; None if the user gives a pattern."""
    if options.pattern:
        return None
    automatic = options.scheme in (None, "auto")
    scheme = schemes.find(files) if automatic else schemes.by_name(options.scheme)
    print(f"naming scheme {scheme.name} ({scheme.instrument}):")
    _print(f"  {pattern.pattern}" for pattern in scheme.compiled())
    return scheme


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _names(text: str) -> list[str]:
    """Return the names in a list with commas."""
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"{text!r} should be different names between commas")
    return names


def _parser() -> argparse.ArgumentParser:
    known = "\n".join(
        f"  {scheme.name:14}{scheme.instrument}: {scheme.examples[0]}"
        for scheme in (*schemes.SCHEMES, schemes.PLAIN)
    )
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"naming schemes, each with an example:\n{known}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("folder", type=Path, help="the study's data_root, searched in depth")
    add("pattern", nargs="?", help="regular expression with named groups")
    add("out", type=Path, help="sample sheet to write")
    add("--scheme", help="naming scheme of a microscope; auto: the only one that fits (default)")
    channels = parser.add_mutually_exclusive_group()
    channels.add_argument(
        "--channel",
        dest="channels",
        type=lambda name: [name],
        help="name of the channel, if file names have none (default: the colours of pictures, or "
        "image if they are grey)",
    )
    channels.add_argument(
        "--channels",
        type=_names,
        metavar="NAME,NAME",
        help="channels of each file",
    )
    add(
        "--divide",
        nargs=2,
        action="append",
        default=[],
        metavar=("CHANNEL", "NAME,NAME"),
        help="channels in the files of CHANNEL; may be given several times",
    )
    add("--joint", default="-", metavar="TEXT", help="text that joins parts of a value")
    for column, default in (("condition", "all"), ("replicate", "1"), ("group", "well or field")):
        source = parser.add_mutually_exclusive_group()
        text = f"{column} of all fields (default: {default})"
        source.add_argument(f"--{column}", help=text)
        source.add_argument(f"--{column}-by", metavar="COLUMN", help="column that provides it")
    pairs = {"nargs": 2, "action": "append", "default": [], "metavar": ("COLUMN", "VALUE")}
    add("--keep", **pairs, help="only files where COLUMN is VALUE; may be given several times")
    add(
        "--separate",
        action="append",
        default=[],
        choices=list(assembly.STACKED),
        help="make each z plane or time point a field of its own",
    )
    add(
        "--rename",
        nargs=3,
        action="append",
        default=[],
        metavar=("COLUMN", "FOUND", "MEANT"),
        help="write MEANT where the pattern finds FOUND; may be given several times",
    )
    add(
        "--plate-map",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="table with a column `well`, or grid of a plate; may be given several times",
    )
    add(
        "--plate-map-column",
        action="append",
        default=[],
        metavar="COLUMN",
        help="column for the values of a grid (default: condition), in the order of --plate-map",
    )
    add("--mapped-only", action="store_true", help="leave out wells that are not in a plate map")
    add("--skip-incomplete", action="store_true", help="leave out fields that lack a channel")
    add("--dry-run", action="store_true", help="show the matches and write nothing")
    add("--force", action="store_true", help="replace an existing sample sheet")
    return parser


if __name__ == "__main__":
    # file names that the terminal cannot show must not raise an error
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.stderr.reconfigure(errors="backslashreplace")
    sys.exit(main())
