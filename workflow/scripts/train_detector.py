"""Train the detector on the tiles (A14 to A17)."""

from cellpheno.core import gpu, job
from cellpheno.detection import coco, training
from cellpheno.detection.backends import registry
from cellpheno.networks import multi_gpu
from cellpheno.networks.training import Checkpoint, checkpoint_key
from cellpheno.tables import storage
from cellpheno.tables.metrics import HISTORY

job.start(snakemake)
params = snakemake.params
what = [params.channels, params.classes, params.model, params.training]
key = checkpoint_key(
    [*what, params.seed, params.precision, params.code],
    [*coco.files(snakemake.input.tiles), *snakemake.input.weights],
)
checkpoint = Checkpoint(params.checkpoints, key)
with gpu.device(snakemake) as device, multi_gpu.team(device) as device:
    detector, history = training.train(
        coco.read(snakemake.input.tiles, "train", params.classes),
        coco.read(snakemake.input.tiles, "val", params.classes),
        params.channels,
        params.model,
        training.Settings(**params.training),
        params.seed,
        checkpoint,
        device,
        precision=params.precision,
        validation_scale=params.inference["scale"],
    )
registry.save(detector, params.model, snakemake.output.model)
storage.write(history, snakemake.output.history, HISTORY)
checkpoint.remove()
