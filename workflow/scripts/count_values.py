"""Count the values of each channel in the fields of a shard, for one range of the whole study."""

from cellpheno.core import job
from cellpheno.core.progress import track
from cellpheno.images import study_range
from cellpheno.tables import storage
from cellpheno.tables.quality import VALUES

job.start(snakemake)
params = snakemake.params
rows = track(params.rows, "fields", len(params.rows))
counted = study_range.count(rows, params.channels, params.image_files)
storage.write(counted, snakemake.output.values, VALUES)
