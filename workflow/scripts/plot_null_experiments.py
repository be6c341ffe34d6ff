"""Draw the false-positive rate of each test, and the nominal one."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.statistics import null_experiments
from cellpheno.tables import storage
from cellpheno.tables.statistics import NULL_EXPERIMENTS

job.start(snakemake)
figure = null_experiments.draw(
    storage.read(snakemake.input.rates, NULL_EXPERIMENTS),
    style.Palette(**snakemake.params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
