"""Refuse splits that share what shows the same, with a picture of the pairs (A8)."""

from pathlib import Path

from cellpheno import job, leaks, tables
from cellpheno.fields import in_splits
from cellpheno.figures import near_duplicates, style
from cellpheno.images import copies

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
quality = tables.read(inputs.fields, tables.QUALITY)
splits = tables.read(inputs.splits, tables.SPLITS)
in_splits(quality, splits)  # a cut table ends here, before any training
if params.near_duplicates == leaks.REFUSE:
    copies.check(quality, leaks.REFUSE)
found = tables.read(inputs.pairs, tables.NEAR_DUPLICATES)
known = inputs.known or None
pairs = leaks.counted(found, params.near_duplicates, known)
pairs = leaks.with_splits(pairs, splits)
tables.write(pairs, snakemake.log.pairs, tables.LEAKS)
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
tables.write(pairs, snakemake.output.leaks, tables.LEAKS)
job.save_warnings(snakemake)
