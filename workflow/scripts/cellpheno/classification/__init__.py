"""Classify cells: crops, training, inference, Grad-CAM, evaluation."""
