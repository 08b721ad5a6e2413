from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from autodistill.augmentations import Resources
from autodistill.augmentations._operations import MAX_FILLED, ORDERS
from autodistill.augmentations._wordnet import synonyms
from autodistill.augmentations.text_chain import TextChain
from autodistill.component import Choice
from autodistill.models.rewriting import translated
from autodistill.spec import JobRequest, PipelineSpec
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.rewriters import tiny_masked_lm, tiny_translator
from autodistill.testing.tiny import SPECIAL, WORDS

TEXT = "The quick car, which was old, made a good movie about a big house."
ABLE = FACTS.model_copy(update={"masked_lm": True, "translation": True})


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> Resources:
    folder = tmp_path_factory.mktemp("resources")
    sides = [tiny_translator(folder / str(seed), seed=seed) for seed in range(2)]
    return Resources(tiny_masked_lm(folder / "masked_lm"), (sides[0], sides[1]))


def rewritten(
    texts: Sequence[str], resources: Resources, seed: int = 0, **settings: Any
) -> Sequence[str]:
    random = [np.random.default_rng([seed, i]) for i in range(len(texts))]
    return TextChain.model_validate(settings).rewrite(texts, random, resources)


def test_synonyms_are_the_words_of_wordnets_most_common_senses() -> None:
    assert synonyms("car") == ("auto", "automobile", "machine", "motorcar")
    assert {"film", "motion picture"} <= set(synonyms("movie"))
    assert synonyms("the") == synonyms("about") == synonyms("qwertz") == ()


@pytest.mark.parametrize("edit_fraction", [0.1, 0.3, 0.5])
def test_so_many_words_have_synonyms_in_their_place(edit_fraction: float) -> None:
    nouns = "car house dog movie boat street river teacher doctor machine"
    plain = nouns.split()
    (copy,) = rewritten([nouns], Resources(), edit_fraction=edit_fraction)
    kept = [word for word in copy.split() if word in plain]
    assert len(kept) <= 10 - 10 * edit_fraction + 1
    rest = copy
    for word in plain:
        if word not in copy.split():
            assert any(other in rest for other in synonyms(word)), word


def test_capitals_and_punctuation_around_a_word_stay() -> None:
    for seed in range(10):
        (copy,) = rewritten(['Car, "movie"!'], Resources(), seed, edit_fraction=1.0)
        assert copy[0].isupper()
        assert copy.endswith('"!')
        assert ", " in copy
        assert "Car" not in copy


def test_a_masked_language_model_says_words_and_never_special_tokens(
    resources: Resources,
) -> None:
    text = " ".join(["cat"] * 40)
    for seed in range(5):
        (copy,) = rewritten([text], resources, seed, order="contextual", edit_fraction=0.5)
        words = copy.split()
        assert len(words) == 40
        assert 1 <= sum(word != "cat" for word in words) <= MAX_FILLED
        assert set(words) <= set(WORDS) - set(SPECIAL)


def test_a_text_goes_there_and_back_and_its_copies_are_equal(resources: Resources) -> None:
    texts = ["the cat saw a dog", "moon and star", ""]
    assert resources.translators is not None
    there, back = resources.translators
    copies = rewritten(texts, resources, order="back_translation")
    assert copies[:2] == translated(back, translated(there, texts))[:2]
    assert copies[2] == ""
    assert list(copies) == list(rewritten(texts, resources, 7, order="back_translation"))


def test_a_prefix_is_read_by_the_model_that_goes_there(resources: Resources) -> None:
    marked = Resources(None, resources.translators, "moon ")
    plain = Resources(None, resources.translators)
    text = "the cat saw a dog"
    assert rewritten([text], marked, order="back_translation") == rewritten(
        [f"moon {text}"], plain, order="back_translation"
    )


def test_operations_follow_each_other_in_order(resources: Resources) -> None:
    one = rewritten([TEXT], resources, order="synonym+random", edit_fraction=0.5)
    other = rewritten([TEXT], resources, order="random+synonym", edit_fraction=0.5)
    assert one != other
    only = rewritten([TEXT], resources, order="random", edit_fraction=0.5)[0]
    assert not Counter(only.split()) - Counter(TEXT.split())


@pytest.mark.parametrize("order", ["", "synonym+", "synonym+synonym", "translate", "Random"])
def test_an_order_names_operations_once(order: str) -> None:
    law = "names some of back_translation, contextual, random, synonym, each once, joined by +"
    with pytest.raises(ValidationError) as caught:
        TextChain(order=order)
    assert law in str(caught.value)
    assert f"got {order}." in str(caught.value)


def test_what_the_job_has_no_model_for_is_refused_and_never_offered() -> None:
    wanted = {"augmentation": {"kind": "text_chain", "order": "back_translation+contextual"}}
    pipeline = PipelineSpec.model_validate(wanted)
    assert [p.message for p in pipeline.problems(FACTS)] == [
        "back_translation needs a model there and one back; the job names none, set "
        "augmenters.translation to two registered ones.",
        "contextual needs a masked language model; the job names none, set augmenters.masked_lm "
        "to a registered one.",
    ]
    assert pipeline.problems(ABLE) == []
    body = {
        "dataset": "d",
        "teacher": {"model": "t"},
        "students": [{"kind": "cut", "num_layers": 2}],
    }
    request, name = JobRequest.model_validate(body), "augmentation.text_chain.order"
    assert request.resolve([FACTS]).space[name] == Choice(("synonym", "synonym+random"))
    assert request.resolve([ABLE]).space[name] == Choice(ORDERS)
    only = FACTS.model_copy(update={"masked_lm": True})
    assert request.resolve([only]).space[name] == Choice(ORDERS[:5])


def test_wordnet_may_lie_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from autodistill.augmentations import _wordnet

    for part in _wordnet.PARTS:
        (tmp_path / f"data.{part}").write_text(
            "  1 licence\n00000001 00 n 02 cat 0 House_Cat 1 000\n"
        )
        (tmp_path / f"index.{part}").write_text("  1 licence\ncat n 1 0 1 1 00000001\n")
    monkeypatch.setenv("WNSEARCHDIR", str(tmp_path))
    _wordnet._all.cache_clear()
    try:
        assert synonyms("cat") == ("house cat",)
    finally:
        _wordnet._all.cache_clear()
