"""Compare the planted viability with the measured one of each condition and time."""

from cellpheno.core import job
from cellpheno.splits.usable_fields import of_training_groups
from cellpheno.statistics import planted, viability
from cellpheno.tables import storage
from cellpheno.tables.annotations import TRUTH
from cellpheno.tables.quality import QUALITY, SPLITS
from cellpheno.tables.statistics import PLANTED_VIABILITY, VIABILITY

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
quality = storage.read(inputs.quality, QUALITY)
splits = storage.read(inputs.splits, SPLITS)
time = params.monolayer["time"]
left_out = of_training_groups(splits, params.of_training_groups, "calls")
quality = quality[~quality["field"].isin(left_out)]
table = planted.of_viability(
    storage.read(inputs.viability, VIABILITY),
    params.monolayer["viability"],
    storage.read(inputs.truth, TRUTH),
    viability.usable(quality, splits, params.splits, params.without, time),
    params.live,
)
storage.write(table, snakemake.output.table, PLANTED_VIABILITY)
print(table.to_string(index=False))
