"""Compares a target's settings with what its service says about itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from regbridge import ConfigError, Finding, Level, RegbridgeError, did_you_mean
from regbridge.http import Outbound
from regbridge_protech.operation import Binding, Operation
from regbridge_protech.settings import ServiceSettings
from regbridge_protech.wsdl import PortOperation, read_wsdl

_REMEDY = "run `regbridge protech describe` and compare its block with the settings"


def check_service(outbound: Outbound, settings: ServiceSettings) -> list[Finding]:
    """Return what is different, or that all is well; the operation itself is not called."""
    try:
        answer = outbound.send("GET", f"{settings.url}?WSDL")
    except RegbridgeError as error:
        remedy = "start the service, or correct url"
        return [Finding(Level.ERROR, f"the service cannot be reached: {error}", remedy=remedy)]
    if answer.status in (401, 403):
        message = f"the service does not let us in ({answer.status})"
        remedy = "let the service's administrator allow this machine"
        return [Finding(Level.ERROR, message, remedy=remedy)]
    if answer.status >= 500:
        message = f"the service cannot answer now ({answer.status})"
        remedy = "try again later, or let the service's administrator look at it"
        return [Finding(Level.ERROR, message, remedy=remedy)]
    try:
        offered = _offered(answer.body, settings.binding)
    except ConfigError:
        message = f"something answers at {settings.url} ({answer.status}), but shows no WSDL"
        remedy = "compare the settings with the service's documentation by hand"
        return [Finding(Level.WARNING, message, remedy=remedy)]
    found = offered.get(settings.operation)
    if found is None:
        message = f"the service has no operation {settings.operation!r} by {settings.binding}"
        remedy = did_you_mean(settings.operation, offered) or _REMEDY
        return [Finding(Level.ERROR, message, remedy=remedy)]
    return _compare(settings, found) or [
        Finding(Level.OK, f"the service has {settings.operation} with these parameters")
    ]


def _offered(document: bytes, binding: Binding) -> dict[str, PortOperation]:
    ports = (port for service in read_wsdl(document) for port in service.ports)
    return {
        each.operation.name: each
        for port in ports
        if port.kind == binding.value
        for each in port.operations
    }


def _compare(settings: ServiceSettings, found: PortOperation) -> list[Finding]:
    if found.problem:
        message = f"the operation {settings.operation} cannot be called: {found.problem}"
        return [Finding(Level.ERROR, message, remedy=_REMEDY)]
    ours = settings.described_operation()
    return [
        Finding(Level.ERROR, f"the settings differ from the WSDL: {difference}", remedy=_REMEDY)
        for difference in _differences(ours, found.operation, settings.binding)
    ]


def _differences(ours: Operation, theirs: Operation, binding: Binding) -> Iterator[str]:
    if ours.namespace != theirs.namespace:
        yield f"the namespace is {theirs.namespace}"
    known = {parameter.name: parameter for parameter in theirs.parameters}
    own = [parameter.name for parameter in ours.parameters]
    for name in own:
        if name not in known:
            yield f"it has no parameter {name!r}"
    for name, parameter in known.items():
        if name not in own and parameter.required:
            yield f"it requires the parameter {name}"
    if binding is Binding.FORM:  # a form has no order, and its types are all text
        return
    if ours.soap_action != theirs.soap_action:
        yield f"the action is {theirs.soap_action}"
    if ours.result_name != theirs.result_name:
        yield f"the result is {theirs.result_name}"
    if [name for name in known if name in own] != [name for name in own if name in known]:
        yield f"the order of the parameters is {', '.join(known)}"
    for parameter in ours.parameters:
        theirs_of = known.get(parameter.name, parameter)
        if replace(theirs_of, required=parameter.required) != parameter:
            yield f"{parameter.name} is an xs:{theirs_of.type}" + (
                ", nillable" if theirs_of.nillable else ""
            )
