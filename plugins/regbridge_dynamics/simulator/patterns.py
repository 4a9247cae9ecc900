"""The tables for both ways to take registrations: one staging table, or contact with registration.

`new_registrationstaging` has a column of every type, for tests. `contact` takes no bulk
operations, as a page of Microsoft says (reference/dataverse-web-api.md, section 4).
"""

from __future__ import annotations

from regbridge_dynamics.simulator.choices import (
    BooleanColumn,
    ChoiceColumn,
    MultiChoiceColumn,
    Option,
    StatusColumn,
)
from regbridge_dynamics.simulator.columns import (
    BigIntColumn,
    DecimalColumn,
    DoubleColumn,
    GuidColumn,
    IntegerColumn,
    MemoColumn,
    MoneyColumn,
    Required,
    StringColumn,
)
from regbridge_dynamics.simulator.dates import Behavior, DateTimeColumn
from regbridge_dynamics.simulator.lookups import LookupColumn
from regbridge_dynamics.simulator.schema import Key, Schema, Table

_REGISTRATION_STATUS = (
    Option(100000000, "Accepted"),
    Option(100000001, "Cancelled"),
    Option(100000002, "Waitlisted"),
)
_INTERESTS = (
    Option(717700000, "Keynotes"),
    Option(717700001, "Workshops"),
    Option(717700002, "Dinner"),
)


def registration_schema() -> Schema:
    """Return the four tables: staging, contact, event registration, and account to refer to."""
    return Schema(_staging(), _contact(), _event_registration(), _account())


def _staging() -> Table:
    return Table(
        name="new_registrationstaging",
        entity_set="new_registrationstagings",
        schema_name="new_RegistrationStaging",
        display="Registration Staging",
        primary_name="new_name",
        keys=(Key("new_inviteeevent", ("new_inviteeid", "new_eventid")),),
        columns=(
            StringColumn(name="new_name", display="Name", max_length=100),
            StringColumn(name="new_inviteeid", max_length=36, required=Required.SYSTEM),
            StringColumn(name="new_eventid", max_length=36, required=Required.SYSTEM),
            StringColumn(name="new_firstname", max_length=50),
            StringColumn(name="new_lastname", max_length=50, required=Required.APPLICATION),
            StringColumn(name="new_email", max_length=100),
            MemoColumn(name="new_answers", max_length=10_000),
            IntegerColumn(name="new_guests", minimum=0, maximum=100),
            BigIntColumn(name="new_sourceversion"),
            DecimalColumn(name="new_discount", precision=2),
            DoubleColumn(name="new_score", precision=5),
            MoneyColumn(name="new_amountpaid", precision=2),
            BooleanColumn(name="new_ismember"),
            DateTimeColumn(name="new_registeredon"),
            DateTimeColumn(name="new_eventday", behavior=Behavior.DATE_ONLY, shows_time=False),
            DateTimeColumn(name="new_doorsopen", behavior=Behavior.TIME_ZONE_INDEPENDENT),
            ChoiceColumn(
                name="new_registrationstatus",
                display="Registration Status",
                options=_REGISTRATION_STATUS,
                global_set="new_registrationstatuses",
            ),
            MultiChoiceColumn(name="new_interests", options=_INTERESTS),
            GuidColumn(name="new_batchid"),
            LookupColumn(name="new_contact", targets={"contact": "new_Contact"}),
            StatusColumn(
                options=(
                    Option(1, "New", 0),
                    Option(100000001, "Processed", 0),
                    Option(2, "Withdrawn", 1),
                )
            ),
        ),
    )


def _contact() -> Table:
    return Table(
        name="contact",
        entity_set="contacts",
        display="Contact",
        primary_name="fullname",
        bulk=False,
        keys=(Key("new_cventcontact", ("new_cventcontactid",)),),
        duplicate_rules=(("emailaddress1",),),
        columns=(
            StringColumn(name="fullname", max_length=160, create=False, update=False),
            StringColumn(name="new_cventcontactid", max_length=36),
            StringColumn(name="firstname", max_length=50, required=Required.RECOMMENDED),
            StringColumn(name="lastname", max_length=50, required=Required.APPLICATION),
            StringColumn(name="emailaddress1", max_length=100),
            StringColumn(name="telephone1", max_length=50),
            StringColumn(name="jobtitle", max_length=100),
            MemoColumn(name="description", max_length=2000),
            DateTimeColumn(name="birthdate", behavior=Behavior.DATE_ONLY, shows_time=False),
            IntegerColumn(name="numberofchildren", minimum=0, maximum=1_000_000_000),
            MoneyColumn(name="creditlimit"),
            BooleanColumn(name="donotemail"),
            LookupColumn(
                name="parentcustomerid",
                targets={
                    "account": "parentcustomerid_account",
                    "contact": "parentcustomerid_contact",
                },
            ),
        ),
    )


def _event_registration() -> Table:
    return Table(
        name="new_eventregistration",
        entity_set="new_eventregistrations",
        schema_name="new_EventRegistration",
        display="Event Registration",
        primary_name="new_name",
        keys=(Key("new_inviteeevent", ("new_inviteeid", "new_eventid")),),
        columns=(
            StringColumn(name="new_name", display="Name", max_length=100),
            StringColumn(name="new_inviteeid", max_length=36, required=Required.SYSTEM),
            StringColumn(name="new_eventid", max_length=36, required=Required.SYSTEM),
            StringColumn(name="new_confirmation", max_length=20),
            ChoiceColumn(
                name="new_registrationstatus",
                options=_REGISTRATION_STATUS,
                global_set="new_registrationstatuses",
            ),
            MoneyColumn(name="new_amountpaid"),
            DateTimeColumn(name="new_registeredon"),
            LookupColumn(name="new_contact", targets={"contact": "new_Contact"}),
        ),
    )


def _account() -> Table:
    return Table(
        name="account",
        entity_set="accounts",
        display="Account",
        primary_name="name",
        bulk=False,
        keys=(Key("new_accountnumber", ("accountnumber",)),),
        columns=(
            StringColumn(name="name", max_length=160, required=Required.APPLICATION),
            StringColumn(name="accountnumber", max_length=20),
        ),
    )
