"""A strict simulator of the Dataverse Web API, for tests, benchmarks and trying out."""

from regbridge_dynamics.simulator.calls import Calls
from regbridge_dynamics.simulator.choices import (
    BooleanColumn,
    ChoiceColumn,
    MultiChoiceColumn,
    Option,
    StateColumn,
    StatusColumn,
)
from regbridge_dynamics.simulator.columns import (
    BigIntColumn,
    Column,
    DecimalColumn,
    DoubleColumn,
    GuidColumn,
    IntegerColumn,
    MemoColumn,
    MoneyColumn,
    Required,
    StringColumn,
)
from regbridge_dynamics.simulator.dataverse import TENANT, DataverseSimulator
from regbridge_dynamics.simulator.dates import Behavior, DateTimeColumn
from regbridge_dynamics.simulator.errors import ApiError
from regbridge_dynamics.simulator.faults import Fault, Faults
from regbridge_dynamics.simulator.lookups import LookupColumn
from regbridge_dynamics.simulator.patterns import registration_schema
from regbridge_dynamics.simulator.plain import PlainAdapter, plain_session
from regbridge_dynamics.simulator.schema import Key, KeyStatus, Schema, Table
from regbridge_dynamics.simulator.throttle import Limit, Limits
from regbridge_dynamics.simulator.tokens import Application
from regbridge_dynamics.simulator.web_api import Latency

__all__ = [
    "TENANT",
    "ApiError",
    "Application",
    "Behavior",
    "BigIntColumn",
    "BooleanColumn",
    "Calls",
    "ChoiceColumn",
    "Column",
    "DataverseSimulator",
    "DateTimeColumn",
    "DecimalColumn",
    "DoubleColumn",
    "Fault",
    "Faults",
    "GuidColumn",
    "IntegerColumn",
    "Key",
    "KeyStatus",
    "Latency",
    "Limit",
    "Limits",
    "LookupColumn",
    "MemoColumn",
    "MoneyColumn",
    "MultiChoiceColumn",
    "Option",
    "PlainAdapter",
    "Required",
    "Schema",
    "StateColumn",
    "StatusColumn",
    "StringColumn",
    "Table",
    "plain_session",
    "registration_schema",
]
