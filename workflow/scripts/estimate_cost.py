"""Take the time of a few steps of each training, on noise."""

from cellpheno.core import gpu, job
from cellpheno.core.files import whole
from cellpheno.planning import cost, plan

job.start(snakemake)
params = snakemake.params
facts = plan.read_facts(snakemake.input.fingerprint)
config, _ = plan.complete(dict(params.config), facts)
with gpu.device(snakemake) as device:
    costs = [cost.detector(config, name, facts, device) for name in plan.detectors(config)]
    costs += [
        cost.classifier(config, name, facts, config["classes"], device)
        for name in params.experiments
    ]
with whole(snakemake.output[0]) as temporary:
    temporary.write_text("".join(f"# {each}\n" for each in costs))
