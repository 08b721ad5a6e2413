"""Encoders: where they come from, what they hold, how they are run and trained."""
