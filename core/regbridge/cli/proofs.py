"""How proofs and their differences are printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from regbridge.cli.printing import print_table, say
from regbridge.reconcile.account import sentence

Plain = Mapping[str, Any]


def print_proofs(found: Sequence[Plain]) -> None:
    """Print a line for each event: when it was compared last and what came out."""
    rows = ((each["client"], each["event"], *_outcome(each)) for each in found)
    columns = ("client", "event", "compared at", "how", "result", "differences")
    print_table("Is everybody here? (`regbridge reconcile --last` names them)", columns, rows)


def _outcome(each: Plain) -> tuple[str, str, str, str]:
    how = "fully" if each["full"] else "what changed"
    if each["account"] is None:
        of = f" of {each['total']:,}" if each["total"] else ""
        done = f"under way: {each['attendees']:,}{of} attendees, {each['step']}"
        return "", how, each["problem"] or done, ""
    counts = (
        f"{one['count']:,} {one['kind']}" + (f" ({one['sent']:,} sent)" if one["sent"] else "")
        for one in each["account"]["differences"]
    )
    return each["finished_at"], how, sentence(each["account"]), ", ".join(counts) or "none"


def print_proof(result: Plain) -> None:
    """Print the account of a pass: a sentence, and what is at each place."""
    account = result["account"]
    how = "fully" if result["full"] else "what changed"
    say(f"{result['client']} {result['event']}, compared {how} at {result['finished_at']}:")
    say(f"  {sentence(account)}.")
    if account["others_at_cvent"]:
        statuses = " or ".join(account["statuses"])
        say(f"  Cvent has {account['others_at_cvent']:,} others, who are not {statuses}.")
    for name, target in account["targets"].items():
        say(f"  {name}: {_read_back(target)}")


def _read_back(target: Plain) -> str:
    if not target["can_be_read"]:
        return "cannot be read back; what was delivered is counted."
    if "rows" not in target:
        return "was not read yet; a full comparison does."
    text = f"had {target['rows']:,} records at {target['read_at']}"
    text += f", {target['extra']:,} of which nobody delivered."
    if target["unknown"]:
        text += (
            f" What became of {target['unknown']:,} deliveries cannot be told any more (purged, or"
            " made by other settings), so some of those may be theirs."
        )
    return text


def print_differences(found: Sequence[Plain], limit: int) -> None:
    """Print what was not sent, at most so many, or everything for 0; and how many of each kind."""
    if not found:
        say("  Nothing differs.")
        return
    chosen = [each for each in found if each["sent_at"] is None] if limit else found
    rows = (
        (
            each["kind"],
            each["target"],
            each["name"],
            each["registration"],
            _explained(each),
            each["sent_at"],
        )
        for each in chosen[: limit or None]
    )
    print_table("Differences", ("what", "at", "name", "registration", "why", "sent"), rows)
    counts = Counter((each["kind"], each["sent_at"] is not None) for each in found)
    for (kind, is_sent), count in sorted(counts.items()):
        say(f"  {count:,} {kind}{', sent' if is_sent else ''}.")
    if limit and len(chosen) > limit:
        say(f"  {len(chosen) - limit:,} more are not listed here; --all lists them.")


def _explained(each: Plain) -> str:
    changes = "; ".join(
        f"{name}: {ours!r} here, {theirs!r} there"
        for name, (ours, theirs) in each["changes"].items()
    )
    return changes or str(each["text"])
