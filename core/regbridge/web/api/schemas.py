"""What the API answers, as JSON Schema."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
TRUTH: Schema = {"type": "boolean"}
RATIO: Schema = {"type": "number"}
MOMENT: Schema = {
    "type": "string",
    "format": "date-time",
    "description": "In UTC, to the second.",
}
STATE: Schema = {"type": "string", "description": "Such as pending, delivered, parked."}
COUNTS: Schema = {"type": "object", "additionalProperties": COUNT}
FIELDS: Schema = {"type": "object", "description": "Fields by name, whatever they are."}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(optional: Schema | None = None, /, **properties: Schema) -> Schema:
    """Return an object that has all of these properties, and perhaps some optional ones."""
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
    }


_PERSON = {"name": TEXT, "email": TEXT, "confirmation": TEXT, "event": TEXT}
_ENDING = {"state": STATE, "reason": TEXT, "field": TEXT}

SCHEMAS: dict[str, Schema] = {
    "Status": _object(
        {
            "tokens": _list(
                _object(
                    client=TEXT,
                    endpoint=TEXT,
                    token={**TEXT, "description": "Where it comes from."},
                    since=MOMENT,
                    uses=COUNT,
                    first_used_at=_or_null(MOMENT),
                    last_used_at=_or_null(MOMENT),
                )
            ),
            "refused": _list(
                _object(
                    client=TEXT,
                    endpoint=TEXT,
                    cause=TEXT,
                    address={**TEXT, "description": "Empty for many addresses."},
                    by_cvent={**TRUTH, "description": "One of them seems to be Cvent's."},
                    requests=COUNT,
                    since=MOMENT,
                    last_at=MOMENT,
                )
            ),
            "hosts": _list(_ref("Host")),
            "clients": _list(_ref("ClientAtHost")),
            "encryption": _list(
                _object(
                    key=TEXT,
                    state=TEXT,
                    values=_or_null(COUNT),
                    counted_at=_or_null(MOMENT),
                    first_used_at=_or_null(MOMENT),
                )
            ),
        },
        receipts=_list(
            _object(
                client=TEXT, endpoint=TEXT, state=STATE, receipts=COUNT, records=COUNT, split=COUNT
            )
        ),
        registrations=_list(_object(client=TEXT, endpoint=TEXT, state=STATE, count=COUNT)),
        deliveries=_list(_object(client=TEXT, target=TEXT, state=STATE, count=COUNT)),
        reasons=_list(
            _object({"remedy": TEXT}, client=TEXT, state=STATE, reason=TEXT, count=COUNT)
        ),
        pauses=_list(
            _object(client=TEXT, upstream=TEXT, cause=TEXT, reason=TEXT, since=MOMENT, until=MOMENT)
        ),
        parked_receipts=_list(
            _object(
                id=NUMBER,
                client=TEXT,
                endpoint=TEXT,
                received_at=MOMENT,
                arrivals=COUNT,
                reason=TEXT,
                size=_or_null(COUNT),
                remedy=TEXT,
            )
        ),
        calls=_list(_object(key=TEXT, day=TEXT, calls=COUNT, left=_or_null(COUNT))),
        proofs=_list(_ref("Proof")),
        pending_since=_or_null(MOMENT),
    ),
    "Host": {
        **_object(
            host=TEXT,
            roles=TEXT,
            started_at=MOMENT,
            changed_at=_or_null(MOMENT),
            findings=_list(TEXT),
        ),
        "description": "One process. A host: block that was changed holds after a restart.",
    },
    "ClientAtHost": {
        **_object(
            host=TEXT,
            client=TEXT,
            standing={
                **TEXT,
                "description": "runs; refused: it runs as before, its changed file is wrong; "
                "stopped: its file is wrong; gone: it runs until a restart, it has no file.",
            },
            configuration=TEXT,
            since=_or_null(MOMENT),
            changed_at=_or_null(MOMENT),
            findings=_list(TEXT),
        ),
        "description": "What a client runs with at one host: a fingerprint, and since when.",
    },
    "Timings": _object(
        days=COUNT,
        timings=_list(
            _object(
                client=TEXT,
                stage=TEXT,
                part=TEXT,
                measurements=COUNT,
                registrations=COUNT,
                median_ms=RATIO,
                p95_ms=RATIO,
                p99_ms=RATIO,
                longest_ms=RATIO,
                total_seconds=RATIO,
                ms_per_registration=_or_null(RATIO),
                share=_or_null(RATIO),
            )
        ),
    ),
    "Registrant": _object(
        client=TEXT,
        subject=TEXT,
        **_PERSON,
        registrations=_list(_ref("Registration")),
    ),
    "Registration": _object(
        {"received": {**FIELDS, "description": "What Cvent sent; with body=true."}},
        registration=NUMBER,
        kind=TEXT,
        event_type=TEXT,
        message_time=TEXT,
        received_at=MOMENT,
        receipt=NUMBER,
        receipt_kind=TEXT,
        endpoint=TEXT,
        **_PERSON,
        **_ENDING,
        attempts=COUNT,
        settled_at=_or_null(MOMENT),
        deliveries=_list(_ref("Delivery")),
        history=_list(_ref("Happening")),
    ),
    "Delivery": _object(
        {"batch": {**_or_null(TEXT), "description": "As the log and the target name it."}},
        target=TEXT,
        **_ENDING,
        outcome=TEXT,
        external_id=_or_null(TEXT),
        attempts=COUNT,
        configuration=TEXT,
        begun_at=_or_null(MOMENT),
        settled_at=_or_null(MOMENT),
        record=FIELDS,
    ),
    "Happening": _object(at=MOMENT, happening=TEXT, target=TEXT, text=TEXT),
    "Receipt": _object(
        {"body": {**TEXT, "description": "The message as it arrived; with body=true."}},
        receipt=NUMBER,
        client=TEXT,
        kind=TEXT,
        endpoint=TEXT,
        received_at=MOMENT,
        event_type=TEXT,
        message_time=TEXT,
        message_stub=_or_null(TEXT),
        state=STATE,
        reason=TEXT,
        arrivals=COUNT,
        records=COUNT,
        size=COUNT,
        registrations=_list(_object(state=STATE, reason=TEXT, count=COUNT)),
        history=_list(_ref("Happening")),
    ),
    "Proof": {
        **_object(
            client=TEXT,
            event=TEXT,
            event_id=TEXT,
            full=TRUTH,
            since=_or_null(MOMENT),
            made_by=TEXT,
            began_at=MOMENT,
            finished_at=_or_null(MOMENT),
            step=TEXT,
            attendees=COUNT,
            total=_or_null(COUNT),
            calls=COUNT,
            problem=TEXT,
            account={"anyOf": [_ref("Account"), {"type": "null"}]},
        ),
        "description": "One comparison of an event; without an account until it is finished.",
    },
    "Account": _object(
        statuses=_list(TEXT),
        at_cvent=COUNT,
        others_at_cvent=COUNT,
        here=COUNT,
        forgotten=COUNT,
        states=COUNTS,
        targets={"type": "object", "additionalProperties": _ref("AtTarget")},
        differences=_list(_object(kind=TEXT, target=TEXT, count=COUNT, sent=COUNT)),
    ),
    "AtTarget": _object(
        {"read_at": MOMENT, "rows": COUNT, "compared": COUNT, "extra": COUNT, "unknown": COUNT},
        can_be_read=TRUTH,
        there=COUNT,
        states=COUNTS,
    ),
    "Proofs": _object(proofs=_list(_ref("Proof"))),
    "Differences": _object(
        client=TEXT,
        event=TEXT,
        event_id=TEXT,
        differences=_list(
            _object(
                kind=TEXT,
                target=TEXT,
                name=TEXT,
                invitee=TEXT,
                registration=_or_null(NUMBER),
                text=TEXT,
                changes=FIELDS,
                receipt=_or_null(NUMBER),
                found_at=MOMENT,
                sent_at=_or_null(MOMENT),
            )
        ),
        has_more=TRUTH,
    ),
    "Problem": _object(
        {
            "detail": {**TEXT, "description": "What happened, and what to do."},
            "receipt": {**_or_null(NUMBER), "description": "The receipt that is not there."},
            "registration": {**_or_null(NUMBER), "description": "The one that is not there."},
            "event": {**TEXT, "description": "The event that was never compared."},
        },
        type=TEXT,
        title=TEXT,
        status=NUMBER,
    ),
}
SCHEMAS["Proof"]["properties"]["pass"] = NUMBER
SCHEMAS["Proof"]["required"].append("pass")
