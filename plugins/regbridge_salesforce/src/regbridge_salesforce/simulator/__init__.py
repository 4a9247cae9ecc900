"""A Salesforce org such as an association has, for tests and demonstrations."""

from regbridge_salesforce.simulator.errors import ApiError, RecordError
from regbridge_salesforce.simulator.faults import Fault
from regbridge_salesforce.simulator.logins import App
from regbridge_salesforce.simulator.org import SalesforceSimulator
from regbridge_salesforce.simulator.schema import FieldType, ObjectType, registration_schema

__all__ = [
    "ApiError",
    "App",
    "Fault",
    "FieldType",
    "ObjectType",
    "RecordError",
    "SalesforceSimulator",
    "registration_schema",
]
