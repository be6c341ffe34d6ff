"""Invented tables of a large and of a small study, for every figure to be drawn from."""

import dataclasses
import functools

import matplotlib.text
import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from cellpheno.calls.threshold_sweep import sweep
from cellpheno.classification.gradcam import choose
from cellpheno.figures import style
from cellpheno.figures.annotations import annotated_fields
from cellpheno.figures.calls import thresholds as threshold_figure
from cellpheno.figures.classification import (
    classifier_training,
    classifiers,
    confusion,
    grad_cam,
    roc,
)
from cellpheno.figures.detection import detection, detectors
from cellpheno.figures.embedding import embedding
from cellpheno.figures.images import quality, quality_overview
from cellpheno.figures.statistics import (
    class_shares,
    effects,
    frequencies,
    frequencies_stacked,
    power,
)
from cellpheno.statistics import conditions
from cellpheno.statistics import frequencies as counting
from cellpheno.statistics import power as power_of
from cellpheno.tables.cells import DETECTOR_SPEED
from cellpheno.tables.columns import BOX_COLUMNS

WELCH = {"test": "welch", "unit": "replicate", "correction": "holm"}
CHANNELS = ["membrane", "nucleus"]
LIMITS = [
    ("max_saturated_fraction", "fixed", 0.02),
    ("min_contrast", "robust", 9.0),
    ("min_detail", "robust", 0.02),
    ("min_focus", "off", np.nan),
    ("min_background", "robust", -40.0),
    ("max_background", "robust", 480.0),
]
DETECTORS = {"main": "faster_rcnn, resnet18_small, scale 1", "fcos": "fcos, resnet50, scale 1.5"}
CLASSIFIERS = {"main": "resnet101", "densenet201": "densenet201", "small": "mobilenet_v2"}
STUDENT = {"test": "student", "unit": "field", "correction": "none"}


