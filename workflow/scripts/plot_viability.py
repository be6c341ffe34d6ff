"""Draw the share of live patches of each condition over time."""

from cellpheno import job, tables
from cellpheno.figures import style, viability

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
figure = viability.draw(
    tables.read(inputs.viability, tables.VIABILITY),
    tables.read(inputs.planted[0], tables.PLANTED_VIABILITY) if inputs.planted else None,
    style.Palette(**params.palette),
    params.viability["time"],
    params.viability["class"],
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
