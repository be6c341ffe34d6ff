"""What a detector may leave out is seen by whoever runs the study."""


def test_fields_with_as_many_cells_as_allowed_are_counted_in_the_warnings(mini_study):
    detection = mini_study.config["detection"]
    detection["inference"] = {"max_detections": 2, "min_score": 0.0, "on_full": "keep_best"}
    mini_study.config["detectors"] = {"main": {}, "other": {"inference": {"nms_iou": 0.9}}}
    tables = [
        "results/mini/warnings/detect_cells/shard-000.tsv",
        "results/mini/warnings/compare_detectors/torchvision.tsv",
    ]
    done = mini_study.write().snakemake(*tables)
    first, second = ((mini_study.folder / path).read_text() for path in tables)
    sentence = "found as many cells as detection/inference/max_detections allows (2) in"
    assert f"The detector {sentence} 12 of 12 fields" in first
    assert f"detect_cells: The detector {sentence}" in done.stdout
    for name in ("main", "other"):
        assert f"The detector {name} {sentence} 2 of 2 fields" in second
