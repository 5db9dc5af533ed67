# semlink in a container:   docker build --tag semlink .
# With CUDA:                docker build --tag semlink:cuda --build-arg TORCH=cu130 .
# Its folder /work is the one outside, and files belong to the user outside:
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" semlink quickstart --out runs/demo
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" --gpus all semlink:cuda sweep image-digits --device cuda --out sweep
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
WORKDIR /source
COPY requirements-dev.txt .
RUN pip install --no-cache-dir --require-hashes --no-deps --requirement requirements-dev.txt
COPY . .
RUN python -m build --wheel --no-isolation

FROM python:${PYTHON}-slim
COPY requirements.txt constraints.txt /source/
RUN pip install --no-cache-dir --require-hashes --no-deps --requirement /source/requirements.txt
# The build of torch: cpu, or a version of CUDA, such as cu130.
ARG TORCH=cpu
RUN --mount=type=bind,from=build,source=/usr/local/bin/uv,target=/usr/local/bin/uv \
    uv pip install --system --no-cache --torch-backend "${TORCH}" --constraint /source/constraints.txt torch
RUN --mount=type=bind,from=build,source=/source/dist,target=/source/dist \
    pip install --no-cache-dir --no-deps /source/dist/*.whl && pip check
# Any user may write here; libraries keep their caches in it.
ENV HOME=/home/semlink
RUN mkdir --mode=1777 /home/semlink /work
USER nobody
WORKDIR /work
ENTRYPOINT ["semlink"]
CMD ["--help"]
