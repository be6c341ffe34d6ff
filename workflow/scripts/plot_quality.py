"""Draw exposure and focus of every field and name those set aside (A4)."""

from cellpheno import job, tables
from cellpheno.figures import quality, style

job.start(snakemake)

figure = quality.draw(
    tables.read(snakemake.input.quality, tables.QUALITY),
    snakemake.params.quality["max_saturated_fraction"],
    snakemake.params.quality["min_focus"] or 0.0,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
