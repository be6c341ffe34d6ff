"""Draw the share of live patches of each condition over time."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.statistics import viability
from cellpheno.tables import storage
from cellpheno.tables.statistics import PLANTED_VIABILITY, VIABILITY

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
figure = viability.draw(
    storage.read(inputs.viability, VIABILITY),
    storage.read(inputs.planted[0], PLANTED_VIABILITY) if inputs.planted else None,
    style.Palette(**params.palette),
    params.viability["time"],
    params.viability["class"],
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
