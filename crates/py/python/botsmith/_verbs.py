"""English verb groups: which words make one verb, and what it says of time, person, voice and mood."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from . import _native
from ._native import Doc

__all__ = ["PersonMark", "Subject", "Utterance", "VerbGroup", "Verbs", "verbs"]

Tense: TypeAlias = Literal["past", "present", "future"]
Form: TypeAlias = Literal["finite", "imperative", "infinitive", "participle"]
Mood: TypeAlias = Literal["question", "imperative", "conditional", "declarative", "fragment"]
Number: TypeAlias = Literal["singular", "plural"]


@dataclass(frozen=True)
class Subject:
    """Who does it: person 1, 2 or 3, number where words tell, and the number of the document's word."""

    person: int
    number: Number | None
    word: int | None


@dataclass(frozen=True)
class VerbGroup:
    """One verb with its auxiliaries; ``start`` and ``end`` are code points, ``verbs`` numbers of words.

    ``tense`` is ``None`` where it is not finite, and for modals that say no time.
    """

    start: int
    end: int
    verbs: tuple[int, ...]
    form: Form
    tense: Tense | None
    perfect: bool
    progressive: bool
    passive: bool
    negated: bool
    modal: int | None
    subject: Subject | None


@dataclass(frozen=True)
class Utterance:
    """A sentence, or one line of a list in it: its words (a range), its place in code points, its mood."""

    words: range
    start: int
    end: int
    mood: Mood
    groups: tuple[VerbGroup, ...]


@dataclass(frozen=True)
class PersonMark:
    """A word that marks a grammatical person: a pronoun, a possessive, an order, a subject."""

    person: int
    number: Number | None
    start: int
    end: int
    pronoun: bool


@dataclass(frozen=True)
class Verbs:
    """What :func:`verbs` found: utterances in order, and the marks of person in the order of the text."""

    utterances: tuple[Utterance, ...]
    marks: tuple[PersonMark, ...]

    @property
    def groups(self) -> tuple[VerbGroup, ...]:
        """The verb groups of all utterances."""
        return tuple(group for utterance in self.utterances for group in utterance.groups)


def verbs(doc: Doc) -> Verbs:
    """The verb groups of an English document.

    Parameters
    ----------
    doc : Doc
        With tags, as the English pipeline gives them.

    Returns
    -------
    Verbs

    Examples
    --------
    >>> from botsmith import nlp
    >>> doc = nlp.load("en")("The files have been deleted. Will you restore them?")
    >>> first, second = nlp.verbs(doc).groups
    >>> doc.text[first.start:first.end], first.tense, first.passive
    ('have been deleted', 'present', True)
    >>> second.tense, second.subject.person, nlp.verbs(doc).utterances[1].mood
    ('future', 2, 'question')
    """
    found = json.loads(_native.verbs(doc))
    return Verbs(tuple(map(_utterance, found["utterances"])), tuple(PersonMark(**mark) for mark in found["marks"]))


def _utterance(row: dict[str, Any]) -> Utterance:
    groups = tuple(map(_group, row["groups"]))
    return Utterance(range(*row["words"]), row["start"], row["end"], row["mood"], groups)


def _group(row: dict[str, Any]) -> VerbGroup:
    subject = row["subject"]
    return VerbGroup(**{
        **row, "verbs": tuple(row["verbs"]), "subject": None if subject is None else Subject(**subject),
    })
