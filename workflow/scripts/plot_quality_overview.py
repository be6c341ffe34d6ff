"""Show the fields that were set aside, with the reasons, beside the numbers of all (A4)."""

from cellpheno import job, tables
from cellpheno.figures import quality_overview, style
from cellpheno.images import store

job.start(snakemake)

quality = tables.read(snakemake.input.quality, tables.QUALITY)
limits = tables.read(snakemake.input.limits, tables.LIMITS)
fields = quality_overview.choose(quality)
images = {
    field: quality_overview.thumbnail(image)
    for shard in snakemake.input.shards
    for field, image in store.read(shard, fields)
}
figure = quality_overview.draw(quality, limits, snakemake.params.channels, images)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
