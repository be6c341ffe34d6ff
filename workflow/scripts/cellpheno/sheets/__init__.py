"""Make a sample sheet from a folder of images and a plate map."""
