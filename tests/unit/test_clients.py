"""A folder of clients: each starts or is refused by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from regbridge import ConfigError, StoreUnavailableError
from regbridge.clients import Clients, start_clients
from regbridge.roster import read_roster

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "clients").mkdir()
    (tmp_path / "base.yaml").write_text("plugins: [cvent-token]\n", encoding="utf-8")
    monkeypatch.setenv("TOKEN", "hunter2")
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a client file that is right, unless the keywords make it wrong."""

    def write(
        file: str, name: str = "", path: str = "", use: str = "files", extra: str = ""
    ) -> Path:
        client = folder / "clients" / f"{file}.yaml"
        client.write_text(
            f"client: {name or file}\n"
            "endpoints:\n"
            f"  CventReg: {{path: {path or f'/cvent/{file}/CventReg'}, tokens: [{{env: TOKEN}}]}}\n"
            "targets:\n"
            f"  crm: {{use: {use}, settings: {{path: {file}.jsonl}}, map: {{Email: email}}}}\n"
            f"{extra}",
            encoding="utf-8",
        )
        return client

    return write


def refused(clients: Clients) -> dict[str, str]:
    return {refused.name: str(refused.error) for refused in clients.refused}


def test_every_client_runs_under_its_name(folder: Path, write: Write) -> None:
    write("apap")
    write("other", name="acme")
    clients = start_clients(folder)
    assert sorted(clients.running) == ["acme", "apap"]
    assert clients.refused == ()
    found = clients.find("/cvent/other/CventReg")
    assert found is not None
    pipeline, endpoint = found
    assert (pipeline.client.name, endpoint.name) == ("acme", "CventReg")


def test_a_path_that_nobody_takes_is_nobodys(folder: Path, write: Write) -> None:
    write("apap")
    clients = start_clients(folder)
    paths = ["", "/", "/cvent/apap", "/cvent/apap/cventreg", "/cvent/apap/CventReg/A/b"]
    assert [clients.find(path) for path in paths] == [None] * 5


def test_a_folder_without_clients_runs_none(folder: Path) -> None:
    clients = start_clients(folder)
    assert (clients.running, clients.refused) == ({}, ())


@pytest.mark.parametrize(
    "wrong",
    [
        {"use": "filez"},
        {"extra": "plugins: [{use: ./broken.py}]\n"},
        {"extra": "pluginz: []\n"},
        {"extra": "time_zone: Mars/Olympus\n"},
    ],
)
def test_a_broken_client_stops_nobody_else(
    folder: Path, write: Write, wrong: dict[str, str]
) -> None:
    (folder / "clients" / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    write("apap")
    write("broken", **wrong)
    write("zulu")
    clients = start_clients(folder)
    assert sorted(clients.running) == ["apap", "zulu"]
    assert list(refused(clients)) == ["broken"]
    with pytest.raises(ConfigError):
        clients.find("/cvent/broken/CventReg")
    assert clients.find("/cvent/apap/CventReg")
    assert clients.find("/cvent/unknown") is None


@pytest.mark.parametrize("text", ["client: [", "", "- a\n", "\tclient: a\n", "client: x\xff\n"])
def test_while_a_clients_paths_cannot_be_read_no_unknown_path_is_gone(
    folder: Path, write: Write, text: str
) -> None:
    write("apap")
    (folder / "clients" / "broken.yaml").write_bytes(text.encode("latin-1"))
    clients = start_clients(folder)
    assert list(refused(clients)) == ["broken"]
    assert clients.find("/cvent/apap/CventReg")
    with pytest.raises(ConfigError):
        clients.find("/cvent/unknown")


def test_the_error_of_a_refused_path_is_a_new_one_each_time(folder: Path, write: Write) -> None:
    write("broken", use="filez")
    clients = start_clients(folder)
    errors = []
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            clients.find("/cvent/broken/CventReg")
        errors.append(caught.value)
    assert errors[0] is not errors[1]
    assert str(errors[0]) == str(errors[1])


def test_of_two_files_with_one_client_name_the_second_is_refused(
    folder: Path, write: Write
) -> None:
    write("a", name="apap")
    write("b", name="apap")
    clients = start_clients(folder)
    assert list(clients.running) == ["apap"]
    assert clients.find("/cvent/a/CventReg")
    with pytest.raises(ConfigError, match="another file already defines the client apap"):
        clients.find("/cvent/b/CventReg")
    (second,) = clients.refused
    assert second.file.name == "b.yaml"
    assert "b.yaml" in str(second.error)


def test_of_two_files_with_one_path_the_first_keeps_it(folder: Path, write: Write) -> None:
    write("a", path="/cvent/shared")
    write("b", path="/cvent/shared")
    clients = start_clients(folder)
    assert list(clients.running) == ["a"]
    assert "a.yaml already has an endpoint at /cvent/shared" in refused(clients)["b"]
    found = clients.find("/cvent/shared")
    assert found is not None
    assert found[0].client.name == "a"


def test_a_mistake_in_base_refuses_every_client(folder: Path, write: Write) -> None:
    write("apap")
    write("acme")
    (folder / "base.yaml").write_text("pluginz: []\n", encoding="utf-8")
    clients = start_clients(folder)
    assert clients.running == {}
    texts = refused(clients)
    assert sorted(texts) == ["acme", "apap"]
    assert all("did you mean 'plugins'?" in text for text in texts.values())


def test_no_refusal_shows_a_secret(folder: Path, write: Write) -> None:
    path = write("apap")
    text = path.read_text(encoding="utf-8").replace("{env: TOKEN}", "literal-secret")
    path.write_text(text, encoding="utf-8")
    assert "literal-secret" not in refused(start_clients(folder))["apap"]


def test_closing_the_clients_closes_all_their_plugins(folder: Path, write: Write) -> None:
    (folder / "clients" / "closing.py").write_text(
        "from pathlib import Path\n"
        "from regbridge import Plugin\n\n\n"
        "class Closing(Plugin):\n"
        "    def close(self):\n"
        "        name = self.context.client.name\n"
        "        Path(self.context.folder, f'closed-{name}').touch()\n"
        "        raise OSError('and fails')\n",
        encoding="utf-8",
    )
    for name in ("apap", "zulu"):
        write(name, extra="plugins: [cvent-token, closing.py]\n")
    clients = start_clients(folder)
    assert refused(clients) == {}
    clients.close()
    assert sorted(path.name for path in folder.glob("closed-*")) == ["closed-apap", "closed-zulu"]


def test_whoever_asks_after_the_end_is_told_to_come_back(folder: Path, write: Write) -> None:
    write("apap")
    clients = start_clients(folder)
    clients.close()
    with clients.borrow("apap") as pipeline:
        assert pipeline is None
    with pytest.raises(StoreUnavailableError, match="the service stops"):
        clients.find("/cvent/apap/CventReg")


def test_who_borrows_a_client_that_was_just_replaced_gets_what_took_its_place(
    folder: Path, write: Write
) -> None:
    write("apap")
    first = read_roster(folder)
    clients = Clients(first.running)
    write("apap", extra="time_zone: Europe/Berlin\n")
    second = read_roster(folder, first)
    with clients.borrow("apap") as pipeline:
        clients.take_over(second)
        assert pipeline is first.running["apap"]
        assert not pipeline.loans.is_closed
    assert first.running["apap"].loans.is_closed
    with clients.borrow("apap") as pipeline, first.running["apap"].in_use() as is_open:
        assert (pipeline, is_open) == (second.running["apap"], False)
    clients.close()
    assert second.running["apap"].loans.is_closed
