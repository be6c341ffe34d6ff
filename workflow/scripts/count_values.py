"""Count the values of each channel in the fields of a shard, for a range of the whole study."""

from cellpheno import job, tables
from cellpheno.images import study_range
from cellpheno.progress import track

job.start(snakemake)
params = snakemake.params
rows = track(params.rows, "fields", len(params.rows))
counted = study_range.count(rows, params.channels, params.image_files)
tables.write(counted, snakemake.output.values, tables.VALUES)
