"""The registration questions of an event, and what each registrant answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regbridge_cvent.simulator.account.forms import shared_id

Answer = tuple[str, ...]
_SILENT_EVERY = 7
_REMARKS = (
    "Seat near the door, please.",
    'I am told to ask for "the blue room".\nThank you!',
    "Ich komme mit dem Nachtzug, O'Dea weiß Bescheid.",
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question that every event asks; `answer` gives what a registrant says, () for nothing.

    How Cvent writes the answers to choices, numbers and dates is not documented
    (reference/cvent-rest-api.md, section 8): here it is the choice's text, digits and an ISO date.
    """

    code: str
    tag: str
    text: str
    type: str
    answer: Callable[[int], Answer]
    choices: tuple[str, ...] = ()
    of_session: int | None = None

    def id_at(self, event_id: str) -> str:
        """Return the question's id, which is another one at each event."""
        return shared_id(f"question {self.code} of {event_id}")


def _chosen(*choices: str) -> Callable[[int], Answer]:
    return lambda number: (choices[number % len(choices)],)


def _chosen_several(*choices: str) -> Callable[[int], Answer]:
    """Answer with the choices whose bits are set in the registrant's number."""
    return lambda number: tuple(
        choice for position, choice in enumerate(choices) if number >> position & 1
    )


_VOLUNTEER = ("Yes", "No", "Ask me later")
_DIET = ("Vegetarian", "Gluten-free", "No nuts, please", "Other")
_LEVEL = ("Beginner", "Advanced")

QUESTIONS = (
    Question(
        "MEMBERID",
        "Membership",
        "What is your member number?",
        "OpenEndedTextOneLine",
        lambda number: (f"M-{number:06}",),
    ),
    Question(
        "VOLUNTEER",
        "Volunteers",
        "Would you like to help at the registration desk?",
        "SingleChoice",
        _chosen(*_VOLUNTEER),
        _VOLUNTEER,
    ),
    Question(
        "DIET",
        "Catering",
        "What do we have to know before we cook for you?",
        "MultiChoice",
        _chosen_several(*_DIET),
        _DIET,
    ),
    Question(
        "VISITS",
        "History",
        "How many of our conferences have you been to?",
        "OpenEndedNumeric",
        lambda number: (str(number % 12),),
    ),
    Question(
        "ARRIVAL",
        "Travel",
        "On which day do you arrive?",
        "OpenEndedDateTime",
        lambda number: (f"2027-03-{3 + number % 2:02}",),
    ),
    Question(
        "REMARKS",
        "",
        "Anything else?",
        "OpenEndedTextCommentBox",
        lambda number: (_REMARKS[number % len(_REMARKS)],) if number % 5 == 0 else (),
    ),
    Question(
        "LEVEL",
        "Workshops",
        "How much do you know of this workshop's subject?",
        "SingleChoice",
        lambda number: _chosen(*_LEVEL)(number) if number % 2 else (),
        _LEVEL,
        of_session=1,
    ),
)


def answers_of(number: int, event_id: str) -> list[dict[str, Any]]:
    """Return the answers of a registrant; every seventh has answered nothing at all."""
    if number % _SILENT_EVERY == 0:
        return []
    given = ((question, question.answer(number)) for question in QUESTIONS)
    return [answer(question, event_id, values) for question, values in given if values]


def answer(question: Question, event_id: str, values: Answer) -> dict[str, Any]:
    """Return one answer, as an attendee has it: always an array of strings."""
    return {"question": {"id": question.id_at(event_id)}, "value": list(values)}


def question_records(
    event_id: str, times: Mapping[str, str], session_ids: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Yield the questions of an event, as GET /event-questions gives them: without choices."""
    for question in QUESTIONS:
        record = {
            **times,
            "id": question.id_at(event_id),
            "event": {"id": event_id},
            "text": question.text,
            "code": question.code,
            "type": question.type,
        }
        if question.tag:
            record["tag"] = question.tag
        if question.of_session is not None:
            record["session"] = {"id": session_ids[question.of_session]}
        yield record


def choice_records(question: Question, event_id: str) -> Iterator[dict[str, Any]]:
    """Yield the choices of a question at an event."""
    for position, text in enumerate(question.choices):
        yield {
            "id": shared_id(f"choice {question.code} of {event_id}", position),
            "text": text,
            "type": "OtherChoice" if text == "Other" else "StandardChoice",
        }
