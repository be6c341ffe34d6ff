"""Draw the false-positive rate of each way of testing beside the nominal one."""

from cellpheno import job, tables
from cellpheno.figures import null_experiments, style

job.start(snakemake)

figure = null_experiments.draw(
    tables.read(snakemake.input.rates, tables.NULL_EXPERIMENTS),
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
