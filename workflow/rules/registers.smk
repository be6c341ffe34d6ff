# What a study makes, registered by the rule files, and what their rules have in common.
RESULTS, FIGURES = [], []
# tables in the report that no figure needs
SHOWN = []
# tables of the differences of every two classifiers, detectors, fusion weights
PAIRS = []
# tables of warnings of rules that may have some, collected for the report
WARNINGS = []


wildcard_constraints:
    study=STUDY,
    shard="|".join(SHARDS),
    detector="|".join(config["detectors"]),
    backend="|".join(detector_libraries.BACKENDS),
    experiment="|".join(map(re.escape, TRAINED)),
    network_input="|".join(inputs.names(config)),
    seed="|".join(map(str, SEEDS)),


def results(*names, wanted=True, **wildcards):
    """The files of this study, for every value of their wildcards; none where they are not wanted."""
    paths = [f"results/{STUDY}/{name}" for name in names]
    return collect(paths, **wildcards) if wanted else []


def drawn(figure, category, title, caption=None, wanted=True, **wildcards):
    """The files of a figure, registered: PDF, and PNG for the report."""
    kinds = [f"figures/{figure}.{kind}" for kind in ("pdf", "png")]
    FIGURES.extend(results(*kinds, wanted=wanted, **wildcards))
    pdf, png = (f"results/{{study}}/{path}" for path in kinds)
    caption = f"../report/{caption or figure}.rst"
    labels = {"figure": title}
    return {
        "pdf": pdf,
        "png": report(png, caption=caption, category=category, labels=labels),
    }


def drawn_by(script):
    """The parameters of a figure that name its script and the code behind it."""
    return {"script": script, "code": code_id(f"{script}.py")}


@cache
def code_id(script, *modules):
    """Hash of a script and the library behind it: an edit reruns exactly what it touches."""
    return code_hash.code_id(script, source_text, modules)


def scaled(base_mb, cap_mb=512_000):
    """Memory that doubles with each retry, up to a cap."""

    def mem_mb(wildcards, attempt):
        return min(base_mb * 2 ** (attempt - 1), cap_mb)

    return mem_mb


def longer(base_minutes, cap_minutes=2880):
    """Time limit that doubles with each retry, up to a cap that clusters allow."""

    def runtime(wildcards, attempt):
        return max(base_minutes, min(base_minutes * 2 ** (attempt - 1), cap_minutes))

    return runtime
