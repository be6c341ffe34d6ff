"""Convert a shard of raw fields to 0-255 images and measure their quality (A2, A4)."""

from cellpheno import job, tables
from cellpheno.images import store
from cellpheno.images.conversion import Converter
from cellpheno.progress import track

job.start(snakemake)
params = snakemake.params
converter = Converter(params.channels, params.composite, params.image_files)
rows = track(params.rows, "fields", len(params.rows))
store.write(snakemake.output.fields, converter.images(rows))
tables.write(converter.table(), snakemake.output.quality, tables.QUALITY)
