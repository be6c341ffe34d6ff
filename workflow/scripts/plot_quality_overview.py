"""Draw the fields that were set aside, with reasons and measurements of all fields (A4)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.images import quality_overview
from cellpheno.images import store
from cellpheno.tables import storage
from cellpheno.tables.quality import LIMITS, QUALITY

job.start(snakemake)
quality = storage.read(snakemake.input.quality, QUALITY)
limits = storage.read(snakemake.input.limits, LIMITS)
fields = quality_overview.choose(quality)
images = {
    field: quality_overview.thumbnail(image)
    for shard in snakemake.input.shards
    for field, image in store.read(shard, fields)
}
figure = quality_overview.draw(quality, limits, snakemake.params.channels, images)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
