"""Mark good and empty patches of a simulated study, as a person would for the filter (L9)."""

from cellpheno import job, simulated_files
from cellpheno.files import whole
from cellpheno.simulation.kind import Plan
from cellpheno.simulation.patch_examples import mark

job.start(snakemake)
params = snakemake.params
simulated_files.claim(params.study, [snakemake.output.examples])
plan = Plan(params.settings, params.negative_class, params.seed)
examples = mark(params.rows, plan, params.grid["size"], params.grid["stride"])
with whole(snakemake.output.examples) as temporary:
    examples.to_csv(temporary, index=False)
