from __future__ import annotations

from autodistill.handbook import components, components_markdown, metrics_markdown
from autodistill.spec import PipelineSpec
from autodistill.task import CLASSIFICATION


def test_every_slot_lists_its_kinds_with_all_that_a_form_needs() -> None:
    found = components()
    assert set(found) == {*PipelineSpec.model_fields, "intermediate.mapping", "teacher"}
    for kinds in found.values():
        for kind, described in kinds.items():
            assert set(described) == {"title", "doc", "tasks", "cost", "rests", "schema"}
            assert described["doc"]
            assert described["tasks"]
            assert described["schema"]["properties"]["kind"]["const"] == kind
    temperature = found["loss"]["softened_kl"]["schema"]["properties"]["temperature"]
    assert temperature["x-search"] == {"low": 1, "high": 8, "log": True, "type": "uniform"}
    assert temperature["exclusiveMinimum"] == 0
    assert temperature["default"] == 2.0
    assert found["loss"]["softened_kl"]["tasks"] == sorted(CLASSIFICATION)


def test_the_reference_says_of_each_kind_what_it_is_and_when_it_is_refused() -> None:
    page = components_markdown()
    for kinds in components().values():
        for kind, described in kinds.items():
            assert f"### {described['title']} (`{kind}`)\n\n{described['doc']}\n" in page
    mi_alpha = page.partition("(`mi_alpha`)")[2].partition("\n### ")[0]
    assert "Refused: batches of fewer than 8 examples." in mi_alpha
    assert "| `alpha` | 0.9 | ≥ 0, ≤ 1 | 0.0 to 1.0 | Share of the batch's own average" in mi_alpha
    assert "| `weight` | 0.1 | > 0 | 0.01 to 3.0, log | Factor of the objective" in mi_alpha
    assert "| `mapping` | skip |  | emd, last, skip | Which teacher layer" in mi_alpha
    assert "share a tokenizer" not in mi_alpha
    cosine = page.partition("(`cosine`)")[2].partition("\n### ")[0]
    assert "Refused: teacher and student that cut a text into different tokens." in cosine
    pskd = page.partition("(`pskd`)")[2].partition("\n### ")[0]
    assert "Refused: fewer than 2 epochs, and augmentations that mix inputs." in pskd


def test_the_reference_says_of_each_metric_what_it_is_and_which_way_is_better() -> None:
    page = metrics_markdown()
    assert "| `accuracy` | accuracy | higher | Share of rows whose class is predicted. |" in page
    assert "| `agreement_wrong` | copied mistakes | lower | Share of the teacher's wrong" in page
    assert "among the student's. More than 5 classes. |" in page
    assert "## text_regression" in page
