"""VERB: explain what a job found: its trials by column, what mattered, the path, the story."""

from autodistill.explain.frame import Frame as Frame
from autodistill.explain.frame import block as block
