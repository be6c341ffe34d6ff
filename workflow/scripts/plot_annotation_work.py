"""Draw the clicks of annotating from nothing and of correcting proposals (C7)."""

from cellpheno.calls import clicks
from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.annotations import annotation_work
from cellpheno.splits.usable_fields import groups
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATION_WORK
from cellpheno.tables.quality import SPLITS

job.start(snakemake)
work = storage.read(snakemake.input.work, ANNOTATION_WORK)
splits = storage.read(snakemake.input.splits, SPLITS)
figure = annotation_work.draw(work, clicks.share(work, groups(splits)))
style.save(figure, snakemake.output.pdf, snakemake.output.png)
