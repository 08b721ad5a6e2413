"""The schema's history, numbered and linear."""
