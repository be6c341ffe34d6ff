"""Compare planted and called frequencies of each condition and class."""

from cellpheno.core import job
from cellpheno.statistics import planted
from cellpheno.tables import storage
from cellpheno.tables.annotations import TRUTH
from cellpheno.tables.statistics import FREQUENCIES, PLANTED_FREQUENCIES

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
table = planted.of_frequencies(
    storage.read(inputs.frequencies, FREQUENCIES),
    params.planted,
    storage.read(inputs.truth, TRUTH),
    params.classes,
    params.groups,
    params.excluded,
    params.negative_class,
)
storage.write(table, snakemake.output.table, PLANTED_FREQUENCIES)
print(table.to_string(index=False))
