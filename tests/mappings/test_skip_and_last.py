from __future__ import annotations

from autodistill.mappings.last import Last
from autodistill.mappings.skip import Skip
from autodistill.testing.contracts.components import FACTS


def test_skip_spreads_the_teacher_over_the_student() -> None:
    facts = FACTS.model_copy(update={"teacher_layers": 12, "student_layers": 4})
    assert Skip().pairs(facts) == ((0, 0), (3, 1), (6, 2), (9, 3), (12, 4))
    facts = FACTS.model_copy(update={"teacher_layers": 12, "student_layers": 5})
    assert Skip().pairs(facts) == ((0, 0), (2, 1), (4, 2), (7, 3), (9, 4), (12, 5))


def test_last_takes_the_top_of_the_teacher_without_the_embeddings() -> None:
    facts = FACTS.model_copy(update={"teacher_layers": 12, "student_layers": 4})
    assert Last().pairs(facts) == ((9, 1), (10, 2), (11, 3), (12, 4))


def test_last_refuses_a_student_deeper_than_its_teacher() -> None:
    facts = FACTS.model_copy(update={"teacher_layers": 2, "student_layers": 4})
    assert Last.unsuitable(facts) == (
        "last needs a teacher at least as deep as the student; got 2 and 4 layers."
    )
    assert Skip.unsuitable(facts) is None
