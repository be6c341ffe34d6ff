"""Count the false positives of each way of testing in simulated experiments without difference."""

from cellpheno import job, tables
from cellpheno.statistics import frequencies, null_experiments

job.start(snakemake)
params = snakemake.params
table = null_experiments.rates(
    tables.read(snakemake.input.frequencies, tables.FREQUENCIES),
    control=params.control,
    entries=params.tests,
    members=frequencies.members(params.classes, params.groups, params.excluded),
    number=params.number,
    seed=params.seed,
)
tables.write(table, snakemake.output.table, tables.NULL_EXPERIMENTS)
job.save_warnings(snakemake)
