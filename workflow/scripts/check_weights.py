"""Build every network with the weights that it starts from, before any is trained."""

from cellpheno.core import job
from cellpheno.core.files import whole
from cellpheno.detection.backends import registry
from cellpheno.networks import backbones

job.start(snakemake)
classifiers, detectors = snakemake.params.networks
for settings in classifiers.values():
    backbones.build(backbones.ModelSettings(**settings), 2)
for settings, channels in detectors.values():
    registry.build(settings, channels)
with whole(snakemake.output[0]) as temporary:
    lines = ["file", *sorted(set(snakemake.input.weights))]
    temporary.write_text("".join(f"{line}\n" for line in lines))
