"""The folders that are installed beside the code: sample payloads, configurations."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

SAMPLES = "regbridge_samples"
CONFIGS = "regbridge_configs"


def shipped(package: str) -> Path:
    """Return the folder that is installed under a package's name.

    An empty one is passed by: pip leaves it behind when an install is replaced by an editable one.
    Raises `FileNotFoundError` when regbridge itself is not installed.
    """
    # NOTE: importlib.resources cannot read a folder without __init__.py of an editable install.
    spec = find_spec(package)
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place)
        if folder.is_dir() and any(folder.iterdir()):
            return folder
    raise FileNotFoundError(f"the folder {package} is not installed; install regbridge again")
