"""Telling cells apart: crops, backbones, training, inference, Grad-CAM, evaluation."""
