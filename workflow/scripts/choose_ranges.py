"""Choose the range of each channel that becomes 0-255 in every field of the study."""

from cellpheno import job, tables
from cellpheno.images import study_range

job.start(snakemake)
shards = (tables.read(path, tables.VALUES) for path in snakemake.input.shards)
ranges = study_range.choose(shards, snakemake.params.percentiles)
tables.write(ranges, snakemake.output.ranges, tables.RANGES)
