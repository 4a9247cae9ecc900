"""An example of each answer of the API, by the name of its schema."""

from __future__ import annotations

from typing import Any

_AT = "2026-11-24T10:00:03Z"
_EVENT = "0b4c4410-1d46-43cd-a903-e8cf9de6ade5"

_PASS = {
    "pass": 3,
    "client": "apap",
    "event": "conference-2027",
    "event_id": _EVENT,
    "full": True,
    "since": None,
    "made_by": "schedule",
    "began_at": _AT,
    "finished_at": "2026-11-24T10:00:09Z",
    "step": "",
    "attendees": 2,
    "total": 2,
    "calls": 1,
    "problem": "",
    "account": {
        "statuses": ["Accepted"],
        "at_cvent": 2,
        "others_at_cvent": 0,
        "here": 2,
        "forgotten": 0,
        "states": {"delivered": 2},
        "targets": {"crm": {"can_be_read": False, "there": 2, "states": {"delivered": 2}}},
        "differences": [],
    },
}
_HAPPENING = {"at": _AT, "happening": "retried", "target": "crm", "text": "by ada: repaired"}
_PERSON_EXAMPLE = {
    "name": "Ottilie Brandvold",
    "email": "ottilie.brandvold@example.com",
    "confirmation": "LDNXB94RW6Z",
    "event": _EVENT,
}
_REGISTRANT = {
    "client": "apap",
    "subject": f"registration:{_EVENT}:6c1c2f0e-41ab-4f5c-9a6f-1f0b2f3a4c5d",
    **_PERSON_EXAMPLE,
    "registrations": [
        {
            "registration": 6,
            "kind": "registration",
            "event_type": "InviteeOrGuestAccepted",
            "message_time": "2026-11-24T10:00:00.000Z",
            "received_at": _AT,
            "receipt": 5,
            "receipt_kind": "webhook",
            "endpoint": "CventReg",
            **_PERSON_EXAMPLE,
            "state": "delivered",
            "reason": "",
            "field": "",
            "attempts": 0,
            "settled_at": _AT,
            "deliveries": [
                {
                    "target": "crm",
                    "state": "delivered",
                    "reason": "",
                    "field": "",
                    "outcome": "created",
                    "external_id": "42",
                    "attempts": 1,
                    "configuration": "3f9c2d7a",
                    "begun_at": _AT,
                    "settled_at": _AT,
                    "batch": "6d1fbe1c-6a0e-4c55-9b0f-0d3f8a3f1a51",
                    "record": {"Email": "ottilie.brandvold@example.com"},
                }
            ],
            "history": [_HAPPENING],
        }
    ],
}
EXAMPLES: dict[str, Any] = {
    "Status": {
        "receipts": [
            {
                "client": "apap",
                "endpoint": "CventReg",
                "state": "split",
                "receipts": 5,
                "records": 9,
                "split": 9,
            }
        ],
        "registrations": [
            {"client": "apap", "endpoint": "CventReg", "state": "delivered", "count": 9}
        ],
        "deliveries": [{"client": "apap", "target": "crm", "state": "delivered", "count": 9}],
        "reasons": [],
        "pauses": [],
        "parked_receipts": [],
        "encryption": [
            {
                "key": "9b1f2c7e0a5d4386",
                "state": "encrypts",
                "values": 3,
                "counted_at": "2026-11-24T10:15:00Z",
                "first_used_at": "2026-11-01T08:00:00Z",
            }
        ],
        "calls": [{"key": "cvent apap", "day": "2026-11-24", "calls": 1, "left": 14_999}],
        "tokens": [
            {
                "client": "apap",
                "endpoint": "CventReg",
                "token": "env APAP_CVENT_TOKEN",
                "since": _AT,
                "uses": 5,
                "first_used_at": _AT,
                "last_used_at": _AT,
            }
        ],
        "refused": [
            {
                "client": "apap",
                "endpoint": "CventReg",
                "cause": "wrong token",
                "address": "203.0.113.7",
                "by_cvent": False,
                "requests": 2,
                "since": _AT,
                "last_at": _AT,
            }
        ],
        "proofs": [_PASS],
        "pending_since": None,
        "hosts": [
            {
                "host": "HOOKS:4711",
                "roles": "receive work",
                "started_at": _AT,
                "changed_at": None,
                "findings": [],
            }
        ],
        "clients": [
            {
                "host": "HOOKS:4711",
                "client": "apap",
                "standing": "refused",
                "configuration": "3f9c2d7a51b0",
                "since": _AT,
                "changed_at": "2026-11-24T11:30:00Z",
                "findings": [
                    "configs/clients/apap.yaml:14: targets.crm.use: no plugin 'filez'; did you "
                    "mean 'files'?"
                ],
            }
        ],
    },
    "Timings": {
        "days": 1,
        "timings": [
            {
                "client": "apap",
                "stage": "deliver",
                "part": "crm",
                "measurements": 4,
                "registrations": 9,
                "median_ms": 96.0,
                "p95_ms": 122.0,
                "p99_ms": 127.0,
                "longest_ms": 128,
                "total_seconds": 0.391,
                "ms_per_registration": 43.444,
                "share": 0.91,
            }
        ],
    },
    "Registrants": [_REGISTRANT],
    "Registrant": _REGISTRANT,
    "Receipt": {
        "receipt": 5,
        "client": "apap",
        "kind": "webhook",
        "endpoint": "CventReg",
        "received_at": _AT,
        "event_type": "InviteeOrGuestAccepted",
        "message_time": "2026-11-24T10:00:00.000Z",
        "message_stub": "547c3e6c-20e2-4d2a-b0c2-8d9ba77d2f11",
        "state": "split",
        "reason": "",
        "arrivals": 1,
        "records": 1,
        "size": 1_204,
        "registrations": [{"state": "delivered", "reason": "", "count": 1}],
        "history": [],
    },
    "Proofs": {"proofs": [_PASS]},
    "Differences": {
        "client": "apap",
        "event": "conference-2027",
        "event_id": _EVENT,
        "differences": [
            {
                "kind": "changed there",
                "target": "crm",
                "name": "Ottilie Brandvold",
                "invitee": "6c1c2f0e-41ab-4f5c-9a6f-1f0b2f3a4c5d",
                "registration": 6,
                "text": "changed there since it was delivered: Email",
                "changes": {"Email": ["ottilie.brandvold@example.com", "o@example.com"]},
                "receipt": None,
                "found_at": _AT,
                "sent_at": None,
            }
        ],
        "has_more": False,
    },
}
