# The API and dashboard: no torch, no Ray. Built from the wheel that CI tested.
FROM python:3.11-slim
RUN useradd --create-home --uid 10001 autodistill && install -d -o autodistill /data
COPY dist/*.whl constraints.txt /tmp/
RUN pip install --no-cache-dir --constraint /tmp/constraints.txt "$(ls /tmp/*.whl)[api]" && rm -rf /tmp/*
USER autodistill
WORKDIR /data
ENV AUTODISTILL_DATA_ROOT=/data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-m", "api.probe"]
CMD ["python", "-m", "api"]
