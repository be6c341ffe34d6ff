"""Estimate which differences of frequencies the study can find, and what half of them take."""

from cellpheno.core import job
from cellpheno.statistics import frequencies, power
from cellpheno.tables import storage
from cellpheno.tables.statistics import FREQUENCIES, POWER

job.start(snakemake)
params = snakemake.params
table = power.estimate(
    storage.read(snakemake.input.frequencies, FREQUENCIES),
    control=params.control,
    members=frequencies.members(params.classes, params.groups, params.excluded),
    correction=params.correction,
    design=params.design,
)
storage.write(table, snakemake.output.table, POWER)
