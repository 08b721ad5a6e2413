"""Voice commands drawn from the sentence templates of Home Assistant, with their slots.

Templates are written by people: (a|b) chooses, [a] may be left out, (a;b) comes in any order,
{slot} and {list:slot} are filled, <rule> is expanded. What is filled in where Home Assistant takes
the names of a household is from the lists below, so the sentences are half made up.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NAMES = {
    "area": ("kitchen", "bedroom", "living room", "cellar", "home office", "hall", "guest bath"),
    "floor": ("ground", "first", "second", "upper", "lower"),
    "zone": ("work", "school", "the allotment", "grandma's house"),
    "message": ("dinner is on the table", "we leave at noon", "the plumber is here"),
    "search_query": ("nina simone", "bach cello suites", "the evening news", "blue in green"),
    "timer_name": ("pasta", "laundry", "tea", "nap", "bread"),
    "timer_command": ("close the blinds", "turn off the oven", "lock the back door"),
    "shopping_list_item": ("milk", "rye bread", "olive oil", "a dozen eggs", "coffee"),
    "todo_list_item": ("call the dentist", "water the plants", "pay the rent"),
}
THINGS = ("desk lamp", "ceiling fan", "front door", "tv", "heater", "left curtain", "vacuum")
"""What slots without a list of their own are filled with."""
CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
Piece = tuple[str, str]
"""Some characters, and the slot that they fill; "" where none."""


def commands(document: str, per_template: int = 6) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield (intent, words, tags) of distinct commands of several words, the same every time."""
    found = json.loads(document)
    seen = set()
    for intent, template in _templates(found["intents"]):
        grammar = _Grammar(found, random.Random(template))
        for _ in range(per_template):
            words, tags = _tagged(grammar.said(template))
            if len(words) > 1 and (whole := " ".join(words).lower()) not in seen:
                seen.add(whole)
                yield intent, words, tags


def _templates(intents: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for intent in sorted(intents):
        for block in intents[intent]["data"]:
            yield from ((intent, template) for template in block["sentences"])


def _tagged(pieces: Sequence[Piece]) -> tuple[list[str], list[str]]:
    """Return words and BIO tags; a word has the slot of its first character."""
    text = "".join(part for part, _ in pieces)
    owner = [i for i, (part, _) in enumerate(pieces) for _ in part]
    words, tags, last, start = text.split(), [], -1, 0
    for word in words:
        start = text.index(word, start)
        mine, slot = owner[start], pieces[owner[start]][1]
        tags.append("O" if not slot else f"{'I' if mine == last else 'B'}-{slot}")
        last, start = mine, start + len(word)
    return words, tags


class _Grammar:
    def __init__(self, found: Mapping[str, Any], rng: random.Random) -> None:
        self.rules, self.lists, self.rng = found["expansion_rules"], found["lists"], rng

    def said(self, template: str) -> list[Piece]:
        """Return one way to say a template."""
        pieces: list[Piece] = []
        at = 0
        while at < len(template):
            sign = template[at]
            if sign == "\\":
                pieces.append((template[at + 1 : at + 2], ""))
                at += 2
            elif sign in CLOSING:
                end = _closing(template, at)
                pieces += self._group(sign, template[at + 1 : end])
                at = end + 1
            else:
                pieces.append((sign, ""))
                at += 1
        return pieces

    def _group(self, sign: str, inside: str) -> list[Piece]:
        if sign == "<":
            return self.said(self.rules[inside])
        if sign == "{":
            return self._filled(*inside.split(":"))
        if sign == "[" and self.rng.random() < 0.5:
            return []
        ordered = _parts(inside, ";")
        if len(ordered) > 1:
            self.rng.shuffle(ordered)
            return [p for part in ordered for p in [*self.said(part), (" ", "")]]
        return self.said(self.rng.choice(_parts(inside, "|")))

    def _filled(self, name: str, slot: str = "") -> list[Piece]:
        known = self.lists.get(name, {})
        if "values" in known:
            value = self.rng.choice(known["values"])
            said = self.said(value["in"] if isinstance(value, dict) else value)
            text = "".join(part for part, _ in said)
        elif "range" in known:
            low, high = known["range"]["from"], known["range"]["to"]
            text = str(self.rng.randrange(low, high + 1, known["range"].get("step", 1)))
        else:
            text = self.rng.choice(NAMES.get(name, THINGS))
        return [(text, slot or name)]


def _closing(template: str, at: int) -> int:
    """Return where the bracket at a place is closed."""
    opening, closing, depth = template[at], CLOSING[template[at]], 0
    for i in range(at, len(template)):
        depth += (template[i] == opening) - (template[i] == closing)
        if not depth:
            return i
    message = f'"{template}" does not close a bracket.'
    raise ValueError(message)


def _parts(inside: str, separator: str) -> list[str]:
    """Return what a separator parts outside of brackets."""
    parts, depth = [""], 0
    for sign in inside:
        depth += (sign in CLOSING) - (sign in CLOSING.values())
        if sign == separator and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts
