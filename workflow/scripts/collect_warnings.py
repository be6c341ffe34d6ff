"""Collect the warnings of all rules and of the checks before any job."""

import pandas as pd

from cellpheno import job, tables

job.start(snakemake)
at_start = pd.DataFrame({"warning": list(snakemake.params.at_start)}, dtype=object)
at_start.insert(0, "rule", "start")
found = [tables.read(path, tables.WARNINGS) for path in snakemake.input]
frame = tables.concatenate([at_start, *found], tables.WARNINGS)
# jobs of one rule may find the same, as trainings with different seeds do
counts = frame.groupby(["rule", "warning"], sort=False).size().rename("n_jobs")
tables.write(counts.reset_index(), snakemake.output.warnings, tables.WARNINGS)
