"""Which rule files a study needs, in the order in which a field of view travels."""

from typing import Any

from cellpheno.study import annotations


def of(config: dict[str, Any], planned: bool = False) -> list[str]:
    """Return the names of the files in `workflow/rules` that a study's jobs come from.

    Parameters
    ----------
    config
        Complete, as `configuration.complete` returns it. Rules of other files make the same files,
        or read sections that this config does not have.
    planned
        Whether the plan chooses some of its values.
    """
    detects = config["candidates"]["source"] == "detector"
    simulated = "simulation" in config
    filtered = config["patch_filter"]["enabled"]
    stained = config["labels"]["source"] == "fluorescence"
    # cells of one class need no classifier
    classifies = len(config["classes"]) > 1
    target = bool(config["calls"]["target"])
    # a class that the sheet gives to all cells of a field is no judgement of each of them
    judged = config["annotations"]["format"] == "sheet" or not config["annotations"]["label_column"]
    needed = {
        "networks": True,
        "figures": True,
        "fetch": "fetch" in config,
        "simulation": simulated,
        "simulation_patches": filtered and config.get("simulation", {}).get("kind") == "live_dead",
        "images": True,
        "images_figures": True,
        "annotations": True,
        "annotations_agreement": len(annotations.annotators(config)) > 1,
        "splits": True,
        "splits_held_out": True,
        "planning": planned,
        "candidates": not detects,
        "candidates_filter": filtered,
        "labels": stained,
        "labels_figures": stained,
        "labels_suspects": config["label_errors"]["enabled"] and judged,
        "detection": detects,
        "detection_figures": detects,
        "detection_compared": detects and len(config["detectors"]) > 1,
        "classification": classifies,
        "classification_evaluation": classifies,
        "classification_figures": classifies,
        "classification_maps": classifies,
        "evaluation_subsets": bool(config["evaluation"]["by"]),
        "calls": True,
        "calls_figures": True,
        "target": target,
        "target_designs": target,
        "target_figures": target,
        "embedding": classifies,
        "statistics": True,
        "statistics_null": True,
        "statistics_viability": config["viability"]["enabled"],
        "statistics_planted": simulated,
        "statistics_figures": True,
        "statistics_power": True,
        "export": True,
        # these read what the others have registered
        "evaluation_pairs": True,
        "report_claims": bool(config["published_study"]),
        "report": True,
    }
    return [name for name, needs in needed.items() if needs]
