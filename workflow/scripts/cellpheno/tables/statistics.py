"""Tables of the experiment's outcome: frequencies, measures, tests, claims."""

from cellpheno.tables.columns import BOX, CONDITION, FIELD, INTERVAL, REPLICATE, Column, Table

FREQUENCIES = Table(
    "frequencies",
    (
        FIELD,
        CONDITION,
        REPLICATE,
        Column("class", "str", "class, or group of classes"),
        Column("n_cells", "int", "cells counted in the field", minimum=0),
        Column("n_class", "int", "cells of the class", minimum=0),
        Column("frequency", "float", "n_class / n_cells", minimum=0, maximum=1, optional=True),
    ),
    key=("field", "class"),
)
TESTS = Table(
    "tests",
    (
        Column("class", "str", "class, or group of classes"),
        CONDITION,
        Column("control", "str", "condition that it is compared with"),
        Column("test", "str", "statistical test"),
        Column("n_units", "int", "independent units in both conditions", minimum=0),
        Column("unit", "str", "what was counted as independent"),
        Column("estimate", "float", "difference to control", optional=True),
        *INTERVAL,
        Column("effect", "str", "Hedges' g, g_av (paired), odds ratio, or empty"),
        Column("effect_size", "float", "that effect size", optional=True),
        Column("effect_low", "float", "lower end of its 95 % interval", optional=True),
        Column("effect_high", "float", "upper end of its 95 % interval", optional=True),
        Column("statistic", "float", "of the test", optional=True),
        Column("degrees_of_freedom", "float", "of the statistic", minimum=0, optional=True),
        Column("p", "float", "two-sided", minimum=0, maximum=1, optional=True),
        Column("p_adjusted", "float", "for all comparisons", minimum=0, maximum=1, optional=True),
        Column("correction", "str", "how p was adjusted"),
        Column("n_control", "int", "independent units of the control", minimum=0),
        Column("n_condition", "int", "independent units of the condition", minimum=0),
        Column("mean_control", "float", "mean of the control's units", optional=True),
        Column("mean_condition", "float", "mean of the condition's units", optional=True),
        Column("design", "str", "whether blocks are compared", allowed=("paired", "independent")),
        Column("n_blocks", "int", "pairs of replicates of one name; 0 if not paired", minimum=0),
        Column("reason", "str", "why this design"),
        Column("note", "str", "why there is no test, or why the test may mislead"),
    ),
    key=("class", "condition", "test", "unit", "correction"),
)
MEASURE = (
    Column("measure", "str", "what was measured of an annotated object"),
    Column("measure_unit", "str", "unit of the measure"),
)
MEASURES = Table(
    "measures",
    (
        FIELD,
        CONDITION,
        REPLICATE,
        Column("class", "str", "annotated class, or `all`"),
        *MEASURE,
        Column("n_objects", "int", "annotated objects whose measure is known", minimum=0),
        Column("value", "float", "their median", optional=True),
    ),
    key=("field", "class", "measure"),
)
MEASURE_TESTS = Table("measure_tests", (*MEASURE, *TESTS.columns), key=("measure", *TESTS.key))
NULL_SCOPES = ("one comparison", "whole experiment")
NULL_EXPERIMENTS = Table(
    "null_experiments",
    (
        Column("test", "str", "statistical test"),
        Column("unit", "str", "what was counted as independent"),
        Column("design", "str", "of the comparisons: paired, independent, or both"),
        Column("correction", "str", "how p was adjusted"),
        Column("scope", "str", "what is called significant", allowed=NULL_SCOPES),
        Column("class", "str", "class, group of classes, or `all`"),
        Column("condition", "str", "compared condition, or `all`"),
        Column("n_experiments", "int", "simulated experiments that could be tested", minimum=0),
        Column("n_false_positives", "int", "experiments called significant", minimum=0),
        Column("nominal", "float", "allowed rate", minimum=0, maximum=1),
        Column("rate", "float", "of false positives", minimum=0, maximum=1),
        *INTERVAL,
        Column("block_correlation", "float", "of two cells of a block", maximum=1),
        Column("replicate_correlation", "float", "of two cells of a replicate", maximum=1),
        Column("field_correlation", "float", "of two cells of a field", maximum=1),
    ),
    key=("test", "unit", "correction", "scope", "class", "condition"),
)
POWER = Table(
    "power",
    (
        Column("class", "str", "class, or group of classes"),
        CONDITION,
        Column("control", "str", "condition that it is compared with"),
        Column("design", "str", "of the comparison", allowed=("paired", "independent")),
        Column("n_control", "int", "replicates of the control that are compared", minimum=0),
        Column("n_condition", "int", "replicates of the condition that are compared", minimum=0),
        Column("fields", "float", "mean number of fields of a replicate", minimum=0),
        Column("cells", "float", "mean number of cells of a field", minimum=0, optional=True),
        Column("correction", "str", "for many comparisons"),
        Column("level", "float", "below which p is significant", minimum=0, maximum=1),
        Column("frequency", "float", "of the control", minimum=0, maximum=1, optional=True),
        Column("smallest_rise", "float", "found with 80 % power", minimum=0, optional=True),
        Column("smallest_fall", "float", "found with 80 % power", minimum=0, optional=True),
        Column("replicates_for_half", "float", "that half the rise takes", optional=True),
        Column("fields_for_half", "float", "of a replicate, for half the rise", optional=True),
        Column("block_correlation", "float", "of two cells of a block", maximum=1),
        Column("replicate_correlation", "float", "of two cells of a replicate", maximum=1),
        Column("field_correlation", "float", "of two cells of a field", maximum=1),
    ),
    key=("class", "condition", "correction"),
)
VIABILITY = Table(
    "viability",
    (
        Column("level", "str", "of the row", allowed=("field", "group", "condition")),
        Column("name", "str", "of the field, group or condition"),
        CONDITION,
        Column("time", "str", "by the sample sheet, or `all`"),
        Column("source", "str", "of the classes", allowed=("bright-field", "fluorescence")),
        Column("n", "int", "patches or cells with a class", minimum=0),
        Column("n_live", "int", "live ones among them", minimum=0),
        Column("viability", "float", "n_live / n", minimum=0, maximum=1, optional=True),
        *INTERVAL,
        Column("interval", "str", "how it was made", allowed=("Wilson", "ratio of units", "none")),
        Column("unit", "str", "what counts as independent", allowed=("field", "group")),
        Column("n_units", "int", "number of units", minimum=0),
    ),
    key=("level", "name", "condition", "time", "source"),
)
PLANTED_VIABILITY = Table(
    "planted_viability",
    (
        CONDITION,
        Column("time", "str", "by the sample sheet, or `all`"),
        Column("source", "str", "of the classes", allowed=("bright-field", "fluorescence")),
        Column("planted", "float", "chance of a cell to be alive", minimum=0, maximum=1),
        Column("simulated", "float", "share of live cells in these fields", minimum=0, maximum=1),
        Column("viability", "float", "share of live patches", minimum=0, maximum=1),
        *INTERVAL,
        Column("n_units", "int", "groups or fields behind it", minimum=1),
        Column("recovered", "bool", "whether the planted viability is within the interval"),
    ),
    key=("condition", "time", "source"),
)
PLANTED_FREQUENCIES = Table(
    "planted_frequencies",
    (
        CONDITION,
        Column("class", "str", "class, or group of classes"),
        Column("planted", "float", "chance of a cell to be of this class", minimum=0, maximum=1),
        Column("simulated", "float", "share of cells", minimum=0, maximum=1, optional=True),
        Column("called", "float", "share of the called cells", minimum=0, maximum=1, optional=True),
        Column("ratio", "float", "called / simulated", minimum=0, optional=True),
        *INTERVAL,
        Column("n_units", "int", "replicates behind the interval of the ratio", minimum=0),
    ),
    key=("condition", "class"),
)
VIABILITY_MAP = Table(
    "viability_map",
    (
        FIELD,
        *BOX,
        Column("n_patches", "int", "patches that cover its centre", minimum=1),
        Column("p_live", "float", "mean of their probabilities", minimum=0, maximum=1),
    ),
)
CLAIM = (
    Column("claim_id", "str", "name of the claim"),
    Column("study", "str", "published study", allowed=("aim_cics", "cca", "jimt1")),
    Column("stage", "str", "part of the study"),
    Column("dataset", "str", "measured data"),
    Column("setting", "str", "how it was measured"),
    Column("metric", "str", "what was measured"),
    Column("bound", "str", "meaning of number", allowed=("", "gt", "ge", "lt", "le", "approx")),
)
CLAIM_SOURCE = (
    Column("spread", "str", "sd of the published runs, or interval `low..high`; may be empty"),
    Column("unit", "str", "of the number"),
    Column("n", "str", "number of samples, if published"),
    Column("source", "str", "where it is printed"),
    Column("note", "str", "what is unclear about it"),
)
CLAIMS = Table(
    "claims",
    (
        *CLAIM,
        Column("value", "str", "published number, with the printed digits"),
        *CLAIM_SOURCE,
        Column("table", "str", "table of a run that answers it; empty if none does"),
        Column("where", "str", "rows of the table: `column=value;column=value|other value`"),
        Column("column", "str", "column of the table"),
        Column("summary", "str", "of these rows"),
    ),
    key=("claim_id",),
)
VERDICTS = ("reproduced", "differs", "inconclusive", "not run", "not comparable (simulated)")
COMPARED_CLAIMS = Table(
    "compared_claims",
    (
        *CLAIM,
        Column("published", "str", "published number, with the printed digits"),
        *CLAIM_SOURCE,
        Column("ours", "float", "the same number of this run", optional=True),
        *INTERVAL,
        Column("verdict", "str", "whether ours agrees", allowed=VERDICTS),
        Column("run", "str", "name of the run; empty if there was none"),
    ),
    key=("claim_id",),
)
