"""Draw what each decision rule finds at every threshold (A36, A37)."""

from cellpheno import job, tables
from cellpheno.figures import style, thresholds

job.start(snakemake)
params = snakemake.params
swept = tables.read(snakemake.input.thresholds, tables.THRESHOLDS)
figure = thresholds.draw(swept, style.Palette(**params.palette), params.rule, params.threshold)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
