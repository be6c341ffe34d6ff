"""Whatever is wrong with the input, it ends in one sentence or in a field that is set aside.

A study of tiny fields, written by hand, is run as far as its splits. What spoils single fields is
planted all at once, and the run goes on without them; what nobody can go on from is planted alone.
"""

import hashlib
import json
import subprocess
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
from conftest import Study

CHANNELS = ("actin", "dapi")
GOOD = [f"good-{n}" for n in range(1, 9)]
ODD = {
    "blanks": "two  blanks .tif",
    "brackets": "[1] (2) {wildcard} *.tif",
    "quotes": "a 'single' and \"double\".tif",
    "letters": unicodedata.normalize("NFD", "Zelle Ä µm 日本.tif"),
}
"""Field: name of its files, which are nothing wrong."""
RAW, ANNOTATIONS = "raw images [1] µm", "VIA 'project' (2).json"
TARGETS = ["qc/fields.tsv", "annotations/boxes.parquet", "annotations/report.tsv", "splits.tsv"]


def pixels(number: int) -> np.ndarray:
    """Return a field of noise with three bright cells, different for each number."""
    image = np.random.default_rng(number).integers(300, 400, (64, 64), dtype=np.uint16)
    for x, y in ((8, 8), (40, 10), (20, 40)):
        image[y : y + 12, x : x + 12] += 3000
    return image


def rect(x: float, y: float, width: float, height: float, label: str = "normal") -> dict:
    """Return a region as VIA writes it."""
    shape = {"name": "rect", "x": x, "y": y, "width": width, "height": height}
    return {"shape_attributes": shape, "region_attributes": {"class": label}}


class Laboratory:
    """A folder with a study of real files, to plant faults in before the workflow is run on it."""

    def __init__(self, folder: Path) -> None:
        limits = ("min_contrast", "min_detail", "min_background", "max_background")
        config = {
            "study": "bad",
            "fields": "fields.tsv",
            "data_root": RAW,
            "channels": list(CHANNELS),
            "composite": {"red": "actin", "green": "actin", "blue": "dapi"},
            # only files that cannot be used are to be set aside here
            "quality": dict.fromkeys(limits) | {"max_saturated_fraction": 1},
            "annotations": {"format": "via", "files": [ANNOTATIONS]},
            "classes": ["normal", "blebbing"],
            "negative_class": "normal",
            "statistics": {"control": "control"},
            # fields of the same three squares are as good as copies of each other
            "splits": {"near_duplicates": "allow"},
        }
        self.study = Study(folder, config)
        self.raw = folder / RAW
        self.rows: list[dict[str, str]] = []
        self.annotated: dict[str, list[dict]] = {}
        for number, field in enumerate(GOOD):
            self.add(field, condition=("control", "drug")[number % 2], replicate=f"r{number // 4}")
            self.annotate(f"{field}.png")

    def add(
        self, field: str, file: str = "", condition: str = "drug", replicate: str = "r1"
    ) -> None:
        """Write the files of a field, in a folder per channel, and its row of the sample sheet."""
        files = {channel: f"{channel}/{file or field + '.tif'}" for channel in CHANNELS}
        for channel, name in files.items():
            (self.raw / channel).mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(self.raw / name, pixels(2 * len(self.rows) + (channel == "dapi")))
        described = {"condition": condition, "replicate": replicate, "group": field}
        self.rows.append({"field": field, **described, **files})

    def annotate(self, image: str, *regions: dict) -> None:
        drawn = regions or (rect(8, 8, 12, 12), rect(40, 10, 12, 12, "blebbing"))
        self.annotated[image] = list(drawn)

    def write(self) -> Study:
        images = {
            name: {"filename": name, "size": -1, "regions": regions, "file_attributes": {}}
            for name, regions in self.annotated.items()
        }
        (self.raw / ANNOTATIONS).write_text(json.dumps({"_via_img_metadata": images}))
        self.study.write_fields(self.rows)
        return self.study.write()

    def run(self, check: bool = True) -> subprocess.CompletedProcess:
        """Run the workflow as far as the splits."""
        targets = [f"results/bad/{name}" for name in TARGETS]
        return self.write().snakemake(*targets, check=check)

    def sentence(self, run=None) -> str:
        """Return the only line that says why a run failed; nothing partial is left behind."""
        done = (run or self.run)(check=False)
        assert done.returncode != 0
        assert "Traceback" not in done.stdout
        lines = [
            line
            for line in done.stdout.splitlines()
            if line.startswith(("cellpheno: ", "import_annotations: ", "convert_fields: "))
        ]
        assert len(set(lines)) == 1, done.stdout
        assert unfinished(self.study) == []
        return lines[0]


