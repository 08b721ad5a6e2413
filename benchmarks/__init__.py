"""Measured claims; each prints one JSON line."""
