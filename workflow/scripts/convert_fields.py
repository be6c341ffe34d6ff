"""Convert a shard of raw fields to 0-255 images and measure their quality (A2, A4)."""

from cellpheno.core import job
from cellpheno.core.progress import track
from cellpheno.images import store, study_range
from cellpheno.images.conversion import Converter
from cellpheno.tables import storage
from cellpheno.tables.quality import QUALITY

job.start(snakemake)
params = snakemake.params
ranges = study_range.read(snakemake.input.ranges) if snakemake.input.ranges else None
how = params.composite, params.image_files, ranges, params.planes
converter = Converter(params.channels, *how)
rows = track(params.rows, "fields", len(params.rows))
store.write(
    snakemake.output.fields,
    converter.images(rows),
    list(params.planes),
    params.composite_channels,
)
storage.write(converter.table(), snakemake.output.quality, QUALITY)
