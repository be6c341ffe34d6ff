"""Write every planned setting with the reason for it, and who chose it."""

from pathlib import Path

from cellpheno.core import job
from cellpheno.core.files import whole
from cellpheno.planning import plan
from cellpheno.tables import storage
from cellpheno.tables.planning import PLAN

job.start(snakemake)
_, rows = plan.complete(snakemake.params.config, plan.read_facts(snakemake.input.fingerprint))
storage.write(plan.table(rows), snakemake.output.table, PLAN)
with whole(snakemake.output.text) as temporary:
    Path(temporary).write_text(plan.as_yaml(rows))
