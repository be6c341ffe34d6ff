"""OME-Zarr as written by a real writer; ND2 and CZI by stand-ins for their readers."""

import subprocess
import sys
import types

import numpy as np
import pytest
import xarray
from bioio_ome_zarr.writers import Channel, OMEZarrWriter

from cellpheno.core.errors import StudyError
from cellpheno.images.reading.readers import read_field

STACK = np.arange(2 * 3 * 20 * 30, dtype=np.uint16).reshape(2, 3, 20, 30)  # [C, Z, Y, X]


def read(path, planes=None, z_stack="refuse"):
    names = list(planes or ["image"])
    settings = {"planes": planes or {}, "z_stack": z_stack}
    return read_field({name: str(path) for name in names}, names, settings)


def refusal(path, planes=None, z_stack="refuse") -> str:
    with pytest.raises(StudyError) as error:
        read(path, planes, z_stack)
    sentence = str(error.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def write_zarr(path, pixels, axes, unit="micrometer", zarr_format=3, names=("DAPI", "GFP")):
    kinds = {"t": "time", "c": "channel"}
    writer = OMEZarrWriter(
        str(path),
        level_shapes=[pixels.shape, (*pixels.shape[:-2], 10, 15)],
        dtype=pixels.dtype,
        zarr_format=zarr_format,
        axes_names=list(axes),
        axes_types=[kinds.get(axis, "space") for axis in axes],
        axes_units=[None if axis in kinds else unit for axis in axes],
        physical_pixel_size=[1.0 if axis in "tcz" else 0.325 for axis in axes],
        channels=[Channel(label=name, color="FFFFFF") for name in names],
    )
    writer.write_full_volume(pixels)
    return path


@pytest.fixture(params=[2, 3])
def zarr(tmp_path, request):
    return write_zarr(tmp_path / "a.ome.zarr", STACK, "czyx", zarr_format=request.param)


def test_channels_of_an_ome_zarr_are_found_by_name_and_number(zarr):
    field = read(zarr, {"gfp": "GFP", "dapi": 1}, "max")
    np.testing.assert_array_equal(field.channels["gfp"], STACK[1, 2])
    np.testing.assert_array_equal(field.channels["dapi"], STACK[0, 2])
    assert field.channels["gfp"].dtype == np.uint16
    assert field.pixel_size_um == pytest.approx(0.325)


def test_what_an_ome_zarr_leaves_open_is_refused_with_what_it_holds(zarr):
    assert "1 'DAPI', 2 'GFP'" in refusal(zarr)
    assert "'Cy5'" in refusal(zarr, {"image": "Cy5"})
    assert "3 focal planes" in refusal(zarr, {"image": "GFP"})


def test_an_ome_zarr_of_one_channel_needs_no_entry_and_may_tell_no_unit(tmp_path):
    path = write_zarr(tmp_path / "a.zarr", STACK[0, 0], "yx", unit=None, names=())
    field = read(path)
    np.testing.assert_array_equal(field.channels["image"], STACK[0, 0])
    assert np.isnan(field.pixel_size_um)


def test_a_time_series_in_an_ome_zarr_is_refused(tmp_path):
    path = write_zarr(tmp_path / "a.zarr", STACK[:, 0], "tyx", names=())
    assert "time series of 2 points" in refusal(path)


def test_the_content_of_a_folder_counts_by_names_and_bytes(tmp_path):
    one = write_zarr(tmp_path / "one.zarr", STACK[0, 0], "yx", names=())
    same = write_zarr(tmp_path / "same.zarr", STACK[0, 0], "yx", names=())
    other = write_zarr(tmp_path / "other.zarr", STACK[1, 0], "yx", names=())
    contents = [read(path).content for path in (one, same, other)]
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


@pytest.mark.parametrize("damage", ["empty", "metadata", "chunk"])
def test_a_damaged_ome_zarr_is_refused(tmp_path, damage):
    path = tmp_path / "a.zarr"
    path.mkdir()
    if damage != "empty":
        write_zarr(path, STACK[0, 0], "yx", names=())
        name = "zarr.json" if damage == "metadata" else "0/c/0/0"
        content = (path / name).read_bytes()
        (path / name).write_bytes(content[: len(content) // 2])
    assert "cannot be read as OME-Zarr" in refusal(path)


@pytest.mark.parametrize("suffix", ["nd2", "zarr"])
def test_a_file_of_another_kind_is_refused(tmp_path, suffix):
    (tmp_path / f"a.{suffix}").write_bytes(b"neither the one nor the other" * 100)
    assert "cannot be read as" in refusal(tmp_path / f"a.{suffix}")


def stand_in(pixels, dims, names, scenes=("one",)):
    """Return a module whose reader finds the pixels in any file, as bioio's readers would."""

    class Reader:
        channel_names = names
        physical_pixel_sizes = types.SimpleNamespace(Z=1.0, Y=0.65, X=0.65)

        def __init__(self, path):
            self.scenes = scenes
            self.xarray_dask_data = xarray.DataArray(pixels, dims=list(dims)).chunk()

    return types.SimpleNamespace(Reader=Reader)


@pytest.fixture
def files(tmp_path):
    for suffix in ("nd2", "czi"):
        (tmp_path / f"a.{suffix}").write_bytes(b"content")
    return tmp_path


@pytest.mark.parametrize(("suffix", "module"), [("nd2", "bioio_nd2"), ("czi", "bioio_czi")])
def test_channels_of_a_microscopes_own_file_are_found(files, monkeypatch, suffix, module):
    pixels = STACK[None]
    monkeypatch.setitem(sys.modules, module, stand_in(pixels, "TCZYX", ["DAPI", "GFP"]))
    field = read(files / f"a.{suffix}", {"gfp": "GFP", "dapi": 1}, "middle")
    np.testing.assert_array_equal(field.channels["gfp"], STACK[1, 1])
    np.testing.assert_array_equal(field.channels["dapi"], STACK[0, 1])
    assert field.pixel_size_um == pytest.approx(0.65)


def test_several_positions_are_refused(files, monkeypatch):
    several = stand_in(STACK[0, :1], "CYX", ["GFP"], scenes=("one", "two"))
    monkeypatch.setitem(sys.modules, "bioio_nd2", several)
    assert "2 positions" in refusal(files / "a.nd2")


def test_colours_of_a_camera_are_red_green_and_blue(files, monkeypatch):
    colour = stand_in(np.moveaxis(STACK[0], 0, -1)[None], "CYXS", ["Colour"])
    monkeypatch.setitem(sys.modules, "bioio_nd2", colour)
    pixels = read(files / "a.nd2", {"image": "green"}).channels["image"]
    np.testing.assert_array_equal(pixels, STACK[0, 1])


def test_a_huge_declared_size_is_refused_before_it_is_read(files, monkeypatch):
    huge = np.broadcast_to(np.uint8(0), (2**14, 2**14))
    monkeypatch.setitem(sys.modules, "bioio_nd2", stand_in(huge, "YX", None))
    assert "16384 x 16384 px" in refusal(files / "a.nd2")


def test_a_czi_file_without_its_reader_is_refused_with_what_to_install(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "bioio_czi", None)
    sentence = refusal(files / "a.czi")
    assert "GPL" in sentence
    assert "install bioio-czi" in sentence


def test_other_studies_do_not_wait_for_the_import_of_these_readers():
    code = "import sys, cellpheno.images.conversion; sys.exit(any('bioio' in m or 'dask' in m "
    code += (
        "for m in map(str.lower, set(sys.modules) - {'cellpheno.images.reading.bioio_formats'})))"
    )
    path = ":".join(sys.path)
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}).returncode == 0
