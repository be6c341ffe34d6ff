"""Refuse splits that share near-duplicates, and draw the pairs (A8)."""

from pathlib import Path

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.splits import near_duplicates
from cellpheno.images.quality import copies
from cellpheno.splits import leaks
from cellpheno.splits.usable_fields import in_splits
from cellpheno.tables import storage
from cellpheno.tables.quality import LEAKS, NEAR_DUPLICATES, QUALITY, SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
quality = storage.read(inputs.fields, QUALITY)
splits = storage.read(inputs.splits, SPLITS)
in_splits(quality, splits)  # refuses a cut table before any training
if params.near_duplicates in copies.REFUSE:
    copies.check(quality, params.near_duplicates)
found = storage.read(inputs.pairs, NEAR_DUPLICATES)
known = inputs.known or None
pairs = leaks.counted(found, params.near_duplicates, known)
pairs = leaks.with_splits(pairs, splits)
storage.write(pairs, snakemake.log.pairs, LEAKS)
for picture in params.pictures:
    Path(picture).unlink(missing_ok=True)
where = f"{snakemake.log.pairs} lists them all"
shown = near_duplicates.choose(leaks.leaking(pairs))
if len(shown):
    figure = near_duplicates.draw(shown, near_duplicates.pictures(shown, inputs.shards))
    style.save(figure, *params.pictures)
    where += f" and {params.pictures[1]} shows them"
leaks.judge(pairs, "fields and cells", params.near_duplicates, where)
if known:
    leaks.report_unfound(found, known)
storage.write(pairs, snakemake.output.leaks, LEAKS)
job.save_warnings(snakemake)
