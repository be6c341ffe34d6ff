"""Draw the clicks of annotating from nothing and of correcting proposals (C7)."""

from cellpheno.calls import clicks
from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.annotations import annotation_work
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATION_WORK

job.start(snakemake)
work = storage.read(snakemake.input.work, ANNOTATION_WORK)
figure = annotation_work.draw(work, clicks.share(work, snakemake.params.seed))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
