"""Compare the planted viability with the measured one of each condition and time."""

from cellpheno import job, tables
from cellpheno.statistics import planted, viability

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
quality = tables.read(inputs.quality, tables.QUALITY)
splits = tables.read(inputs.splits, tables.SPLITS)
time = params.monolayer["time"]
table = planted.of_viability(
    tables.read(inputs.viability, tables.VIABILITY),
    params.monolayer["viability"],
    tables.read(inputs.truth, tables.TRUTH),
    viability.usable(quality, splits, params.splits, params.without, time),
    params.live,
)
tables.write(table, snakemake.output.table, tables.PLANTED_VIABILITY)
print(table.to_string(index=False))
