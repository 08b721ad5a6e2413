"""Datasets: read a table of any origin, check it, split it, describe it."""
