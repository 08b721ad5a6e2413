"""VERB: PreparedTask and TrialSpec → a stream of measurements and a student."""

from __future__ import annotations

from autodistill.trial._run import TrialRun as TrialRun