@dataclasses.dataclass
class Study:
    """Invented tables of one study."""

    palette: style.Palette
    excluded: list[str]
    n_fields: int = 45
    cells_per_field: int = 34
    shape: tuple[int, int] = (512, 640)
    side: float = 46.0

    def __post_init__(self):
        self.random = np.random.default_rng(0)
        classes, random = list(self.palette.classes), self.random
        self.control = self.palette.control
        names = list(self.palette.conditions)
        rows = []
        for number in range(self.n_fields):
            condition = names[number % len(names)]
            replicate = f"r{number // len(names) % 5 + 1}"
            rows.append((f"{condition}-{replicate}-f{number}", condition, replicate))
        quality = pd.DataFrame(rows, columns=["field", "condition", "replicate"])
        quality = quality.assign(
            group=quality["condition"] + quality["replicate"],
            verdict="ok",
            saturated_fraction=random.exponential(2e-4, len(rows)),
            focus=random.gamma(20, 10, len(rows)),
        )
        quality.loc[4, ["verdict", "saturated_fraction"]] = [
            "over-exposed: 31 % of the pixels of the channel membrane are saturated, 2 % allowed",
            0.31,
        ]
        numbers = {"saturated_fraction": 2e-4, "contrast": 60, "detail": 0.1, "background": 200}
        for channel in CHANNELS:
            for name, usual in numbers.items():
                quality[f"{channel}_{name}"] = usual * random.gamma(20, 0.05, len(rows))
        quality.loc[4, "membrane_saturated_fraction"] = 0.31
        self.quality = quality
        self.limits = pd.DataFrame(
            [
                {"key": key, "channel": channel, "how": how, "limit": limit, "median": 1.0, "n": 45}
                for channel in CHANNELS
                for key, how, limit in LIMITS
            ]
        )
        usable = quality[quality["verdict"] == "ok"]
        drawn = (usable["condition"] == "annotated") | (
            (len(names) < 3) & (np.arange(len(usable)) % 2 == 0)
        )
        uses = np.resize(["train", "train", "val", "test"], int(drawn.sum()))
        split = pd.Series("predict", usable.index)
        split[drawn] = uses
        self.splits = usable[["field", "group"]].assign(split=split)
        self.cells = self._cells(usable.assign(split=split), classes)
        boxes = self.cells[self.cells["label"].notna()]
        self.boxes = boxes[["field", *BOX_COLUMNS, "label"]].assign(annotator="expert")
        self.frequencies = counting.count(
            self.cells,
            quality,
            self.splits,
            classes,
            self.palette.groups,
            self.excluded,
            ["predict"],
        )
        self.tests = self.tested([WELCH, STUDENT])

    def tested(self, entries):
        members = counting.members(self.palette.classes, self.palette.groups, self.excluded)
        named = self.frequencies.drop_duplicates("field").assign(usable=True)
        return conditions.of_frequencies(self.frequencies, self.control, entries, members, named)

    def _cells(self, fields, classes):
        frames = []
        for field in fields.itertuples():
            n = self.random.poisson(self.cells_per_field)
            weights = np.array([8.0] + [1.0] * (len(classes) - 1))
            if field.condition not in (self.control, "mock", "annotated"):
                weights[1:] *= 0.25
            truth = self.random.choice(classes, n, p=weights / weights.sum())
            call = np.where(self.random.random(n) < 0.85, truth, self.random.choice(classes, n))
            low = self.random.uniform(0, 1, (n, 2)) * np.array(self.shape[::-1]) * 0.93
            size = self.random.normal(self.side, self.side / 6, (n, 2))
            frame = pd.DataFrame(low, columns=["x_min", "y_min"])
            frame[["x_max", "y_max"]] = low + np.clip(size, 8, None)
            score = self.random.beta(8, 2, n)
            frames.append(
                frame.assign(
                    field=field.field,
                    condition=field.condition,
                    replicate=field.replicate,
                    group=field.group,
                    split=field.split,
                    call=call,
                    label=truth if field.split != "predict" else None,
                    det_score=score,
                    cls_score=score,
                    score=score,
                )
            )
        return pd.concat(frames, ignore_index=True)

    def image(self):
        noise = self.random.random((*self.shape, 3))
        smooth = gaussian_filter(noise, (6, 6, 0))
        return (255 * np.clip((smooth - 0.4) * 3, 0, 1)).astype(np.uint8)

    def thumbnails(self):
        names = quality_overview.choose(self.quality)
        return {name: quality_overview.thumbnail(self.image()) for name in names}

    def panels(self):
        names = annotated_fields.choose(self.cells, self.quality, self.splits, ["predict"])
        return [
            annotated_fields.Panel(
                name,
                self.quality.set_index("field").loc[name, "condition"],
                self.image(),
                self.cells[self.cells["field"] == name],
            )
            for name in names
        ]

    def detector_history(self):
        steps = np.arange(1, 261)
        loss = 3 * np.exp(-steps / 60) + 0.3 + self.random.normal(0, 0.08, 260)
        rows = [
            (step, "train", "all", "loss", value) for step, value in zip(steps, loss, strict=True)
        ]
        for step in range(50, 261, 50):
            rows.append((step, "val", "all", "recall", 1 - np.exp(-step / 60)))
            rows.append((step, "val", "all", "precision", 0.9 - np.exp(-step / 40)))
        return history(rows)

    def detection_metrics(self):
        rows = [("val", "score_threshold", 0.43, np.nan, np.nan)]
        for split in ("val", "test"):
            for iou in (0.5, 0.1):
                for ending in ("", " at score_threshold"):
                    for metric in ("recall", "precision", "f1"):
                        value = self.random.uniform(0.85, 0.99)
                        rows.append(
                            (split, f"{metric}@{iou}{ending}", value, value - 0.02, value + 0.01)
                        )
                rows.append((split, f"ap@{iou}", 0.93, 0.91, 0.95))
            rows.append((split, "n_detected", 420, 400, 440))
        frame = pd.DataFrame(rows, columns=["split", "metric", "value", "ci_low", "ci_high"])
        return frame.assign(detector="faster_rcnn", seed=0, n=400, n_clusters=6, note="")

    def detectors(self):
        each = self.detection_metrics()
        metrics = pd.concat([each.assign(detector=name) for name in DETECTORS])
        rows = [
            (name, f"f{n}", *self.shape, 100.0 + 40 * row + n, "cpu")
            for row, name in enumerate(DETECTORS)
            for n in range(8)
        ]
        columns = [column.name for column in DETECTOR_SPEED.columns]
        compared = verdicts("f1@0.5 at score_threshold", list(DETECTORS))
        return metrics, compared, pd.DataFrame(rows, columns=columns), DETECTORS

    def classifiers(self):
        rows = [
            (name, seed, metric, value + 0.01 * row + 0.004 * number, value - 0.03, value + 0.04)
            for row, name in enumerate(CLASSIFIERS)
            for number, seed in enumerate(["0", "1", "mean"])
            for metric, value in [("balanced_accuracy", 0.8), ("macro_f1", 0.75), ("mean_auc", 0.9)]
        ]
        columns = ["experiment", "seed", "metric", "value", "ci_low", "ci_high"]
        frame = pd.DataFrame(rows, columns=columns)
        frame = frame.assign(**{"class": "all", "split": "test", "n": 100})
        compared = verdicts("mean_auc", list(CLASSIFIERS))
        return frame.assign(n_clusters=6, note=""), compared, CLASSIFIERS

    def thresholds(self):
        palette, known = self.palette, self.cells[self.cells["label"].notna()]
        chances = self.random.dirichlet(np.ones(len(palette.classes)), len(known))
        columns = {f"p_{name}": chances[:, row] for row, name in enumerate(palette.classes)}
        scored = known.assign(**columns)
        return sweep(scored, list(palette.classes), palette.groups, palette.negative)

    def classifier_history(self):
        rows = []
        for epoch in range(1, 17):
            for split, best in [("train", 0.97), ("val", 0.9)]:
                rows.append((epoch, split, "all", "loss", 2 * np.exp(-epoch / 5) + 0.2))
                for name in ["all", *self.palette.classes, *self.palette.groups]:
                    value = best - np.exp(-epoch / 4) * 0.7 + self.random.normal(0, 0.03)
                    rows.append((epoch, split, name, "accuracy", np.clip(value, 0, 1)))
        return history(rows)

    def roc(self):
        parts = []
        for row, name in enumerate([*self.palette.classes, *self.palette.groups]):
            x = np.linspace(0, 1, 60)
            y = x ** (0.03 + 0.02 * row)
            parts.append(
                pd.DataFrame({"false_positive_rate": x, "true_positive_rate": y}).assign(
                    **{"class": name, "split": "test"}
                )
            )
        return pd.concat(parts)

    def areas(self):
        names = [*self.palette.classes, *self.palette.groups]
        frame = pd.DataFrame({"class": names, "value": np.linspace(0.99, 0.95, len(names))})
        frame = frame.assign(
            ci_low=frame["value"] - 0.013, ci_high=frame["value"] + 0.007, n_clusters=6, note=""
        )
        return frame.assign(metric="auc", split="test", experiment="main", seed="mean", n=100)

    def confusion(self):
        known = self.cells[self.cells["split"] == "test"]
        return known.groupby(["label", "call"]).size().reset_index(name="n").assign(split="test")

    def embedding(self):
        some = self.cells[self.cells["split"].isin(["test", "predict"])].copy()
        angle = some["call"].map({name: row for row, name in enumerate(self.palette.classes)})
        for method in ("tsne", "umap"):
            some[f"{method}_1"] = 3 * np.cos(angle) + self.random.normal(0, 1, len(some))
            some[f"{method}_2"] = 3 * np.sin(angle) + self.random.normal(0, 1, len(some))
        return some

    def explained(self):
        known = self.cells[self.cells["split"] == "test"]
        cells = choose(known, ["test"], list(self.palette.classes), 2, seed=0)
        cells = cells.assign(map_row=np.arange(len(cells)))
        image = self.image()
        crops = np.stack([image[3 * row :][:96, :96] for row in range(len(cells))])
        maps = gaussian_filter(self.random.random((len(cells), 96, 96)), (0, 14, 14))
        maps = (maps - maps.min((1, 2), keepdims=True)) / np.ptp(maps, axis=(1, 2))[:, None, None]
        return cells, crops, maps.astype(np.float32), "layer2: 12 × 12 positions"

    @property
    def conditions(self):
        return self.quality.set_index("field")["condition"]

    def power(self):
        members = {name: [name] for name in self.frequencies["class"].unique()}
        control = self.palette.control
        return power_of.estimate(self.frequencies, control, members, "holm", "auto")

    def draw(self):
        """Draw every figure, by name."""
        palette, wanted = self.palette, ["predict"]
        return {
            "annotated_fields": annotated_fields.draw(self.panels(), palette),
            "class_shares": class_shares.draw(
                *(self.boxes, self.splits, self.cells, self.conditions, wanted, palette)
            ),
            "detection": detection.draw(self.detector_history(), self.detection_metrics()),
            "classifier_training": classifier_training.draw(self.classifier_history(), palette),
            "roc": roc.draw(self.roc(), self.areas(), "test", palette),
            "confusion": confusion.draw(self.confusion(), "test", palette),
            "embedding": embedding.draw(self.embedding(), palette),
            "grad_cam": grad_cam.draw(*self.explained(), palette),
            "frequencies": frequencies.draw(self.frequencies, self.tests, WELCH, palette),
            "frequencies_stacked": frequencies_stacked.draw(
                self.frequencies, self.tests, "replicate", palette
            ),
            "effects": effects.draw(self.tests, [WELCH, STUDENT], palette),
            "power": power.draw(self.power(), palette),
            "detectors": detectors.draw(*self.detectors()),
            "classifiers": classifiers.draw(*self.classifiers()),
            "thresholds": threshold_figure.draw(self.thresholds(), palette, "argmax", 0.2),
            "quality": quality.draw(self.quality, self.limits, CHANNELS),
            "quality_overview": quality_overview.draw(
                self.quality, self.limits, CHANNELS, self.thumbnails()
            ),
        }


