"""Plate maps as laboratories write them, joined to the fields by well."""

import contextlib

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellpheno.core.errors import StudyError
from cellpheno.sheets import plate_map


@pytest.fixture
def sheet():
    return pd.DataFrame(
        {"field": ["A01_s1", "A01_s2", "B12_s1"], "well": ["A01", "A01", "B12"]}, dtype=str
    )


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes) -> plate_map.PlateMap:
        path = tmp_path / "map.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return plate_map.read(path, "condition")

    return write


def refusal(call, *arguments) -> str:
    with pytest.raises(StudyError) as error:
        call(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_long_table_adds_its_columns_by_well(write, sheet, separator):
    lines = ["Well,Condition,dose µM", "A1,mock,0", "b12,drug, 2.5 ", "C3,drug,5", "", ",,"]
    joined = plate_map.join(sheet, write("\r\n".join(lines).replace(",", separator)))
    assert joined["condition"].tolist() == ["mock", "mock", "drug"]
    assert joined["dose µM"].tolist() == ["0", "0", "2.5"]


def grid(rows: int, columns: int, before: str = "") -> str:
    letters = "ABCDEFGHIJKLMNOP"[:rows]
    lines = [",".join(["", *map(str, range(1, columns + 1))])]
    lines += [",".join([r, *(f"{r}{c}" for c in range(1, columns + 1))]) for r in letters]
    return before + "\n".join(lines) + "\n"


@pytest.mark.parametrize("head", ["1,2,3,5,6", "2,4,6,8,10", "1,,3,,5"])
def test_a_grid_may_leave_out_columns_rows_and_wells(write, head):
    numbers = head.split(",")
    values = [f"v{number}" if number else "" for number in numbers]
    lines = ["layout of 2024,1,10", f",{head}", f"B,{','.join(values)}", "", f"D,,{values[1]}"]
    table = write("\n".join(lines) + "\n").table.set_index("well")["condition"]
    expected = {f"B{int(number):02d}": f"v{number}" for number in numbers if number}
    if numbers[1]:
        expected[f"D{int(numbers[1]):02d}"] = values[1]
    assert table.to_dict() == expected


@pytest.mark.parametrize(("rows", "columns"), [(8, 12), (16, 24)])
def test_a_grid_gives_each_well_one_value(write, rows, columns):
    table = write("\ufeff" + grid(rows, columns)).table.set_index("well")["condition"]
    assert len(table) == rows * columns
    assert table["A01"] == "A1"
    assert table["H12"] == "H12"


def test_a_title_above_a_grid_and_empty_wells_in_it_are_passed_over(write):
    content = "Screen 7, plate 2\n\n" + grid(8, 12).replace("C3", "")
    table = write(content).table
    assert len(table) == 95
    assert "C03" not in set(table["well"])


def test_the_values_of_a_grid_may_be_numbers(write):
    table = write(",1,2,3\nA,1,2,3\nB,2,4,8\n").table.set_index("well")["condition"]
    assert table["A03"] == "3"
    assert table["B03"] == "8"


@pytest.mark.parametrize(
    "head",
    [",01,02,03", "row,1,2,3", ",1,2,,3", ",,1,2,3"],
    ids=["leading zeros", "a word in the corner", "a blank column within", "a blank column before"],
)
def test_a_value_belongs_to_the_column_whose_number_is_above_it(write, head):
    line = ",".join(["B", *(f"value {n}" if n else "" for n in head.split(",")[1:])])
    table = write(f"{head}\n{line}\n").table
    assert table["well"].tolist() == ["B01", "B02", "B03"]
    assert [int(value[-1]) for value in table["condition"]] == [1, 2, 3]


def test_a_grid_may_leave_out_the_columns_at_the_edge(write):
    assert write(",2,3,4\nB,x,y,z\n").table["well"].tolist() == ["B02", "B03", "B04"]


@pytest.mark.parametrize("before", ["", "Screen 7\n", "Plate 3,,\n"])
def test_a_grid_may_have_one_column(write, before):
    table = write(f"{before},3\nA,mock\nB,drug\n").table
    assert table.to_dict("list") == {"well": ["A03", "B03"], "condition": ["mock", "drug"]}


def test_a_long_table_may_begin_with_numbers_that_count_up(write):
    table = write("well,replicate,dose\nA1,1,2\nA2,1,2\n").table
    assert table["well"].tolist() == ["A01", "A02"]
    assert table["dose"].tolist() == ["2", "2"]


def test_plates_may_differ(write):
    sheet = pd.DataFrame({"field": ["a", "b"], "plate": ["p1", "p2"], "well": ["A01", "A01"]})
    joined = plate_map.join(sheet, write("plate,well,condition\np1,A1,mock\np2,A1,drug\n"))
    assert joined["condition"].tolist() == ["mock", "drug"]


def test_a_well_with_images_that_is_not_in_the_map_is_refused_or_left_out(write, sheet):
    source = write("well,condition\nA1,mock\n")
    assert "1 wells with images are not in the plate map" in refusal(plate_map.join, sheet, source)
    assert plate_map.join(sheet, source, mapped_only=True)["well"].tolist() == ["A01", "A01"]


def test_a_map_that_fits_no_well_is_refused_whatever_is_to_be_left_out(write, sheet):
    source = write("well,condition\nH1,mock\n")
    assert "A01, B12" in refusal(plate_map.join, sheet, source, True)


def test_wells_of_the_map_without_images_are_reported(write, sheet):
    source = write("well,condition\nA1,mock\nB12,drug\nC1,drug\n")
    assert plate_map.difference(source.table, sheet, source.keys) == ["C01"]


def test_a_column_that_the_file_names_tell_too_is_refused(write, sheet):
    source = write("well,condition\nA1,mock\nB12,drug\n")
    sentence = refusal(plate_map.join, sheet.assign(condition="x"), source)
    assert "Both the file names and the plate map" in sentence


def test_a_sheet_without_wells_or_plates_is_refused(write, sheet):
    source = write("well,condition\nA1,mock\n")
    assert "contain no well" in refusal(plate_map.join, sheet.drop(columns="well"), source)
    source = write("plate,well,condition\np1,A1,mock\n")
    assert "contain no plate" in refusal(plate_map.join, sheet, source)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "no rows"),
        ("well,condition\n", "no rows"),
        ("name,condition\nA1,mock\n", "neither a table with a column `well` nor a grid"),
        (",mock,drug\nday 1,A1,A2\n", "its first line contains mock, drug."),
        (",A,B\n1,x,y\n2,z,w\n", "transpose the grid"),
        ("Plate 3,,\nrow,A\n7,x\n", "transpose the grid"),
        ("well,condition\nA1,mock\nA01,drug\n", "The well A01 is in"),
        ("well,condition\nA1,mock\nZZ9,drug\n", "Line 3"),
        ("well,condition,condition\nA1,mock,x\n", "two columns named condition"),
        ("well,Condition,condition\nA1,mock,x\n", "two columns named condition"),
        ("well,condition\nA1,mock,extra\n", "Line 2"),
        ("well,,condition\nA1,x,mock\n", "Column 2"),
        ('well,condition\nA1,"mock\nB1,drug\n', "quotation marks"),
        (grid(8, 12) + grid(8, 12), "2 grids (lines 1, 10)"),
        (grid(8, 12) + "mean,3,5\n", "Line 10"),
        (",1,2\nA,x,y,z\n", "has 'z' outside the numbered columns"),
        (",1,2,3\nA,,,\n", "without values"),
        (b"well,condition\nA1,2 \xb5M\n", "line 2 contains the byte 0xb5"),
        ("well,condition\nA1,mock\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04\x14\0\x06\0", "workbook"),
        (b"well\0condition", "zero bytes"),
    ],
)
def test_what_is_no_plate_map_ends_in_one_sentence(write, tmp_path, content, word):
    sentence = refusal(write, content)
    assert word in sentence
    assert "map.csv" in sentence


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.binary(max_size=200), st.text('AB12,;\t"\n\r well', max_size=80).map(str.encode))
)
def test_any_bytes_are_a_plate_map_or_end_in_a_sentence(tmp_path, content):
    path = tmp_path / "map.csv"
    path.write_bytes(content)
    with contextlib.suppress(StudyError):
        table = plate_map.read(path, "condition").table
        assert len(table)
        assert table["well"].str.fullmatch(r"[A-Z]{1,2}\d\d").all()


def test_a_plate_map_that_is_not_there_or_a_folder_is_named(tmp_path):
    assert "No such file" in refusal(plate_map.read, tmp_path / "map.csv", "condition")
    assert "Is a directory" in refusal(plate_map.read, tmp_path, "condition")
