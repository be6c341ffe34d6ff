"""Count the called, or labelled, cells of every class in every field (A11, A50)."""

from cellpheno.core import job
from cellpheno.splits.usable_fields import in_splits, of_training_groups
from cellpheno.statistics import frequencies
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES
from cellpheno.tables.cells import CELLS
from cellpheno.tables.quality import QUALITY, SPLITS
from cellpheno.tables.statistics import FREQUENCIES

job.start(snakemake)
quality = storage.read(snakemake.input.quality, QUALITY)
splits = storage.read(snakemake.input.splits, SPLITS)
if snakemake.params.source == "labels":
    labelled = storage.read(snakemake.input.cells, BOXES)
    cells = labelled.assign(call=labelled["label"])
    if snakemake.input.annotated:  # elsewhere nobody has counted
        annotated = storage.read(snakemake.input.annotated, ANNOTATED_FIELDS)["field"]
        quality = quality[quality["field"].isin(annotated)]
else:
    searched = in_splits(quality, splits)["field"].tolist()
    cells = storage.read_searched([snakemake.input.cells], CELLS, searched, snakemake.input.quality)
left_out = of_training_groups(splits, snakemake.params.of_training_groups, snakemake.params.source)
quality = quality[~quality["field"].isin(left_out)]
table = frequencies.count(
    cells,
    quality,
    splits,
    classes=snakemake.params.classes,
    groups=snakemake.params.groups,
    excluded=snakemake.params.excluded,
    wanted=snakemake.params.splits,
    without=snakemake.params.without,
)
storage.write(table, snakemake.output.table, FREQUENCIES)
