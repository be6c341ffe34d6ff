FROM condaforge/miniforge3:latest
ENV CONDA_OVERRIDE_CUDA=12.9
LABEL io.github.snakemake.containerized="true"
LABEL io.github.snakemake.conda_env_hash="28da88e007b930feabb9f5c6f4e3b5e234490b22634cb4b7720c470e3193dd8f"
# Conda environment:
#   source: envs/embedding.yaml
#   prefix: /conda-envs/1fca3771cb1c8a1b52b5d1b22f7e0277
#   # Maps of the cells' features.
#   # Minor versions agree with requirements.txt (docs/environments.md).
#   channels:
#     - conda-forge
#     - nodefaults
#   dependencies:
#     - python =3.12
#     - numpy =2.4
#     - pandas =3.0
#     - pyarrow =25.0
#     - scipy =1.17
#     - scikit-learn =1.9
#     - threadpoolctl =3.7
#     - tifffile =2026.3
#     - imagecodecs =2026.3
#     - py-opencv 5.0.* headless_*
#     - pillow =12.3
#     - umap-learn =0.5
#     - opentsne =1.0
#     - pytorch =2.12
#     - ffmpeg * lgpl_* # py-opencv takes either build; the other one is under the GPL
RUN mkdir -p /conda-envs/1fca3771cb1c8a1b52b5d1b22f7e0277
COPY envs/embedding.yaml /conda-envs/1fca3771cb1c8a1b52b5d1b22f7e0277/environment.yaml
# Conda environment:
#   source: envs/figures.yaml
#   prefix: /conda-envs/62d09e4f4ecf1f8fa3363d0183b50266
#   # Figures.
#   # Minor versions agree with requirements.txt (docs/environments.md).
#   channels:
#     - conda-forge
#     - nodefaults
#   dependencies:
#     - python =3.12
#     - numpy =2.4
#     - pandas =3.0
#     - pyarrow =25.0
#     - scipy =1.17
#     - scikit-learn =1.9
#     - threadpoolctl =3.7
#     - tifffile =2026.3
#     - imagecodecs =2026.3
#     - py-opencv 5.0.* headless_*
#     - pillow =12.3
#     - matplotlib-base =3.11
#     - seaborn-base =0.13
#     - ffmpeg * lgpl_* # py-opencv takes either build; the other one is under the GPL
RUN mkdir -p /conda-envs/62d09e4f4ecf1f8fa3363d0183b50266
COPY envs/figures.yaml /conda-envs/62d09e4f4ecf1f8fa3363d0183b50266/environment.yaml
# Conda environment:
#   source: envs/images.yaml
#   prefix: /conda-envs/99a5d3d5949fefa09d34444c7f969225
#   # Raw files, images, annotations and tables.
#   # Minor versions agree with requirements.txt (docs/environments.md).
#   channels:
#     - conda-forge
#     - nodefaults
#   dependencies:
#     - python =3.12
#     - numpy =2.4
#     - pandas =3.0
#     - pyarrow =25.0
#     - scipy =1.17
#     - scikit-learn =1.9
#     - cleanlab =2.9
#     - threadpoolctl =3.7
#     - tifffile =2026.3
#     - imagecodecs =2026.3
#     - py-opencv 5.0.* headless_*
#     - pillow =12.3
#     - bioio-nd2 =2.6
#     - bioio-ome-zarr =3.0
#     - ffmpeg * lgpl_* # py-opencv takes either build; the other one is under the GPL
RUN mkdir -p /conda-envs/99a5d3d5949fefa09d34444c7f969225
COPY envs/images.yaml /conda-envs/99a5d3d5949fefa09d34444c7f969225/environment.yaml
# Conda environment:
#   source: envs/snakemake.yaml
#   prefix: /conda-envs/32bbfe23140c6e23efda0f2465a74a97
#   # What the Snakefile itself imports. Snakemake adds this to the Python that runs it, so that a bare
#   # Snakemake is enough; it chooses the version of Python to fit and refuses one named here.
#   # Minor versions agree with requirements.txt (docs/environments.md).
#   channels:
#     - conda-forge
#     - nodefaults
#   dependencies:
#     - numpy =2.4
#     - pandas =3.0
#     - pyyaml =6.0
#     - jsonschema =4.26
RUN mkdir -p /conda-envs/32bbfe23140c6e23efda0f2465a74a97
COPY envs/snakemake.yaml /conda-envs/32bbfe23140c6e23efda0f2465a74a97/environment.yaml
# Conda environment:
#   source: envs/statistics.yaml
#   prefix: /conda-envs/70404556b46304184630aa0938b9c27d
#   # Frequencies, tests, null experiments.
#   # Minor versions agree with requirements.txt (docs/environments.md).
#   channels:
#     - conda-forge
#     - nodefaults
#   dependencies:
#     - python =3.12
#     - numpy =2.4
#     - pandas =3.0
#     - pyarrow =25.0
#     - scipy =1.17
#     - scikit-learn =1.9
#     - threadpoolctl =3.7
#     - tifffile =2026.3
#     - imagecodecs =2026.3
#     - py-opencv 5.0.* headless_*
#     - pillow =12.3
#     - ffmpeg * lgpl_* # py-opencv takes either build; the other one is under the GPL
RUN mkdir -p /conda-envs/70404556b46304184630aa0938b9c27d
COPY envs/statistics.yaml /conda-envs/70404556b46304184630aa0938b9c27d/environment.yaml
# Conda environment:
#   source: envs/torch.yaml
#   prefix: /conda-envs/a42801628595f17bda97bbf0e8ffd29f
#   # Networks: the CUDA build where the machine has a GPU, else the CPU build.
#   # Minor versions agree with requirements.txt (docs/environments.md).
#   channels:
#     - conda-forge
#     - nodefaults
#   dependencies:
#     - python =3.12
#     - numpy =2.4
#     - pandas =3.0
#     - pyarrow =25.0
#     - scipy =1.17
#     - scikit-learn =1.9
#     - threadpoolctl =3.7
#     - tifffile =2026.3
#     - imagecodecs =2026.3
#     - py-opencv 5.0.* headless_*
#     - pillow =12.3
#     - pytorch =2.12
#     - torchvision =0.27
#     - ffmpeg * lgpl_* # py-opencv takes either build; the other one is under the GPL
RUN mkdir -p /conda-envs/a42801628595f17bda97bbf0e8ffd29f
COPY envs/torch.yaml /conda-envs/a42801628595f17bda97bbf0e8ffd29f/environment.yaml

RUN conda env create --prefix /conda-envs/1fca3771cb1c8a1b52b5d1b22f7e0277 --file /conda-envs/1fca3771cb1c8a1b52b5d1b22f7e0277/environment.yaml && \
    conda env create --prefix /conda-envs/62d09e4f4ecf1f8fa3363d0183b50266 --file /conda-envs/62d09e4f4ecf1f8fa3363d0183b50266/environment.yaml && \
    conda env create --prefix /conda-envs/99a5d3d5949fefa09d34444c7f969225 --file /conda-envs/99a5d3d5949fefa09d34444c7f969225/environment.yaml && \
    conda env create --prefix /conda-envs/32bbfe23140c6e23efda0f2465a74a97 --file /conda-envs/32bbfe23140c6e23efda0f2465a74a97/environment.yaml && \
    conda env create --prefix /conda-envs/70404556b46304184630aa0938b9c27d --file /conda-envs/70404556b46304184630aa0938b9c27d/environment.yaml && \
    conda env create --prefix /conda-envs/a42801628595f17bda97bbf0e8ffd29f --file /conda-envs/a42801628595f17bda97bbf0e8ffd29f/environment.yaml && \
    conda clean --all -y
