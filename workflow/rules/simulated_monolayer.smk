# What only a simulated monolayer has; read only where the config simulates one.
if config["patch_filter"]["enabled"]:

    rule draw_patch_examples:
        """Mark good and empty patches as a person would, for the filter to learn from (L9)."""
        output:
            examples=FILTER_EXAMPLES,
        log:
            f"logs/{STUDY}/draw_patch_examples.log",
        benchmark:
            f"results/{STUDY}/benchmarks/draw_patch_examples.tsv"
        conda:
            "../../envs/images.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=scaled(1000),
            runtime=longer(20),
        params:
            study=STUDY,
            rows=fields.to_dict("records"),
            settings=lookup("simulation", within=config),
            negative_class=lookup("negative_class", within=config),
            grid=lookup("candidates/grid", within=config),
            seed=lookup("seed", within=config),
            code=code_id("draw_patch_examples.py"),
        script:
            "../scripts/draw_patch_examples.py"


if PLANTED_VIABILITY:

    rule compare_planted_viability:
        """Compare the planted viability with the measured one of each condition and time."""
        input:
            viability="results/{study}/statistics/viability.tsv",
            truth="results/{study}/simulation/truth.parquet",
            quality="results/{study}/qc/fields.tsv",
            splits="results/{study}/splits.tsv",
        output:
            table=report(
                "results/{study}/statistics/planted_viability.tsv",
                caption="../report/planted_viability.rst",
                category="Comparison of conditions",
                labels={"figure": "planted viability (table)"},
            ),
        log:
            "logs/{study}/compare_planted_viability.log",
        benchmark:
            "results/{study}/benchmarks/compare_planted_viability.tsv"
        conda:
            "../../envs/statistics.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=scaled(1000),
            runtime=longer(20),
        params:
            monolayer=lookup("simulation/monolayer", within=config),
            live=lookup("viability/class", within=config),
            splits=lookup("statistics/splits", within=config),
            without=lookup("statistics/exclude_conditions", within=config),
            code=code_id("compare_planted_viability.py"),
        script:
            "../scripts/compare_planted_viability.py"
