"""What pytest finds of the kit without being asked: fixtures, and the cases of client files.

Every project of an environment loads this, so it imports nothing before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from regbridge.config.case_file import WrittenCase
    from regbridge.pipeline import Pipeline
    from regbridge.testing.fault_proxy import FaultProxy
    from regbridge.testing.ledger import MemoryStore
    from regbridge.testing.scripted import ScriptedServer
    from regbridge.testing.trial import Trial

_CASES = ".cases.yaml"

# An installed package is rewritten as a whole; one that is installed editable is not.
pytest.register_assert_rewrite("regbridge.testing.contract")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the cases of client files be collected where a project asks for it."""
    text = "collect the *.cases.yaml beside client files of regbridge as tests"
    parser.getgroup("regbridge").addoption("--regbridge-cases", action="store_true", help=text)
    parser.addini("regbridge_cases", text, type="bool", default=False)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CaseFile | None:
    """Return the collector of a file of cases."""
    if not file_path.name.endswith(_CASES):
        return None
    config = parent.config
    if not (config.getoption("regbridge_cases") or config.getini("regbridge_cases")):
        return None
    file: CaseFile = CaseFile.from_parent(parent, path=file_path)
    return file


class CaseFile(pytest.File):
    """The cases beside a client file; its plugins are made once for all of them."""

    _pipeline: Pipeline | None = None

    def collect(self) -> Iterator[CaseItem]:
        """Yield each case."""
        from regbridge.config.case_file import read_cases
        from regbridge.errors import ConfigError

        try:
            cases = read_cases(self.path)
        except ConfigError as error:
            raise self.CollectError(str(error)) from None
        for written in cases:
            item: CaseItem = CaseItem.from_parent(self, name=written.case.name, written=written)
            yield item

    def pipeline(self) -> Pipeline:
        """Return the client that the cases are about. Raises `ConfigError` for one with findings.

        Its file lies in the folder `clients` of a configuration folder, as cases do.
        """
        from regbridge.config.loader import load_client
        from regbridge.registry import build

        if self._pipeline is None:
            client = self.path.with_name(self.path.name.removesuffix(_CASES) + ".yaml")
            self._pipeline = build(load_client(client.parent.parent, client))
        return self._pipeline

    def teardown(self) -> None:
        """Close the plugins."""
        if self._pipeline:
            self._pipeline.close()
            self._pipeline = None


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, written: WrittenCase, **options: Any) -> None:
        super().__init__(**options)
        self._written = written

    def runtest(self) -> None:
        """Do what the worker does up to the records, and compare."""
        from regbridge.cases import case_problems

        file = self.parent
        assert isinstance(file, CaseFile)
        if problems := case_problems(self._written, file.pipeline()):
            raise CaseError(f"{self._written.where}: {'; '.join(problems)}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """Return what is wrong without the way there."""
        from regbridge.errors import ConfigError

        if isinstance(excinfo.value, CaseError | ConfigError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the case stands."""
        line = int(self._written.where.rpartition(":")[2]) - 1
        return self.path, line, f"case {self.name!r}"


class CaseError(AssertionError):
    """A case comes out otherwise than it expects."""


@pytest.fixture
def scripted_server() -> Iterator[ScriptedServer]:
    """A server that answers by a script, and fails the test when it was asked otherwise."""
    from regbridge.testing.scripted import ScriptedServer

    with ScriptedServer() as server:
        yield server


@pytest.fixture
def fault_proxy() -> Iterator[FaultProxy]:
    """A proxy that fails as networks do; set its `upstream` to a server's URL."""
    from regbridge.testing.fault_proxy import FaultProxy

    with FaultProxy() as proxy:
        yield proxy


@pytest.fixture
def memory_ledger() -> Iterator[MemoryStore]:
    """An empty ledger in memory."""
    from regbridge.testing.ledger import memory_ledger

    with memory_ledger() as ledger:
        yield ledger


@pytest.fixture
def trial() -> Iterator[Callable[..., Trial]]:
    """Makes trials, with the arguments of `regbridge.testing.trial.Trial`; closes them after."""
    from contextlib import ExitStack

    from regbridge.testing.trial import Trial

    with ExitStack() as stack:

        def start(*args: Any, **options: Any) -> Trial:
            return stack.enter_context(Trial(*args, **options))

        yield start
