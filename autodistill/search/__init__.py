"""VERB: finished trials → the next pipelines. Pure and seeded; Optuna lives in `study`."""

from autodistill.search.continuing import expected_gain as expected_gain
from autodistill.search.prior import Past as Past
from autodistill.search.remembering import remembered as remembered
from autodistill.search.rungs import Rungs as Rungs
from autodistill.search.rungs import is_rung as is_rung
from autodistill.search.searcher import Proposal as Proposal
from autodistill.search.searcher import Searcher as Searcher
from autodistill.search.showing import as_study as as_study
from autodistill.search.showing import write_journal as write_journal
from autodistill.search.winner import best as best
from autodistill.search.winner import equals as equals
from autodistill.search.winner import idle as idle
from autodistill.search.winner import pareto as pareto
from autodistill.search.winner import plain as plain
from autodistill.search.winner import signed as signed
