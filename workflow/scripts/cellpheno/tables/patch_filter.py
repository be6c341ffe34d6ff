"""Tables of the filter that removes empty patches."""

from cellpheno.tables.columns import BOX, ESTIMATE, FIELD, METRIC, Column, Table

DECISION = Column("decision", "float", "of the support vector machine; above 0 a patch is good")
TSNE = (
    Column("tsne_1", "float", "first t-SNE coordinate of the features"),
    Column("tsne_2", "float", "second t-SNE coordinate"),
)
JUDGED_PATCHES = Table(
    "judged_patches",
    (FIELD, *BOX, DECISION, Column("kept", "bool", "whether the patch is classified")),
)
FILTER_EXAMPLES = Table(
    "filter_examples",
    (
        FIELD,
        *BOX,
        Column("label", "str", "class given by people", allowed=("good", "empty")),
        Column("fold", "int", "part that was held out with it", minimum=0),
        Column("decision", "float", "of a machine trained without its field"),
        Column("predicted", "str", "by that decision", allowed=("good", "empty")),
        *TSNE,
    ),
)
FILTER_SURFACE = Table("filter_surface", (*TSNE, DECISION))
FILTER_METRICS = Table(
    "filter_metrics",
    (
        Column("features", "str", "resnet18 or image statistics"),
        Column("kind", "str", "of the machine", allowed=("two_class", "one_class")),
        Column("class", "str", "good, empty or all"),
        METRIC,
        *ESTIMATE,
        Column("n", "int", "labelled patches behind it", minimum=0),
        Column("n_fields", "int", "fields of these patches", minimum=1),
    ),
    key=("class", "metric"),
)
