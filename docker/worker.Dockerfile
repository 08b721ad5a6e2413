# The worker: torch and Ray. Built from the wheel that CI tested.
FROM python:3.11-slim
RUN useradd --create-home autodistill
COPY dist/*.whl constraints.txt /tmp/
RUN pip install --no-cache-dir --constraint /tmp/constraints.txt "$(ls /tmp/*.whl)[worker]" && rm -rf /tmp/*
USER autodistill
ENV AUTODISTILL_DATA_ROOT=/data OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false
STOPSIGNAL SIGINT
CMD ["python", "-m", "workers"]
