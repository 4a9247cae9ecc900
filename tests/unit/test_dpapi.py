"""DPAPI is called as Microsoft documents it; Windows itself is simulated."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from regbridge import dpapi

UI_FORBIDDEN, LOCAL_MACHINE = 0x1, 0x4


class SimulatedWindows:
    """Encrypts for an account of a machine, and says what it was asked."""

    def __init__(self, account: str = "service", machine: str = "server") -> None:
        self.account, self.machine = account, machine
        self.asked: list[tuple[Any, ...]] = []
        self.allocated: dict[int, Any] = {}

    def CryptProtectData(self, *arguments: Any) -> int:  # noqa: N802
        """Put before the secret for whom it is."""
        given, description, entropy, reserved, prompt, flags, found = arguments
        self.asked.append((description, reserved, prompt, flags))
        whose = "" if flags & LOCAL_MACHINE else self.account
        head = f"{self.machine}|{whose}|".encode()
        return self._answer(found, head + _bytes(entropy) + b"|" + _bytes(given)[::-1])

    def CryptUnprotectData(self, *arguments: Any) -> int:  # noqa: N802
        """Give the secret back to whom it is for."""
        given, description, entropy, reserved, prompt, flags, found = arguments
        self.asked.append((description, reserved, prompt, flags))
        machine, whose, salt, secret = _bytes(given).split(b"|", 3)
        if (machine.decode(), salt) != (self.machine, _bytes(entropy)):
            return 0
        if whose and whose.decode() != self.account:
            return 0
        return self._answer(found, secret[::-1])

    def LocalFree(self, memory: Any) -> None:  # noqa: N802
        """Take back what was allocated, which must not hold the secret any more."""
        address = ctypes.cast(memory, ctypes.c_void_p).value
        assert address
        assert set(self.allocated.pop(address).raw) == {0}

    def failure(self) -> str:
        """Say what Windows says about a blob of another machine."""
        return "Key not valid for use in specified state. (Windows error -2146893813)"

    def _answer(self, found: Any, value: bytes) -> int:
        buffer = ctypes.create_string_buffer(value, len(value))
        self.allocated[ctypes.addressof(buffer)] = buffer
        found._obj.cbData = len(value)
        found._obj.pbData = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_char))
        return 1


def _bytes(blob: Any) -> bytes:
    return ctypes.string_at(blob._obj.pbData, blob._obj.cbData)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> SimulatedWindows:
    found = SimulatedWindows()
    monkeypatch.setattr(dpapi, "_windows", lambda: found)
    return found


@pytest.mark.parametrize("for_machine", [True, False])
def test_a_secret_comes_back_as_it_was(windows: SimulatedWindows, for_machine: bool) -> None:
    secret = "hüter2|\0".encode()

    protected = dpapi.protect(secret, description="regbridge mail", for_machine=for_machine)

    assert secret not in protected
    assert dpapi.unprotect(protected) == secret
    assert windows.allocated == {}


def test_no_window_is_ever_shown_and_the_scope_is_what_was_asked_for(
    windows: SimulatedWindows,
) -> None:
    dpapi.protect(b"a", description="regbridge mail", for_machine=True)
    dpapi.unprotect(dpapi.protect(b"a", description="regbridge mail", for_machine=False))

    assert windows.asked == [
        ("regbridge mail", None, None, UI_FORBIDDEN | LOCAL_MACHINE),
        ("regbridge mail", None, None, UI_FORBIDDEN),
        (None, None, None, UI_FORBIDDEN),
    ]


def test_another_account_reads_what_is_for_the_machine_and_no_more(
    windows: SimulatedWindows,
) -> None:
    for_all = dpapi.protect(b"a", description="", for_machine=True)
    for_one = dpapi.protect(b"a", description="", for_machine=False)
    windows.account = "administrator"

    assert dpapi.unprotect(for_all) == b"a"
    with pytest.raises(dpapi.DpapiError, match="Key not valid"):
        dpapi.unprotect(for_one)
    windows.machine = "another"
    with pytest.raises(dpapi.DpapiError, match="Key not valid"):
        dpapi.unprotect(for_all)


@pytest.mark.skipif("sys.platform == 'win32'")
def test_elsewhere_it_says_that_there_is_no_such_thing() -> None:
    for use in (dpapi.require, lambda: dpapi.unprotect(b"a")):
        with pytest.raises(dpapi.DpapiError, match="a part of Windows"):
            use()
