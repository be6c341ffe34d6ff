"""Mark good and empty patches of a simulated study, as a person would for the filter (L9)."""

from cellpheno.core import job
from cellpheno.core.files import whole
from cellpheno.simulation.kind import Plan
from cellpheno.simulation.patch_examples import mark
from cellpheno.study import simulated_files

job.start(snakemake)
params = snakemake.params
simulated_files.claim(params.study, [snakemake.output.examples])
plan = Plan(params.settings, params.negative_class, params.seed)
examples = mark(params.rows, plan, params.grid["size"], params.grid["stride"])
with whole(snakemake.output.examples) as temporary:
    examples.to_csv(temporary, index=False)
