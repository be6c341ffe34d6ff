"""Choose the range of each channel that becomes 0-255 in every field of the study."""

from cellpheno.core import job
from cellpheno.images import study_range
from cellpheno.tables import storage
from cellpheno.tables.quality import RANGES, VALUES

job.start(snakemake)
shards = (storage.read(path, VALUES) for path in snakemake.input.shards)
ranges = study_range.choose(shards, snakemake.params.percentiles)
storage.write(ranges, snakemake.output.ranges, RANGES)
