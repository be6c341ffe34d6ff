"""Average a stain's raw counts over each patch, or each annotated object, of a shard (L11)."""

from cellpheno.core import job
from cellpheno.core.progress import track
from cellpheno.images.quality.measures import OK
from cellpheno.labels import stain
from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.labels import FLUORESCENCE
from cellpheno.tables.quality import QUALITY

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
quality = storage.read(inputs.quality, QUALITY)
usable = set(quality.loc[quality["verdict"] == OK, "field"])
rows = [row for row in params.rows if row["field"] in usable]
settings = stain.Settings(
    *(params.labels[key] for key in ("channel", "background", "background_percentile"))
)
drawn = DETECTIONS if params.grid else BOXES
masks, kind = None, ""
for annotator in params.masks:
    kind = annotator["format"]
    masks = stain.masks_of(rows, annotator["files"], annotator, params.channels)
table = stain.measure(
    track(rows, "fields", len(rows)),
    storage.read(inputs.candidates, drawn),
    settings,
    params.image_files,
    masks,
    kind,
)
storage.write(table, snakemake.output.table, FLUORESCENCE)
