"""Tables of what a study looks like, and of the settings that follow from it."""

from cellpheno.tables.columns import Column, Table

FINGERPRINT = Table(
    "fingerprint",
    (
        Column("quantity", "str", "property of the annotated fields, or of the machine"),
        Column("value", "float", "its value", optional=True),
        Column("unit", "str", "of the value"),
    ),
    key=("quantity",),
)
PLAN = Table(
    "plan",
    (
        Column("of", "str", "detector or experiment, or `study`"),
        Column("key", "str", "config key"),
        Column("value", "str", "as in the config, JSON"),
        Column("chosen_by", "str", "who chose it", allowed=("plan", "config")),
        Column("reason", "str", "why, in one sentence"),
    ),
    key=("of", "key"),
)
NAMED_WEIGHTS = Table(
    "named_weights",
    (
        Column("name", "str", "such as imagenet"),
        Column("network", "str", "backbone, or architecture of a detector"),
        Column("file", "str", "in the folder named_weights"),
        Column("there", "bool", "whether it could be had"),
    ),
    key=("name", "network"),
)
