"""VERB: PreparedTask × TrialSpec → a stream of measurements and a student."""

from autodistill.trial._run import TrialRun as TrialRun
