"""Tables of labels that come from a stain."""

from cellpheno.tables.columns import BOX, FIELD, Column, Table

FLUORESCENCE = Table(
    "fluorescence",
    (
        FIELD,
        *BOX,
        Column("mean", "float", "over the candidate's pixels", "raw counts", minimum=0),
        Column("background", "float", "of the field, subtracted", "raw counts", minimum=0),
        Column("value", "float", "mean - background", "raw counts"),
        Column("n_pixels", "int", "of the box, or of the object's mask", minimum=1),
    ),
)
LABELLED = Table(
    "labelled",
    (
        *FLUORESCENCE.columns,
        Column("p_high", "float", "probability of the bright class", minimum=0, maximum=1),
        Column("fitted", "bool", "whether the mixture was fitted to it"),
        Column("label", "str", "class by its brightness; missing: between both", optional=True),
    ),
)
MIXTURE = Table(
    "mixture",
    (
        Column("class", "str", "dim class, bright class, or `all`"),
        Column("metric", "str", "of the mixture; bound and mean also in raw counts"),
        Column("value", "float", "the metric, on the scale of the fit", optional=True),
    ),
    key=("class", "metric"),
)
