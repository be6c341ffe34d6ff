"""One picture in two rows of the sample sheet, by its name and under another one."""

import tifffile


def test_a_file_in_two_rows_is_refused_at_the_start(mini_study):
    mini_study.rows[6]["cells"] = mini_study.rows[9]["cells"]
    done = mini_study.write().snakemake("--dry-run", check=False)
    first, second = mini_study.rows[6]["field"], mini_study.rows[9]["field"]
    assert done.returncode
    assert f"cellpheno: The fields {first} and {second} in fields.tsv" in done.stdout


def test_a_copy_saved_again_is_refused_when_the_files_have_been_read(mini_study):
    first, second = mini_study.rows[6], mini_study.rows[9]
    pixels = tifffile.imread(mini_study.data / first["cells"])
    tifffile.imwrite(mini_study.data / second["cells"], pixels, compression="lzw")
    mini_study.write()
    done = mini_study.snakemake("results/mini/qc/fields.tsv", check=False)
    assert done.returncode
    assert f"{second['field']} and {first['field']} have the same pixels" in done.stdout
    mini_study.config["splits"] = {"near_duplicates": "keep_together"}
    done = mini_study.write().snakemake("results/mini/qc/fields.tsv")
    assert "their cells count once for each" in done.stdout
    assert "count once for each" in (mini_study.results / "qc/warnings.tsv").read_text()
