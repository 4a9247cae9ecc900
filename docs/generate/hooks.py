"""A hook's live signature and its example, from the hook specifications."""

from __future__ import annotations

import inspect

from docs.generate.markdown import python
from docs.generate.signatures import of_function

from regbridge import hookspecs


def write(name: str) -> str:
    """Return the signature of a hook, and the example of its docstring."""
    hook = getattr(hookspecs, name)
    example = (inspect.getdoc(hook) or "").partition("Example: ")[2]
    return f"{python(of_function(hook))}\n\nExample: {' '.join(example.split())}"
