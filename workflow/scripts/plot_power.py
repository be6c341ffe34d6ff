"""Draw the smallest differences that the study finds, and what half of them take."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.statistics import power
from cellpheno.tables import storage
from cellpheno.tables.statistics import POWER

job.start(snakemake)
figure = power.draw(
    storage.read(snakemake.input.power, POWER), style.Palette(**snakemake.params.palette)
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