def verdicts(metric, names):
    """Return what is said of each competitor but the first."""
    said = ["undecided", "equivalent", "better", "worse"]
    rows = [(metric, names[0], name, said[n % 4]) for n, name in enumerate(names[1:])]
    return pd.DataFrame(rows, columns=["metric", "first", "second", "verdict"])


def history(rows):
    return pd.DataFrame(rows, columns=["step", "split", "class", "metric", "value"])


@functools.cache
def large():
    classes = ["non-CIC", "partial", "one-in-one", "two-in-one", "in turn", "complicated"]
    groups = {"CIC": classes[1:], "completed CIC": classes[2:]}
    conditions = ["annotated", "control", "mock", "GAP(1-194)", "GAP(118-194)", "GAP(195-395)"]
    palette = style.Palette([*classes, "unclear"], "non-CIC", groups, conditions, "control")
    return Study(palette, ["unclear"], n_fields=90)


@functools.cache
def small():
    classes, conditions = ["Living Cell", "Dead Cell"], ["series A", "series B"]
    palette = style.Palette(classes, "Living Cell", {}, conditions, "series A")
    return Study(palette, [], 40, 3, (220, 220), 70.0)


@functools.cache
def hostile():
    """Return a study of fifteen classes and of names that are as long as the formats allow."""
    classes = [f"phenotype {n:02d} of nuclei with an unusually long description" for n in range(15)]
    conditions = ["annotated", f"{'x' * 74}1", f"{'x' * 74}2", "DMSO_0.1percent_48h_plate-7_row-B"]
    groups = {"all phenotypes that are not the usual one": classes[1:]}
    palette = style.Palette(classes, classes[0], groups, conditions, conditions[1])
    return Study(palette, [], n_fields=90)


