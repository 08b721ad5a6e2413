"""What the service promises and a machine can measure: `python -m benchmarks.service BAR …`."""
