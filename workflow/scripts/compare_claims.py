"""Compare the numbers of this run with the published ones."""

import os
from pathlib import Path

from cellpheno.core import job
from cellpheno.statistics import claims
from cellpheno.tables import storage
from cellpheno.tables.statistics import CLAIMS, COMPARED_CLAIMS

job.start(snakemake)
params = snakemake.params
results = Path(snakemake.output.table).parent
answers = {Path(path).relative_to(results).as_posix(): path for path in snakemake.input.answers}
table = claims.compare(
    storage.read(os.environ["CELLPHENO_CLAIMS"], CLAIMS),
    {name: storage.read(path, claims.SOURCES[name]) for name, path in answers.items()},
    study=params.published_study,
    run=params.run,
    simulated=params.simulated,
)
storage.write(table, snakemake.output.table, COMPARED_CLAIMS)
