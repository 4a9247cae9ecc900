"""Windows' DPAPI, which encrypts for one machine or for one account without a key of ours."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Protocol

_FOR_THE_MACHINE = 0x4  # CRYPTPROTECT_LOCAL_MACHINE
_NO_WINDOW = 0x1  # CRYPTPROTECT_UI_FORBIDDEN: a service has nobody to ask
_ENTROPY = b"regbridge"
"""Keeps other programs' files from being taken for ours; it is no secret."""


class DpapiError(Exception):
    """Windows did not do it; the text says why, without the secret."""


class _Blob(ctypes.Structure):
    """DATA_BLOB of wincrypt.h."""

    _fields_ = (("cbData", ctypes.c_uint32), ("pbData", ctypes.POINTER(ctypes.c_char)))


class Windows(Protocol):
    """The functions that are used; CryptProtectData and its sisters of crypt32 and kernel32."""

    def CryptProtectData(self, *arguments: Any) -> int:  # noqa: N802 - Microsoft's spelling
        """Encrypt a blob into another one."""

    def CryptUnprotectData(self, *arguments: Any) -> int:  # noqa: N802
        """Decrypt a blob into another one."""

    def LocalFree(self, memory: Any) -> Any:  # noqa: N802
        """Give back what one of the two allocated."""

    def failure(self) -> str:
        """Return what the last call that failed says about it."""


def require() -> None:
    """Raise `DpapiError` where there is no DPAPI."""
    _windows()


def protect(secret: bytes, *, description: str, for_machine: bool) -> bytes:
    """Return a secret encrypted for this machine, or for the account that runs this.

    Raises `DpapiError`.
    """
    flags = _NO_WINDOW | (_FOR_THE_MACHINE if for_machine else 0)
    windows = _windows()
    return _call(windows, windows.CryptProtectData, secret, description, flags)


def unprotect(protected: bytes) -> bytes:
    """Return the secret again; `protect` has said for whom that works. Raises `DpapiError`."""
    windows = _windows()
    return _call(windows, windows.CryptUnprotectData, protected, None, _NO_WINDOW)


def _call(
    windows: Windows, function: Any, given: bytes, description: str | None, flags: int
) -> bytes:
    """Call one of the two, which take the same arguments, and free what it allocates.

    The second one is the description: given to the first, and not asked for by the other.
    """
    blob, entropy, found = _blob(given), _blob(_ENTROPY), _Blob()
    if not function(
        ctypes.byref(blob),
        description,
        ctypes.byref(entropy),
        None,
        None,
        flags,
        ctypes.byref(found),
    ):
        raise DpapiError(windows.failure())
    try:
        return ctypes.string_at(found.pbData, found.cbData)
    finally:
        ctypes.memset(found.pbData, 0, found.cbData)
        windows.LocalFree(found.pbData)


def _blob(value: bytes) -> _Blob:
    buffer = ctypes.create_string_buffer(value, len(value))
    return _Blob(len(value), ctypes.cast(buffer, ctypes.POINTER(ctypes.c_char)))


if sys.platform == "win32":

    class _Libraries:
        """The real thing."""

        def __init__(self) -> None:
            crypt, kernel = (ctypes.WinDLL(n, use_last_error=True) for n in ("crypt32", "kernel32"))
            blob, text = ctypes.POINTER(_Blob), ctypes.c_wchar_p
            rest: list[Any] = [blob, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, blob]
            self.CryptProtectData = crypt.CryptProtectData
            self.CryptProtectData.argtypes = [blob, text, *rest]
            self.CryptUnprotectData = crypt.CryptUnprotectData
            self.CryptUnprotectData.argtypes = [blob, ctypes.c_void_p, *rest]
            self.LocalFree = kernel.LocalFree
            self.LocalFree.argtypes = [ctypes.c_void_p]
            self.LocalFree.restype = ctypes.c_void_p

        def failure(self) -> str:
            code = ctypes.get_last_error()
            return f"{ctypes.FormatError(code).strip()} (Windows error {code})"

    def _windows() -> Windows:
        return _Libraries()
else:

    def _windows() -> Windows:
        raise DpapiError("DPAPI is a part of Windows, and this is another system")
