"""Collect the quality of all fields and set bad ones aside (A4)."""

import logging

from cellpheno import job, tables
from cellpheno.images import quality

job.start(snakemake)
shards = [tables.read(path, tables.QUALITY) for path in snakemake.input.shards]
fields = quality.judge(tables.concatenate(shards, tables.QUALITY), snakemake.params.quality)
for row in fields[fields["verdict"] != quality.OK].itertuples():
    logging.getLogger(__name__).warning("%s is set aside: %s", row.field, row.verdict)
tables.write(fields, snakemake.output.fields, tables.QUALITY)
