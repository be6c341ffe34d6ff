"""Collect the quality of all fields and set bad ones aside (A4)."""

import logging
from pathlib import Path

from cellpheno.core import job
from cellpheno.images.quality import copies, limits, measures, unequal_losses, verdicts
from cellpheno.tables import storage
from cellpheno.tables.quality import LIMITS, QUALITY, SET_ASIDE

job.start(snakemake)
params, log = snakemake.params, logging.getLogger(__name__)
shards = [storage.read(path, QUALITY) for path in snakemake.input.shards]
fields = storage.concatenate(shards, QUALITY)
shards_folder = Path(snakemake.input.shards[0]).parent
storage.check_fields(fields["field"], params.fields, str(shards_folder), params.sheet)
verdicts.check_depths(fields, params.channels)
found = limits.find(fields, params.quality, params.channels)
fields = verdicts.judge(fields, found, params.quality, params.channels)
not_judged = found["how"].isin([limits.TOO_FEW, limits.VARIED]) & (found["n"] > 0)
for row in found[not_judged].itertuples():
    log.warning("%s (%s) is not judged: %s, n = %d", row.key, row.channel, row.how, row.n)
for row in fields[fields["verdict"] != measures.OK].itertuples():
    log.warning("%s is set aside: %s", row.field, row.verdict)
for row in fields[fields["remark"] != ""].itertuples():
    log.warning("%s has a remark: %s", row.field, row.remark)
# from the config, as a parameter would rerun all trainings; check_splits checks it again
copies.check(fields, snakemake.config["splits"]["near_duplicates"])
compared = unequal_losses.conditions(fields, params.seed)
unequal_losses.warn_of_fields(fields, snakemake.output.fields)
unequal_losses.warn(compared, "fields", snakemake.output.set_aside)
storage.write(compared, snakemake.output.set_aside, SET_ASIDE)
storage.write(found, snakemake.output.limits, LIMITS)
storage.write(fields, snakemake.output.fields, QUALITY)
job.save_warnings(snakemake)
