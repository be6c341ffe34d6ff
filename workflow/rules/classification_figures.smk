# Figures of what the classifiers have learned.


use rule figure as plot_classifier_training with:
    """Draw the classifier's loss and accuracy, epoch by epoch (A40)."""
    input:
        history=f"results/{{study}}/classifier/{EXPERIMENTS[0]}/seed{SEEDS[0]}/history.tsv",
    output:
        **drawn("classifier_training", "Classification", "classifier, training"),
    pathvars:
        figure="classifier_training",
    params:
        **drawn_by("plot_classifier_training"),
        palette=PALETTE,


use rule figure as plot_roc with:
    """Draw the ROC curve of each class and group against all others (A39)."""
    input:
        roc="results/{study}/metrics/roc.parquet",
        metrics="results/{study}/metrics/classification.tsv",
    output:
        **drawn("roc", "Classification", "ROC curves"),
    pathvars:
        figure="roc",
    params:
        **drawn_by("plot_roc"),
        experiment=EXPERIMENTS[0],
        palette=PALETTE,


use rule figure as plot_confusion with:
    """Draw which annotated class was called what."""
    input:
        confusion="results/{study}/metrics/confusion.tsv",
    output:
        **drawn("confusion", "Classification", "confusion matrix"),
    pathvars:
        figure="confusion",
    params:
        **drawn_by("plot_confusion"),
        palette=PALETTE,


use rule figure as plot_classifiers with:
    """Draw the classifiers side by side: recall, F and AUC, means over the classes (figure S4)."""
    input:
        metrics="results/{study}/metrics/classification.tsv",
        compared="results/{study}/metrics/pairs/classification.tsv",
        plan=PLANNED,
    output:
        **drawn(
            "classifiers",
            "Classification",
            "classifiers side by side",
            wanted=len(EXPERIMENTS) > 1,
        ),
    pathvars:
        figure="classifiers",
    params:
        **drawn_by("plot_classifiers"),
        **planned(
            described=lambda config, _: {
                name: configuration.experiment(config, name)["model"]["backbone"]
                for name in EXPERIMENTS
            }
        ),
