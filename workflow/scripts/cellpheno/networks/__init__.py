"""Parts of networks and of their training that detectors and classifiers share."""
