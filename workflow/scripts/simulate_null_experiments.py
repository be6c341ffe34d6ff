"""Count the false positives of each test in simulated experiments without differences."""

from cellpheno.core import job
from cellpheno.statistics import frequencies, null_experiments
from cellpheno.tables import storage
from cellpheno.tables.statistics import FREQUENCIES, NULL_EXPERIMENTS

job.start(snakemake)
params = snakemake.params
table = null_experiments.rates(
    storage.read(snakemake.input.frequencies, FREQUENCIES),
    control=params.control,
    entries=params.tests,
    members=frequencies.members(params.classes, params.groups, params.excluded),
    number=params.number,
    seed=params.seed,
    design=params.design,
)
storage.write(table, snakemake.output.table, NULL_EXPERIMENTS)
job.save_warnings(snakemake)
