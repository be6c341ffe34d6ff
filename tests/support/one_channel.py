"""Image files of one channel."""

from cellpheno.images.reading.readers import read_field


def read_channel(path):
    """Read the only channel of an image file, [height, width]."""
    return read_field({"image": str(path)}, ["image"], {}).channels["image"]
