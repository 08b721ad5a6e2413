"""The bars of `service.md` that a machine can measure: `python -m benchmarks.service BAR …`."""
