"""Train the detector on the tiles (A14 to A17)."""

from cellpheno import job, parallel, tables
from cellpheno.detection import backends, coco, training
from cellpheno.training import Checkpoint, checkpoint_key

job.start(snakemake)
params = snakemake.params
weights = [params.model["weights"]] if params.model["weights"] else []
key = checkpoint_key(
    [params.channels, params.model, params.training, params.seed, params.precision, params.code],
    [*coco.files(snakemake.input.tiles), *weights],
)
checkpoint = Checkpoint(params.checkpoints, key)
with job.device(snakemake) as device, parallel.team(device) as device:
    detector, history = training.train(
        coco.read(snakemake.input.tiles, "train"),
        coco.read(snakemake.input.tiles, "val"),
        params.channels,
        params.model,
        training.Settings(**params.training),
        params.seed,
        checkpoint,
        device,
        precision=params.precision,
    )
backends.save(detector, params.model, snakemake.output.model)
tables.write(history, snakemake.output.history, tables.HISTORY)
checkpoint.remove()
