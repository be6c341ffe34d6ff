"""Simulate the raw images and annotations of a study whose truth is known (A49-A52)."""

from cellpheno.core import job
from cellpheno.simulation.study import simulate_study
from cellpheno.study import simulated_files
from cellpheno.tables import storage
from cellpheno.tables.annotations import TRUTH

job.start(snakemake)
made = [*snakemake.output.raw, *snakemake.output.annotations]
simulated_files.claim(snakemake.params.study, made)
truth = simulate_study(
    snakemake.params.rows,
    snakemake.params.settings,
    snakemake.params.classes,
    snakemake.params.seed,
    annotations=list(snakemake.output.annotations),
    annotation_format=snakemake.params.annotation_format,
    senior=snakemake.params.senior,
    negative_class=snakemake.params.negative_class,
    processes=snakemake.threads,
)
storage.write(truth, snakemake.output.truth, TRUTH)
