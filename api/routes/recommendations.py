"""Advice for a dataset, a teacher and a student."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from annotated_types import Ge, Le
from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict

from api.admission import question_of
from api.advising import advise
from api.deps import PrincipalDep, StoreDep
from api.description import EXAMPLE_QUESTION
from api.exact import Exact
from api.views import visible
from autodistill.history import Recommendation
from autodistill.spec import StudentSpec

router = APIRouter(prefix="/v1/recommendations", tags=["recommendations"])


class RecommendationRequest(BaseModel):
    """For whom pipelines are to be recommended."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    dataset: str
    """Id or name."""
    teacher: str
    """Id or name of a model."""
    student: StudentSpec
    """Who is to learn."""
    k: Annotated[int, Ge(1), Le(20)] = 5
    """How many pipelines."""


@router.post("")
def recommend_pipelines(
    asked: Annotated[RecommendationRequest, Exact, Body(examples=[EXAMPLE_QUESTION])],
    store: StoreDep,
    principal: PrincipalDep,
) -> Recommendation:
    """Return ranked pipelines with a reason each, and the short trials that would tell more."""
    named = asked.dataset, asked.teacher, asked.student
    with store.read() as tx:
        known = question_of(tx, *named, project=principal.project)
        return advise(tx, known, k=asked.k, sees=partial(visible, principal))
