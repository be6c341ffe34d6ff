"""Tables of fields of view: quality, ranges, splits."""

from cellpheno.tables.columns import (
    COMPLETE,
    CONDITION,
    FIELD,
    GROUP,
    REPLICATE,
    SPLIT,
    SPLITS_ALLOWED,
    Column,
    Table,
)

QUALITY = Table(
    "quality",
    (
        FIELD,
        CONDITION,
        REPLICATE,
        GROUP,
        Column("verdict", "str", "`ok`, or the reason why the field was set aside"),
        Column("saturated_fraction", "float", "worst channel", minimum=0, maximum=1, optional=True),
        Column("focus", "float", "worst channel, variance of the Laplacian", optional=True),
        Column("height", "float", "of the field", "px", optional=True),
        Column("width", "float", "of the field", "px", optional=True),
    ),
    key=("field",),
)
FETCHED = Table(
    "fetched",
    (
        Column("file", "str", "path in the folder of the data set"),
        Column("url", "str", "address that it was fetched from"),
        Column("size", "int", "of the file", "bytes", minimum=0),
        Column("checked", "str", "property that was compared with a known value, or `nothing`"),
        Column("sha256", "str", "of its content as fetched"),
        Column("n_unpacked", "int", "files unpacked from it", minimum=0),
    ),
    key=("file",),
)
VALUES = Table(
    "values",
    (
        Column("channel", "str", "channel of the fields"),
        Column("value", "float", "raw count, or the end of a bin towards zero"),
        Column("pixels", "int", "with this value in all readable fields", minimum=1),
    ),
    key=("channel", "value"),
)
RANGES = Table(
    "ranges",
    (
        Column("channel", "str", "channel of the fields"),
        Column("low", "float", "becomes 0 in every field", "raw counts"),
        Column("high", "float", "becomes 255 in every field", "raw counts"),
    ),
    key=("channel",),
)
LIMITS = Table(
    "limits",
    (
        Column("key", "str", "config key of the quality limit"),
        Column("channel", "str", "channel that it applies to"),
        Column("how", "str", "`fixed` by the config, `robust` by the study, or why there is none"),
        Column("limit", "float", "beyond it a field is set aside", optional=True),
        Column("median", "float", "of the study's fields", optional=True),
        Column("n", "int", "fields with a known value", minimum=0),
    ),
    key=("key", "channel"),
)
SET_ASIDE = Table(
    "set_aside",
    (
        Column("kind", "str", "what is compared", allowed=("condition", "class")),
        Column("name", "str", "the condition or class"),
        Column("n", "int", "its fields, or its annotated cells", minimum=0),
        Column("n_set_aside", "int", "of them, in fields that are set aside", minimum=0),
        Column("share", "float", "of them", minimum=0, maximum=1),
        Column("p", "float", "of an equal loss: fields drawn at random", minimum=0, maximum=1),
        Column("p_adjusted", "float", "after Holm", minimum=0, maximum=1),
    ),
    key=("kind", "name"),
)
SPLITS = Table("splits", (FIELD, GROUP, SPLIT, COMPLETE), key=("field",))
ALIKE = ("tracked", "near-duplicate image", "near-duplicate cell")
NEAR_DUPLICATES = Table(
    "near_duplicates",
    (
        Column("first", "str", "field"),
        Column("first_box", "str", "corners of its cell, px; none: the whole field", optional=True),
        Column("second", "str", "field that shows the same as the first"),
        Column("second_box", "str", "corners of its cell, px", optional=True),
        Column("kind", "str", "how they were found", allowed=ALIKE),
        Column("turn", "str", "that makes the second look like the first"),
        Column("similarity", "float", "of the images", maximum=1.01, optional=True),
        Column("limit", "float", "lowest similarity of near-duplicates", optional=True),
    ),
)
LEAKS = Table(
    "leaks",
    (
        *NEAR_DUPLICATES.columns,
        Column("first_split", "str", "use of the first", allowed=SPLITS_ALLOWED),
        Column("second_split", "str", "use of the second", allowed=SPLITS_ALLOWED),
    ),
)
HELD_OUT = Table(
    "held_out",
    (Column("held_out", "str", "group that this fold tests on"), *SPLITS.columns),
    key=("held_out", "field"),
)
WARNINGS = Table(
    "warnings",
    (
        Column("rule", "str", "rule that found it, or `start` for the checks before any job"),
        Column("warning", "str", "warning for the user, in one sentence"),
    ),
    key=("rule", "warning"),
    further=(Column("n_jobs", "int", "jobs of the rule that gave this warning", minimum=1),),
)
PICTURES = Table(
    "pictures",
    (FIELD, Column("picture", "str", "file or folder of its pictures")),
    key=("field",),
)
