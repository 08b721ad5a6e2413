# The API and dashboard: no torch, no Ray. Built from the wheel that CI tested.
FROM python:3.11-slim
RUN useradd --create-home autodistill
COPY dist/*.whl constraints.txt /tmp/
RUN pip install --no-cache-dir --constraint /tmp/constraints.txt "$(ls /tmp/*.whl)[api]" && rm -rf /tmp/*
USER autodistill
ENV AUTODISTILL_DATA_ROOT=/data
EXPOSE 8000
HEALTHCHECK CMD python -c "import httpx; httpx.get('http://127.0.0.1:8000/healthz').raise_for_status()"
CMD ["uvicorn", "api.main:create_app", "--factory", "--host", "0.0.0.0", "--port", "8000", "--timeout-graceful-shutdown", "2"]
