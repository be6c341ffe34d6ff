"""Draw the clicks of annotating from nothing beside those of correcting proposals (C7)."""

from cellpheno import clicks, job, tables
from cellpheno.figures import annotation_work, style

job.start(snakemake)

work = tables.read(snakemake.input.work, tables.ANNOTATION_WORK)
figure = annotation_work.draw(work, clicks.share(work, snakemake.params.seed))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
