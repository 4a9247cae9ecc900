"""A traceback says where and what, without what people wrote."""

from __future__ import annotations

from regbridge.errors import PluginError, RegbridgeError
from regbridge.tracebacks import told


def caught(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        if cause is None:
            raise error
        try:
            raise cause
        except BaseException as first:
            raise error from first
    except BaseException as found:
        return found


def test_an_exception_is_shown_with_its_places_and_a_masked_message() -> None:
    text = told(caught(ValueError("'Mary Jones' is no date, says mary@example.org")))

    assert text.startswith("Traceback (most recent call last):\n  File")
    assert text.endswith("ValueError: '…' is no date, says m…@example.org")
    assert "in caught\n    raise error" in text


def test_both_are_shown_where_one_caused_the_other() -> None:
    text = told(caught(TypeError("b"), cause=ValueError("a")))

    first, _, second = text.partition("\n\nThe above exception was the direct cause of")
    assert first.endswith("ValueError: a")
    assert second.endswith("TypeError: b")


def test_what_one_of_our_own_errors_explains_is_not_quoted_beside_it() -> None:
    error = PluginError("this is a bug in it", detail="ValueError: no … here")

    text = told(caught(error, cause=ValueError("no Mary here")))

    assert "Mary" not in text
    assert "ValueError\n\nThe above" in text
    assert text.endswith("PluginError: ValueError: no … here")


def test_an_exception_that_is_its_own_cause_ends() -> None:
    error = caught(ValueError("a"))
    error.__context__ = RegbridgeError("b")
    error.__context__.__context__ = error

    assert told(error).count("Traceback") == 2
