# The worker, and every node of its Ray cluster: torch and Ray. Built from the wheel that CI tested.
FROM python:3.11-slim
RUN useradd --create-home --uid 10001 autodistill && install -d -o autodistill /data
COPY dist/*.whl constraints.txt /tmp/
RUN pip install --no-cache-dir --constraint /tmp/constraints.txt "$(ls /tmp/*.whl)[worker]" && rm -rf /tmp/*
COPY docker/worker.sh /usr/local/bin/autodistill-worker
USER autodistill
WORKDIR /data
ENV AUTODISTILL_DATA_ROOT=/data OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false
VOLUME /data
CMD ["sh", "/usr/local/bin/autodistill-worker"]
