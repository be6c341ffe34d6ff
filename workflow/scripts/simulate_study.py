"""Simulate the raw images and annotations of a study whose truth is known (A49-A52)."""

from cellpheno import job, tables
from cellpheno.simulation.study import simulate_study

job.start(snakemake)
truth = simulate_study(
    snakemake.params.rows,
    snakemake.params.settings,
    snakemake.params.classes,
    snakemake.params.seed,
    annotations=snakemake.output.annotations,
    negative_class=snakemake.params.negative_class,
    processes=snakemake.threads,
    further=snakemake.output.further,
)
tables.write(truth, snakemake.output.truth, tables.TRUTH)
