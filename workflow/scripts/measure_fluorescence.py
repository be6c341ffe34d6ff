"""Average a stain's raw counts over each patch, or each annotated object, of a shard (L11)."""

from cellpheno import fluorescence, job, tables
from cellpheno.images.quality import OK
from cellpheno.progress import track

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
quality = tables.read(inputs.quality, tables.QUALITY)
usable = set(quality.loc[quality["verdict"] == OK, "field"])
rows = [row for row in params.rows if row["field"] in usable]
settings = fluorescence.Settings(
    *(params.labels[key] for key in ("channel", "background", "background_percentile"))
)
drawn = tables.DETECTIONS if params.grid else tables.BOXES
masks, kind = None, ""
for annotator in params.masks:
    kind = annotator["format"]
    masks = fluorescence.masks_of(rows, annotator["files"], annotator, params.channels)
table = fluorescence.measure(
    track(rows, "fields", len(rows)),
    tables.read(inputs.candidates, drawn),
    settings,
    params.image_files,
    masks,
    kind,
)
tables.write(table, snakemake.output.table, tables.FLUORESCENCE)
