"""A study whose fields lie each in one file of named channels, from the sheet to the quality."""

import json

import numpy as np
import pandas as pd
import pytest
import tifffile
from bioio_ome_zarr.writers import Channel, OMEZarrWriter

NAMES = ["DiO", "Hoechst", "BF"]
TARGET = "results/small/qc/fields.tsv"


def write_ome_tiff(path, pixels, names=NAMES):
    tags = {"axes": "CYX", "Channel": {"Name": names}, "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
    tifffile.imwrite(path, pixels, metadata=tags, compression="zlib")


def write_ome_zarr(path, pixels):
    writer = OMEZarrWriter(
        str(path),
        level_shapes=[pixels.shape],
        dtype=pixels.dtype,
        axes_names=["c", "y", "x"],
        axes_types=["channel", "space", "space"],
        axes_units=[None, "micrometer", "micrometer"],
        physical_pixel_size=[1.0, 0.5, 0.5],
        channels=[Channel(label=name, color="FFFFFF") for name in NAMES],
    )
    writer.write_full_volume(pixels)


@pytest.fixture
def study(small_study, small_rows):
    """Seven fields of noise: six OME-TIFF and one OME-Zarr."""
    config = small_study.config
    del config["simulation"]
    config |= {"data_root": "raw", "image_files": {"planes": {"nucleus": "Hoechst"}}}
    config["image_files"]["planes"] |= {"membrane": "DiO", "brightfield": 3}
    raw = small_study.folder / "raw"
    raw.mkdir()
    noise = np.random.default_rng(0)
    for number, row in enumerate(small_rows):
        suffix, write = (
            (".ome.zarr", write_ome_zarr) if number == 6 else (".ome.tif", write_ome_tiff)
        )
        row |= dict.fromkeys(config["channels"], row["field"] + suffix)
        write(raw / row["membrane"], noise.normal(1000, 50, (3, 64, 80)).astype(np.uint16))
    small_study.write_fields(small_rows)
    shape = {"name": "rect", "x": 1, "y": 1, "width": 9, "height": 9}
    regions = [
        {"shape_attributes": shape, "region_attributes": {"class": name}}
        for name in config["classes"]
    ]
    image = {"filename": "annotated-slide-1.ome.tif", "size": -1, "regions": regions}
    (raw / "via.json").write_text(json.dumps({"annotated-slide-1.ome.tif-1": image}))
    config["annotations"]["files"] = ["via.json"]
    return small_study.write()


def test_channels_of_one_file_are_converted_and_a_change_in_a_folder_is_noticed(study):
    study.snakemake(TARGET)
    fields = pd.read_csv(study.folder / TARGET, sep="\t").set_index("field")
    assert len(fields) == 7
    assert fields[["height", "width"]].drop_duplicates().to_numpy().tolist() == [[64, 80]]
    np.testing.assert_allclose(fields["pixel_size_um"], 0.5)
    assert fields["content"].nunique() == 7
    assert study.planned(TARGET) == {}
    chunk = next((study.folder / "raw").glob("*.zarr/0/c/*/*/*"))
    chunk.write_bytes(chunk.read_bytes() + b"more")
    assert study.planned(TARGET)["convert_fields"] == 1


def test_a_channel_that_a_file_does_not_name_sets_its_field_aside(study):
    pixels = np.arange(3 * 64 * 80, dtype=np.uint16).reshape(3, 64, 80)
    path = study.folder / "raw/control-r1.ome.tif"
    write_ome_tiff(path, pixels, ["DiO", "DAPI", "BF"])
    study.snakemake(TARGET)
    verdicts = pd.read_csv(study.folder / TARGET, sep="\t").set_index("field")["verdict"]
    assert "no plane 'Hoechst'" in verdicts["control-r1"]
    assert "1 'DiO', 2 'DAPI', 3 'BF'" in verdicts["control-r1"]
    assert not verdicts.drop("control-r1").str.contains("plane").any()


def test_slices_that_are_channels_are_read_where_the_config_says_so(study):
    noise = np.random.default_rng(0)
    for path in (study.folder / "raw").glob("*.tif"):
        pixels = noise.normal(1000, 50, (3, 64, 80)).astype(np.uint16)
        tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "ZYX", "Labels": NAMES})
    done = study.snakemake(TARGET, check=False)
    assert "set image_files.z_stack: channels" in done.stdout
    study.config["image_files"]["z_stack"] = "channels"
    study.write().snakemake(TARGET)
    verdicts = pd.read_csv(study.folder / TARGET, sep="\t")["verdict"]
    assert not verdicts.str.contains("holds").any()


def test_the_same_plane_as_two_channels_is_refused_before_any_job(study):
    study.config["image_files"]["planes"]["membrane"] = "Hoechst"
    done = study.write().snakemake("--dry-run", check=False)
    assert done.returncode != 0
    assert "annotated-slide-1.ome.tif as membrane and as nucleus" in done.stdout
