"""VERB: history → ranked, explained advice, and the first trials of a search."""

from autodistill.recommend.advice import recommend as recommend
from autodistill.recommend.course import course as course
from autodistill.recommend.evaluation import evaluate as evaluate
