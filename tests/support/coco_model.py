"""detectron2's own model of COCO's 80 classes, with random weights, as its model zoo has it."""

import pickle
from pathlib import Path

import torch
from detectron2.modeling import build_model
from torch import nn

from cellpheno.detection.backends import detectron


def coco_model() -> nn.Module:
    """Return the model: it sees blue first, and its batch norms are frozen."""
    torch.manual_seed(3)
    config = detectron._with_pyramid(50, ("res2", "res3", "res4", "res5"))
    config.MODEL.DEVICE = "cpu"
    config.MODEL.ANCHOR_GENERATOR.SIZES = [[32], [64], [128], [256], [512]]
    config.MODEL.ROI_HEADS.NUM_CLASSES = 80
    config.MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION = 7
    network = build_model(config)
    for name, buffer in network.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.5, 1.5)
    return network.eval()


def write_as_the_model_zoo_does(network: nn.Module, path: Path) -> None:
    """Write weights as a pickle of numpy's arrays."""
    arrays = {key: value.numpy() for key, value in network.state_dict().items()}
    path.write_bytes(pickle.dumps({"model": arrays, "__author__": "Detectron2 Model Zoo"}, 3))
