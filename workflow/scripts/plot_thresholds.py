"""Draw the results of each decision rule at every threshold (A36, A37)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.calls import thresholds
from cellpheno.tables import storage
from cellpheno.tables.metrics import THRESHOLDS

job.start(snakemake)
params = snakemake.params
swept = storage.read(snakemake.input.thresholds, THRESHOLDS)
figure = thresholds.draw(swept, style.Palette(**params.palette), params.rule, params.threshold)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
