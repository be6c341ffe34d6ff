"""A sample sheet from what a laboratory has: a folder of images and a plate map."""
