"""Download data sets, check and unpack them."""
