"""Kills and freezes real processes of a real service, and proves that nothing is lost."""
