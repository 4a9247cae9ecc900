"""Writes the WSDL of the simulated service, with all four bindings."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from regbridge_protech.simulator.contract import NAMESPACE, OPERATION, Contract

SERVICE = "apapws"

_SOAP = {"soap": f"{SERVICE}Soap", "soap12": f"{SERVICE}Soap12"}
_HTTP = {"GET": f"{SERVICE}HttpGet", "POST": f"{SERVICE}HttpPost"}


def write_wsdl(contract: Contract, address: str) -> bytes:
    """Return the WSDL of the service at an address (reference/protech-service.md, section 1.3)."""
    parts = (
        '<?xml version="1.0" encoding="utf-8"?>',
        '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
        ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
        ' xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"'
        ' xmlns:http="http://schemas.xmlsoap.org/wsdl/http/"'
        ' xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/"'
        ' xmlns:s="http://www.w3.org/2001/XMLSchema"'
        f' xmlns:tns="{NAMESPACE}" targetNamespace="{NAMESPACE}">',
        f"<wsdl:types>{contract.schema}</wsdl:types>",
        *_messages(contract),
        _port_type(_SOAP["soap"], "Soap"),
        *(_port_type(port, f"Http{verb.capitalize()}") for verb, port in _HTTP.items()),
        *(_soap_binding(prefix, port) for prefix, port in _SOAP.items()),
        *(_http_binding(verb, port) for verb, port in _HTTP.items()),
        _service(address),
        "</wsdl:definitions>",
    )
    return "\n".join(parts).encode()


def _messages(contract: Contract) -> list[str]:
    fields = "".join(f'<wsdl:part name="{name}" type="s:string"/>' for name in contract.names)
    call, answer = (
        f'<wsdl:part name="parameters" element="tns:{OPERATION}{suffix}"/>'
        for suffix in ("", "Response")
    )
    result = '<wsdl:part name="Body" element="tns:string"/>'
    parts = {"SoapIn": call, "SoapOut": answer}
    for verb in ("Get", "Post"):
        parts |= {f"Http{verb}In": fields, f"Http{verb}Out": result}
    return [
        f'<wsdl:message name="{OPERATION}{suffix}">{part}</wsdl:message>'
        for suffix, part in parts.items()
    ]


def _port_type(name: str, kind: str) -> str:
    message = f"tns:{OPERATION}{kind}"
    return (
        f'<wsdl:portType name="{name}"><wsdl:operation name="{OPERATION}">'
        f'<wsdl:input message="{message}In"/><wsdl:output message="{message}Out"/>'
        "</wsdl:operation></wsdl:portType>"
    )


def _soap_binding(prefix: str, name: str) -> str:
    body = f'<{prefix}:body use="literal"/>'
    return (
        f'<wsdl:binding name="{name}" type="tns:{_SOAP["soap"]}">'
        f'<{prefix}:binding transport="http://schemas.xmlsoap.org/soap/http"/>'
        f'<wsdl:operation name="{OPERATION}">'
        f'<{prefix}:operation soapAction="{NAMESPACE}{OPERATION}" style="document"/>'
        f"<wsdl:input>{body}</wsdl:input><wsdl:output>{body}</wsdl:output>"
        "</wsdl:operation></wsdl:binding>"
    )


def _http_binding(verb: str, name: str) -> str:
    if verb == "GET":
        content = "<http:urlEncoded/>"
    else:
        content = '<mime:content type="application/x-www-form-urlencoded"/>'
    return (
        f'<wsdl:binding name="{name}" type="tns:{name}"><http:binding verb="{verb}"/>'
        f'<wsdl:operation name="{OPERATION}"><http:operation location="/{OPERATION}"/>'
        f"<wsdl:input>{content}</wsdl:input>"
        '<wsdl:output><mime:mimeXml part="Body"/></wsdl:output></wsdl:operation></wsdl:binding>'
    )


def _service(address: str) -> str:
    ports = {**{port: prefix for prefix, port in _SOAP.items()}}
    ports |= dict.fromkeys(_HTTP.values(), "http")
    location = quoteattr(address)
    listed = "".join(
        f'<wsdl:port name="{port}" binding="tns:{port}">'
        f"<{prefix}:address location={location}/></wsdl:port>"
        for port, prefix in ports.items()
    )
    return f'<wsdl:service name="{SERVICE}">{listed}</wsdl:service>'
