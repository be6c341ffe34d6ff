"""Set the numbers of this run beside the published ones."""

import os
from pathlib import Path

from cellpheno import claims, job, tables

job.start(snakemake)
params = snakemake.params
results = Path(snakemake.output.table).parent
answers = {Path(path).relative_to(results).as_posix(): path for path in snakemake.input.answers}
table = claims.compare(
    tables.read(os.environ["CELLPHENO_CLAIMS"], tables.CLAIMS),
    {name: tables.read(path, claims.SOURCES[name]) for name, path in answers.items()},
    study=params.published_study,
    run=params.run,
    simulated=params.simulated,
)
tables.write(table, snakemake.output.table, tables.COMPARED_CLAIMS)
