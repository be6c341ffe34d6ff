"""Record versions, config, hashes, seeds, devices and durations, so that runs can be repeated."""

from pathlib import Path

from cellpheno.core import job, run_record
from cellpheno.core.files import whole

job.start(snakemake)
params = snakemake.params
results = Path(snakemake.output[0]).parent
found = run_record.record(
    dict(params.config),
    params.files,
    results,
    Path(snakemake.log[0]).parent,
)
with whole(snakemake.output[0]) as temporary:
    run_record.write(found, temporary)