def table(lab: Laboratory, name: str) -> pd.DataFrame:
    """Return a table of the results, by field."""
    path = lab.study.results / name
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).set_index("field")


def unfinished(study: Study) -> list[Path]:
    """Return temporary files below the results."""
    return [path for path in study.results.rglob("*") if path.name.startswith(".")]


def checksums(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def laboratory(tmp_path) -> Laboratory:
    """A study with nothing wrong."""
    return Laboratory(tmp_path)


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory) -> Laboratory:
    """A study in which single fields and single annotations are wrong, run to its splits."""
    lab = Laboratory(tmp_path_factory.mktemp("spoilt"))
    for field in ("truncated", "empty", "text", "unequal", "nan", "infinite", "plain"):
        lab.add(field)
        if field != "plain":
            lab.annotate(f"{field}.png")
    actin = {row["field"]: lab.raw / row["actin"] for row in lab.rows}
    actin["truncated"].write_bytes(actin["truncated"].read_bytes()[:4000])
    actin["empty"].write_bytes(b"")
    actin["text"].write_text("This is no TIFF.\n")
    tifffile.imwrite(actin["unequal"], pixels(99)[:32])
    for field, value in (("nan", np.nan), ("infinite", np.inf)):
        image = pixels(99).astype(np.float32)
        image[5, 5] = value
        tifffile.imwrite(actin[field], image)
    for field, file in ODD.items():
        lab.add(field, file)
        # a browser on another system gives composed letters
        lab.annotate(unicodedata.normalize("NFC", file))
    lab.annotate("elsewhere.png")
    lab.annotate(
        "good-1.png",
        rect(8, 8, 12, 12),
        rect(8, 8, 12, 12),
        rect(40, 10, 12, 12, " blebbing\r\n"),
        rect(500, 500, 12, 12),
        rect(30, 30, 0, 12),
        rect(-6, 40, 12, 12),
    )
    lab.write()
    lab.before = checksums(lab.raw)
    lab.run()
    return lab


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("truncated", "actin/truncated.tif"),
        ("empty", "0 bytes"),
        ("text", "cannot be read as TIFF"),
        ("unequal", "differ in size"),
        ("nan", "not numbers or infinite"),
        ("infinite", "not numbers or infinite"),
    ],
)
def test_a_field_that_cannot_be_used_is_set_aside_with_the_reason(spoilt, field, reason):
    fields = table(spoilt, "qc/fields.tsv")
    assert reason in fields["verdict"][field]
    assert "\n" not in fields["verdict"][field]


def test_all_other_fields_are_used_whatever_their_files_are_called(spoilt):
    fields = table(spoilt, "qc/fields.tsv")
    assert len(fields) == len(spoilt.rows)
    assert set(fields.index[fields["verdict"] == "ok"]) == {*GOOD, *ODD, "plain"}


def test_boxes_of_odd_names_find_their_fields_and_those_of_unusable_fields_take_no_part(spoilt):
    boxes = pd.read_parquet(spoilt.study.results / "annotations/boxes.parquet")
    splits = table(spoilt, "splits.tsv")
    assert set(ODD) <= set(boxes["field"])
    used = splits.index[splits["split"] != "predict"]
    assert set(used) == {*GOOD, *ODD}


def test_an_image_without_annotation_is_predicted(spoilt):
    splits = table(spoilt, "splits.tsv")
    assert splits["split"]["plain"] == "predict"


def test_boxes_outside_without_area_or_drawn_twice_count_not_or_once(spoilt):
    boxes = pd.read_parquet(spoilt.study.results / "annotations/boxes.parquet")
    found = boxes[boxes["field"] == "good-1"].sort_values("x_min")
    assert found["x_min"].tolist() == [0, 8, 40]
    assert found["x_max"].tolist() == [6, 20, 52]
    assert found["label"].tolist() == ["normal", "normal", "blebbing"]


