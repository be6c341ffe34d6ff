# Figures of classes defined by a stain; included only where a stain defines them.


use rule figure as plot_labels_from_stain with:
    """Draw the mixture behind the labels, and every label against its brightness (L11 to L13)."""
    input:
        labelled="results/{study}/labels/patches.parquet",
        mixture="results/{study}/labels/mixture.tsv",
        quality="results/{study}/qc/fields.tsv",
        shards=collect("results/{{study}}/converted/{shard}.npz", shard=SHARDS),
    output:
        **drawn("labels_from_stain", "Annotations", "labels from the stain"),
    pathvars:
        figure="labels_from_stain",
    params:
        **drawn_by("plot_labels_from_stain"),
        stain=lookup("labels/channel", within=config),
        scale=lookup("labels/scale", within=config),
        banded=config["labels"]["rule"] == "band",
        palette=PALETTE,


use rule figure as plot_two_classes with:
    """Draw ROC and confusion of every classifier against the stain (L21)."""
    input:
        roc="results/{study}/metrics/two_classes_roc.parquet",
        confusion="results/{study}/metrics/two_classes_confusion.tsv",
        metrics="results/{study}/metrics/two_classes.tsv",
    output:
        **drawn(
            "two_classes",
            "Classification",
            "against the stain, ROC and confusion",
            caption="two_classes_roc",
        ),
    pathvars:
        figure="two_classes",
    params:
        **drawn_by("plot_two_classes"),
        palette=PALETTE,


use rule figure as plot_across_data_sets with:
    """Draw how well every classifier does on every data set."""
    input:
        metrics="results/{study}/metrics/two_classes.tsv",
    output:
        **drawn(
            "across_data_sets",
            "Classification",
            "across data sets",
            wanted=len(set(labels.trained_on(config).values())) > 1,
        ),
    pathvars:
        figure="across_data_sets",
    params:
        **drawn_by("plot_across_data_sets"),


use rule figure as plot_calibration with:
    """Draw the share that the stain calls dim against the classifiers' score."""
    input:
        calibration="results/{study}/metrics/calibration.tsv",
        metrics="results/{study}/metrics/two_classes.tsv",
    output:
        **drawn("calibration", "Classification", "calibration"),
    pathvars:
        figure="calibration",
    params:
        **drawn_by("plot_calibration"),
        dim=lookup("labels/low_class", within=config),


use rule figure as plot_score_against_stain with:
    """Draw the score from bright field alone against the brightness of the stain (L24, L25)."""
    input:
        scores="results/{study}/metrics/scores.parquet",
        metrics="results/{study}/metrics/two_classes.tsv",
        quality="results/{study}/qc/fields.tsv",
    output:
        **drawn("score_against_stain", "Classification", "score against the stain"),
    pathvars:
        figure="score_against_stain",
    params:
        **drawn_by("plot_score_against_stain"),
        experiment=EXPERIMENTS[0],
        column=labels.data_set_column(config),
        dim=lookup("labels/low_class", within=config),
        palette=PALETTE,
