"""Compare planted and called frequencies of each condition and class."""

from cellpheno import job, tables
from cellpheno.statistics import planted

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
table = planted.of_frequencies(
    tables.read(inputs.frequencies, tables.FREQUENCIES),
    params.planted,
    tables.read(inputs.truth, tables.TRUTH),
    params.classes,
    params.groups,
    params.excluded,
    params.negative_class,
)
tables.write(table, snakemake.output.table, tables.PLANTED_FREQUENCIES)
print(table.to_string(index=False))
