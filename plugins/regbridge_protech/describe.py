"""Writes the settings of one operation of a WSDL as YAML that is ready to paste."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import yaml

from regbridge import ConfigError, did_you_mean
from regbridge_protech.operation import Binding, Operation, Parameter
from regbridge_protech.wsdl import Port, Service, read_wsdl

T = TypeVar("T")

_PLAIN_HTTP = "# allow_http: true  # without it plain http is refused; an https address is better"
_SUCCESS = "success: guid  # or {regex: ...}, or {json: path, equals: value, id: path}"


def describe(
    document: bytes, operation: str = "", binding: Binding | None = None, service: str = ""
) -> str:
    """Return the `use:` and `settings:` lines of a target that calls one operation.

    Each of the three names may be left out where the WSDL leaves one choice; without a binding it
    is the first of SOAP 1.1, SOAP 1.2 and form that the service offers.

    Raises `ConfigError`, which names the choices, when there are several; which says why, when the
    operation cannot be called; and when the WSDL cannot be read.
    """
    services = {each.name: each for each in read_wsdl(document)}
    ports = _ports(_chosen("service", services, service))
    port = _chosen("binding", ports, binding.value if binding else next(iter(ports), ""))
    spoken = Binding(port.kind)
    found = _callable(port, operation)
    if spoken == Binding.FORM:
        found = replace(found, parameters=_typed(found, ports))
    return _block(port.address, spoken, found)


def _ports(service: Service) -> Mapping[str, Port]:
    """Return the first port of each binding, in the order of `Binding`."""
    ports: dict[str, Port] = {}
    for binding in Binding:
        for port in service.ports:
            if port.kind == binding.value:
                ports.setdefault(binding.value, port)
    return ports


def _chosen(what: str, choices: Mapping[str, T], name: str) -> T:
    if name in choices:
        return choices[name]
    if not name and len(choices) == 1:
        return next(iter(choices.values()))
    if not choices:
        raise ConfigError.of(f"the WSDL has no {what} that can be called", "")
    if name:
        raise ConfigError.of(f"the WSDL has no {what} {name!r}", did_you_mean(name, choices))
    raise ConfigError.of(f"the WSDL has more than one {what}", f"name one of {', '.join(choices)}")


def _callable(port: Port, name: str) -> Operation:
    """Return the operation of a name, or the only one that can be called."""
    offered = {each.operation.name: each for each in port.operations}
    possible = {key: each for key, each in offered.items() if not each.problem}
    found = _chosen("operation", offered if name or not possible else possible, name)
    if found.problem:
        raise ConfigError.of(f"{found.operation.name} cannot be called: {found.problem}", "")
    return found.operation


def _typed(operation: Operation, ports: Mapping[str, Port]) -> tuple[Parameter, ...]:
    """Return a form's parameters with the types that SOAP tells: the form's are all strings."""
    for binding in (Binding.SOAP11, Binding.SOAP12):
        for each in ports[binding].operations if binding in ports else ():
            if each.operation.name == operation.name and not each.problem:
                return each.operation.parameters
    return operation.parameters


def _block(url: str, binding: Binding, operation: Operation) -> str:
    usual = Operation(operation.namespace, operation.name, operation.parameters)
    head = {"url": url, "binding": binding.value, "namespace": operation.namespace}
    head["operation"] = operation.name
    if operation.soap_action != usual.soap_action:
        head["action"] = operation.soap_action
    tail = {}
    if operation.result_name != usual.result_name:
        tail["result"] = operation.result_name
    parameters = "".join(f"  - {_yaml(_written(each), flow=True)}" for each in operation.parameters)
    lines = f"{_yaml(head)}parameters:\n{parameters}{_yaml(tail) if tail else ''}{_SUCCESS}\n"
    note = f"{_PLAIN_HTTP}\n" if url.lower().startswith("http:") else ""
    return "use: protech\nsettings:\n" + textwrap.indent(note + lines, "  ")


def _written(parameter: Parameter) -> dict[str, Any]:
    written: dict[str, Any] = {"name": parameter.name, "type": parameter.type.value}
    if parameter.required:
        written["required"] = True
    if parameter.nillable:
        written["nillable"] = True
    return written


def _yaml(values: Mapping[str, Any], flow: bool = False) -> str:
    """Return a mapping as lines of YAML, which are never folded."""
    return yaml.safe_dump(
        dict(values),
        sort_keys=False,
        allow_unicode=True,
        width=sys.maxsize,
        default_flow_style=flow,
    )
