"""Answers are counted by the part of the service that gave them."""

from __future__ import annotations

import pytest

from regbridge.web.answers import Answers, Part


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/health/ready", Part.HEALTH),
        ("/console", Part.CONSOLE),
        ("/api/v1/status", Part.API),
        ("/metrics", Part.METRICS),
        ("/consoles", Part.OTHER),
        ("/", Part.OTHER),
        ("", Part.OTHER),
        ("*", Part.OTHER),
        (".cve0", Part.OTHER),
    ],
)
def test_whatever_a_path_is_its_answer_is_counted(path: str, part: Part) -> None:
    answers = Answers()

    answers.add(path, 404)

    assert answers.http == {(part, 404): 1}
