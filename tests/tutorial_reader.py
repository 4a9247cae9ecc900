"""Somebody who reads the tutorial and does what it says: its own blocks, a real host."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from shlex import split
from socket import create_server
from unittest.mock import patch

from regbridge.cli import main

PAGE = (Path(__file__).parents[1] / "docs/tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SECONDS = 120.0
CHANGING = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"batch [0-9a-f-]{36}", "batch ID"),
    (r"(?<!-)\b[0-9a-f]{12}\b", "HASH"),
    (r"[┏┳┓┃┡╇┩│└┴┘━─]+", " "),  # a table's lines
    (r"[ \t]+", " "),
)
"""What differs each time, and what stands for it."""


def told(number: int, language: str) -> list[str]:
    """Return the blocks in a language that a step of the tutorial shows."""
    [step] = re.findall(rf"^## {number}\. .*?\n(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE)
    return [text for found, text in BLOCK.findall(step) if found == language]


def steady(text: str) -> list[str]:
    """Return a text's lines without what differs each time."""
    for pattern, stand_in in CHANGING:
        text = re.sub(pattern, stand_in, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


class Reader:
    """Has a folder, variables, and a host that `serve` started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        own = {name: value for name, value in os.environ.items() if "REGBRIDGE" not in name}
        self.variables = own | {
            "COLUMNS": "250",
            "PYTHONIOENCODING": "utf-8",
            "PYTHONUNBUFFERED": "1",
        }
        self.host: subprocess.Popen[bytes] | None = None

    def here(self, text: str) -> str:
        """Return a text of the tutorial with the port that is free here."""
        return text.replace("8080", str(self.port))

    def do(self, block: str) -> str:
        """Type the lines of a block, and return what they print."""
        said = ""
        for line in self.here(block).splitlines():
            match split(line):
                case ["export", assignment]:
                    name, _, value = assignment.partition("=")
                    self.variables[name] = value
                case ["regbridge", "serve"]:
                    self.serve()
                case ["regbridge", *words]:
                    said += self.run(*words)
                case words:
                    raise AssertionError(f"nobody said what {words} does")
        return said

    def run(self, *words: str) -> str:
        """Run regbridge to its end, and return what it prints, errors included.

        It runs in this process: a start of its own for each of forty commands takes minutes.
        """
        said = io.StringIO()
        with (
            chdir(self.folder),
            patch.dict(os.environ, self.variables, clear=True),
            redirect_stdout(said),
            redirect_stderr(said),
            suppress(SystemExit),
        ):
            main(words)
        return said.getvalue()

    def until(self, text: str, *words: str, gone: bool = False) -> str:
        """Run a command again and again until it prints a text, or prints it no longer."""
        given_up = time.monotonic() + SECONDS
        while (text in (said := self.run(*words))) is gone:
            assert time.monotonic() < given_up, f"{text!r}: {said}"
            time.sleep(0.2)
        return said

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in a file of the configuration; "" as the old one is its end."""
        file = self.folder / "configs" / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        changed = text.replace(old, new) if old else f"{text}\n{new}"
        file.write_text(changed, encoding="utf-8")

    def serve(self) -> None:
        """Start the host, and wait until it says that it runs."""
        with (self.folder / "serve.log").open("wb") as log:
            self.host = subprocess.Popen(
                self._command("serve"), cwd=self.folder, env=self.variables, stdout=log, stderr=log
            )
        given_up = time.monotonic() + SECONDS
        while "Ctrl+C stops it." not in self.log():
            assert self.host.poll() is None, self.log()
            assert time.monotonic() < given_up, self.log()
            time.sleep(0.1)

    def stop(self) -> None:
        """Press Ctrl+C."""
        if self.host:
            self.host.terminate()
            self.host.wait(SECONDS)

    def log(self) -> str:
        return (self.folder / "serve.log").read_text(encoding="utf-8")

    @staticmethod
    def _command(*words: str) -> list[str]:
        return [sys.executable, "-c", "from regbridge.cli import main; main()", *words]


@contextmanager
def reading(folder: Path) -> Iterator[Reader]:
    """Read the tutorial in a folder; whatever comes of it, the host ends."""
    reader = Reader(folder)
    try:
        yield reader
    finally:
        reader.stop()


def to_the_parked_registration(reader: Reader) -> None:
    """Do steps 1 to 5: a client, five records, a console, and one registration set aside."""
    client(reader)
    delivered(reader)
    another_mapping(reader)
    console(reader)
    set_aside(reader)


def client(reader: Reader) -> None:
    new, variable, check = told(1, "sh")
    assert_shown(told(1, "text")[0], reader.do(new))
    reader.edit("base.yaml", "port: 8080", f"port: {reader.port}")
    reader.do(variable)
    assert_shown(told(1, "text")[1], reader.do(check))


def delivered(reader: Reader) -> None:
    serve, send, _status, show = told(2, "sh")
    urls, record, story = told(2, "text")
    reader.do(serve)
    assert_shown(reader.here(urls), reader.log())
    assert "200" in reader.do(send)
    reader.until("Nothing is pending.", "status")
    file = reader.folder / "configs/delivered/apap-registrations.jsonl"
    assert_shown(record, file.read_text(encoding="utf-8"))
    assert_shown(story, reader.do(show))


def another_mapping(reader: Reader) -> None:
    (reader.folder / "configs/clients/apap.yaml").write_text(told(3, "yaml")[0], encoding="utf-8")
    checked, stands = told(3, "text")
    assert_shown(checked, reader.do(told(3, "sh")[0]))
    [mapped] = re.findall(r"\b[0-9a-f]{12}\b", stands)
    assert "regbridge status" in told(3, "sh")[1]
    assert_shown(stands, reader.until(mapped, "status"))


def console(reader: Reader) -> None:
    there, added = told(4, "yaml")[0].split("  console:\n")
    base = (reader.folder / "configs/base.yaml").read_text(encoding="utf-8")
    assert [line for line in reader.here(there).splitlines() if line not in base] == []
    end = "\n# Below: what every client"
    reader.edit("base.yaml", end, f"  console:\n{added}{end}")
    reader.stop()
    reader.do(told(4, "sh")[0])


def set_aside(reader: Reader) -> None:
    (reader.folder / "change.json").write_text(told(5, "json")[0], encoding="utf-8")
    assert "200" in reader.do(told(5, "sh")[0])
    assert_shown(told(5, "text")[0], reader.until("parked", "status"))


def assert_shown(page: str, said: str) -> None:
    """Compare what the page shows with what came, line by line."""
    came = steady(said)
    assert [line for line in steady(page) if not any(line in each for each in came)] == [], said