def texts(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def no_rows(frame):
    return frame.iloc[:0]


EMPTY = {
    "annotated_fields": lambda s: annotated_fields.draw([], s.palette),
    "class_shares": lambda s: class_shares.draw(
        no_rows(s.boxes), s.splits, no_rows(s.cells), s.conditions, ["predict"], s.palette
    ),
    "detection": lambda s: detection.draw(history([]), no_rows(s.detection_metrics())),
    "classifier_training": lambda s: classifier_training.draw(history([]), s.palette),
    "roc": lambda s: roc.draw(no_rows(s.roc()), no_rows(s.areas()), "test", s.palette),
    "confusion": lambda s: confusion.draw(no_rows(s.confusion()), "test", s.palette),
    "embedding": lambda s: embedding.draw(no_rows(s.embedding()), s.palette),
    "grad_cam": lambda s: grad_cam.draw(
        no_rows(s.cells), np.empty((0, 8, 8, 3)), np.empty((0, 8, 8)), "", s.palette
    ),
    "frequencies": lambda s: frequencies.draw(
        no_rows(s.frequencies), no_rows(s.tests), WELCH, s.palette
    ),
    "frequencies_stacked": lambda s: frequencies_stacked.draw(
        no_rows(s.frequencies), no_rows(s.tests), "field", s.palette
    ),
    "effects": lambda s: effects.draw(no_rows(s.tests), [WELCH], s.palette),
    "power": lambda s: power.draw(no_rows(s.power()), s.palette),
    "detectors": lambda s: detectors.draw(*map(no_rows, s.detectors()[:3]), DETECTORS),
    "classifiers": lambda s: classifiers.draw(*map(no_rows, s.classifiers()[:2]), CLASSIFIERS),
    "thresholds": lambda s: threshold_figure.draw(no_rows(s.thresholds()), s.palette, "argmax", 0),
    "quality": lambda s: quality.draw(no_rows(s.quality), s.limits, CHANNELS),
    "quality_overview": lambda s: quality_overview.draw(no_rows(s.quality), s.limits, CHANNELS, {}),
}
"""Every figure by its name, drawn for a study of whose tables the rows are left out."""