def test_all_that_was_changed_or_left_out_is_in_the_report(spoilt):
    report = (spoilt.study.results / "annotations/report.tsv").read_text()
    for word in ("elsewhere.png", "good-1"):
        assert word in report


def test_nothing_partial_stays_and_the_raw_files_are_as_they_were(spoilt):
    assert unfinished(spoilt.study) == []
    assert checksums(spoilt.raw) == spoilt.before


def test_a_class_that_the_config_does_not_know(laboratory):
    laboratory.annotate("good-3.png", rect(8, 8, 12, 12, "blebbing?"))
    sentence = laboratory.sentence()
    assert "'blebbing?'" in sentence
    assert "good-3.png" in sentence


def test_annotations_of_images_that_are_all_elsewhere(laboratory):
    laboratory.annotated = {f"other-{n}.png": [rect(8, 8, 12, 12, "blebbing")] for n in (1, 2)}
    laboratory.annotate("other-3.png")
    assert "other-1.png" in laboratory.sentence()


def test_a_bad_field_stops_the_run_where_the_config_wants_it(laboratory):
    laboratory.study.config["quality"]["on_bad"] = "stop"
    (laboratory.raw / laboratory.rows[3]["dapi"]).write_bytes(b"")
    done = laboratory.run(check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert "good-4" in done.stdout
    assert "0 bytes" in done.stdout
    assert unfinished(laboratory.study) == []


def test_annotations_whose_name_snakemake_would_fill_in(laboratory):
    laboratory.study.config["annotations"]["files"] = ["via {study}.json"]
    sentence = laboratory.sentence()
    assert "annotations.files.0" in sentence
    assert "braces, which Snakemake would fill in" in sentence
    assert "rename" in sentence


def test_links_that_lead_in_a_circle(laboratory):
    path = laboratory.raw / laboratory.rows[3]["dapi"]
    path.unlink()
    path.symlink_to(path.name)
    sentence = laboratory.sentence()
    assert "dapi/good-4.tif (dapi of the field good-4) is a link that leads in a circle" in sentence


def test_a_sample_sheet_in_another_encoding(laboratory):
    laboratory.write()
    sheet = laboratory.study.folder / "fields.tsv"
    sheet.write_bytes(sheet.read_text().replace("drug", "µM").encode("latin-1"))
    dry_run = laboratory.study.snakemake
    sentence = laboratory.sentence(lambda check: dry_run("--dry-run", check=check))
    assert "fields.tsv is not UTF-8: line 3 contains the byte 0xb5" in sentence


def test_masks_that_are_rows_of_the_sample_sheet_too(laboratory):
    laboratory.study.config["annotations"] = {
        "format": "masks",
        "files": ["dapi"],
        "label": "normal",
    }
    dry_run = laboratory.write().snakemake
    sentence = laboratory.sentence(lambda check: dry_run("--dry-run", check=check))
    assert "dapi/good-1.tif belongs to annotations.files" in sentence
    assert "image of the field good-1" in sentence


@pytest.mark.parametrize("folder", ["results/bad", "logs", ".snakemake"])
def test_a_folder_of_the_workflow_that_may_not_be_written_to(laboratory, ordinary_user, folder):
    path = laboratory.study.folder / folder
    path.mkdir(parents=True)
    path.chmod(0o500)
    sentence = ordinary_user(laboratory.sentence)
    path.chmod(0o700)
    assert f"{folder}, which cannot be written to" in sentence


def test_a_disk_that_is_full(laboratory, small_disk):
    for number in range(330):
        laboratory.add(f"more-{number}")
    laboratory.study.config["fields_per_shard"] = 400
    small_disk(laboratory.study.results, 1200)
    sentence = laboratory.sentence()
    assert "converted/shard-000.npz cannot be written: the disk is full" in sentence
    assert not (laboratory.study.results / "converted/shard-000.npz").exists()


def test_weights_of_another_network_end_the_study_before_any_training(mini_study):
    mini_study.config["classification"]["model"]["weights"] = "data/w.pth"
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, mini_study.data / "w.pth")
    done = mini_study.write().snakemake("results/mini/cells.parquet", cores=1, check=False)
    assert "check_weights: The weights data/w.pth do not fit" in done.stdout
    assert "rule train_" not in done.stdout
