"""Searches of another kind, each of which finds one pipeline for a job's first trials.

`bilevel` and `head` are MAID, a descent on the KD weight and the temperature of a linear head;
`mixture` lets output losses train one student together until one of them is left. They know
tensors only: `autodistill.prepare` says what of a job they are shown.
"""
