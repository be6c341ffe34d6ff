"""Draw the fields of a shard for annotators, one PNG each (C3)."""

from cellpheno import job
from cellpheno.files import whole_folder
from cellpheno.images import annotator_view
from cellpheno.progress import track

job.start(snakemake)
params = snakemake.params
rows = track(params.rows, "fields", len(params.rows))
with whole_folder(snakemake.output.pictures) as folder:
    for field, picture in annotator_view.views(rows, params.view, params.image_files):
        annotator_view.save(folder / f"{field}.png", picture)
