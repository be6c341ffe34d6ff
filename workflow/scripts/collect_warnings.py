"""Collect the warnings of all rules and of the checks before any job."""

import pandas as pd

from cellpheno.core import job
from cellpheno.tables import storage
from cellpheno.tables.quality import WARNINGS

job.start(snakemake)
at_start = pd.DataFrame({"warning": list(snakemake.params.at_start)}, dtype=object)
at_start.insert(0, "rule", "start")
found = [storage.read(path, WARNINGS) for path in snakemake.input]
frame = storage.concatenate([at_start, *found], WARNINGS)
# jobs of one rule, such as trainings with different seeds, may give the same warning
counts = frame.groupby(["rule", "warning"], sort=False).size().rename("n_jobs")
storage.write(counts.reset_index(), snakemake.output.warnings, WARNINGS)
