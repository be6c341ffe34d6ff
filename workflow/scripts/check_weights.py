"""Build every network with the weights that it starts from, before any is trained."""

from cellpheno import job
from cellpheno.classification import backbones
from cellpheno.detection import backends
from cellpheno.files import whole

job.start(snakemake)
params = snakemake.params
for settings in params.classifiers.values():
    backbones.build(backbones.ModelSettings(**settings), 2)
for settings, channels in params.detectors.values():
    backends.build(settings, channels)
with whole(snakemake.output[0]) as temporary:
    lines = ["file", *sorted(set(snakemake.input))]
    temporary.write_text("".join(f"{line}\n" for line in lines))
