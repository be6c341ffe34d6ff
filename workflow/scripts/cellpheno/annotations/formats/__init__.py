"""Read each format of annotation files into regions."""
