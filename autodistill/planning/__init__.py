"""What a job still needs and what it has found, whoever runs its trials."""

from autodistill.planning.lore import lore as lore
from autodistill.planning.plan import FRESH_SEED as FRESH_SEED
from autodistill.planning.plan import Plan as Plan
from autodistill.planning.plan import Planned as Planned
from autodistill.planning.plan import fresh_runs as fresh_runs
from autodistill.planning.plan import seconds_searched as seconds_searched
from autodistill.planning.plan import too_many_failures as too_many_failures
from autodistill.planning.verdict import runs_of as runs_of
from autodistill.planning.verdict import verdict as verdict
from autodistill.planning.verdict import within_noise as within_noise
