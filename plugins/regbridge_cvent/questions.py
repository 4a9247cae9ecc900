"""The questions of an event, and the names that the YAML gives to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regbridge import Event, Question, did_you_mean


@dataclass(frozen=True, slots=True)
class CventQuestion:
    """A registration question as Cvent has it; `code` is portable between events, "" for none."""

    id: str
    code: str
    text: str
    type: str


def read_question(row: Mapping[str, Any]) -> CventQuestion:
    """Return a row of `GET /event-questions`; unknown attributes are passed over."""
    return CventQuestion(
        id=str(row.get("id") or "").lower(),
        code=str(row.get("code") or "").strip(),
        text=str(row.get("text") or "").strip(),
        type=str(row.get("type") or ""),
    )


class Names:
    """The name of each question of one event: the YAML's, else its code, else its id.

    `missing` are the questions that the YAML names and the event does not have.
    """

    def __init__(self, event: Event | None, questions: Sequence[CventQuestion]) -> None:
        self.named = tuple(event.questions) if event else ()
        self.missing: list[Question] = []
        self._names = {question.id: self._unnamed(question) for question in questions}
        for question in event.questions.values() if event else ():
            found = list(_meant(question, questions))
            if question.id and not found:
                found = [question.id.lower()]  # not listed, and answered all the same perhaps
                self.missing.append(question)
            elif not found:
                self.missing.append(question)
            self._names |= dict.fromkeys(found, question.name)

    def answers(self, attendee: Mapping[str, Any]) -> dict[str, Any]:
        """Return an attendee's answers by name.

        One value is that text, several are a list, none is null. Every name of the YAML is there,
        whether it was answered or not.
        """
        found: dict[str, Any] = dict.fromkeys(self.named)
        for id_, value in _answers(attendee):
            name = self._names.get(id_, id_)
            if value is not None or name not in found:
                found[name] = value
        return found

    def _unnamed(self, question: CventQuestion) -> str:
        """Return what a question is called that the YAML does not name.

        A code that is one of the YAML's names belongs to another question.
        """
        return question.id if question.code in ("", *self.named) else question.code


def answered(attendee: Mapping[str, Any]) -> set[str]:
    """Return the ids of the questions that an attendee answered."""
    return {id_ for id_, _ in _answers(attendee)}


def remedy(question: Question, questions: Sequence[CventQuestion]) -> str:
    """Return what to write instead of a question that the event does not have."""
    wanted = question.code or question.text or question.id or ""
    if question.code:
        known: Iterable[str] = (each.code for each in questions if each.code)
    elif question.text:
        known = (each.text for each in questions)
    else:
        known = (each.id for each in questions)
    return did_you_mean(wanted, list(known))


def _meant(question: Question, questions: Sequence[CventQuestion]) -> Iterator[str]:
    for each in questions:
        if question.id:
            same = each.id == question.id.lower()
        elif question.code:
            same = each.code.casefold() == question.code.strip().casefold()
        else:
            same = each.text == (question.text or "").strip()
        if same:
            yield each.id


def _answers(attendee: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the ids of questions with the values of the answers."""
    answers = attendee.get("answers")
    for answer in answers if isinstance(answers, list) else ():
        question = answer.get("question") if isinstance(answer, Mapping) else None
        if isinstance(question, Mapping) and question.get("id"):
            yield str(question["id"]).lower(), _value(answer.get("value"))


def _value(value: Any) -> Any:
    """Return what `answers[].value`, documented as a list of texts, says."""
    if not isinstance(value, list):
        return value
    texts = [text for text in value if text not in (None, "")]
    if len(texts) > 1:
        return texts
    return texts[0] if texts else None
