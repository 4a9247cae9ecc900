"""The files for Linux: a hardened systemd unit, and a site for nginx, which terminates TLS."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from regbridge.deploy.answers import FILE, NginxAnswers, to_remember
from regbridge.deploy.fitting import DEFAULT_IDENTITY, is_loopback, require_fit, upstream_address
from regbridge.deploy.needs import Needs
from regbridge.deploy.places import Places, is_hidden, ledger_there
from regbridge.deploy.plan import Document, Plan
from regbridge.deploy.rendering import render
from regbridge.deploy.variables import kept_variables
from regbridge.errors import ConfigError
from regbridge.models import Finding, Level
from regbridge.web.body import too_large_text
from regbridge.web.errors import problem

_INSIDE = ("/api", "/console", "/health", "/metrics")
_STATE = PurePosixPath("/var/lib")
_AWAY = "regbridge does not answer; send the message again later."


def plan_systemd(needs: Needs, places: Places, site: NginxAnswers, folder: Path) -> Plan:
    """Return the files for a folder, which keep what is known there. Raises `ConfigError`."""
    require_fit(needs, upstream_address(needs))
    if needs.port == 0:
        remedy = "set it, so that nginx knows where to find the service"
        where = f"{needs.folder / 'base.yaml'}: host.port"
        raise ConfigError.of("the port is another one at each start", remedy, where)
    for path in site.writable:
        if is_hidden(path) or not PurePosixPath(path).is_absolute():
            remedy = "give --writable another one, with its whole path"
            raise ConfigError.of(f"the service cannot write to {path}", remedy)
    values = _unit(needs, places, site, folder) | _nginx(needs, site)
    name = site.name
    documents = {
        f"{name}.service": Document(render("systemd/regbridge.service", values)),
        f"{name}.env": Document(render("systemd/regbridge.env", values), private=True),
        "nginx.conf": Document(render("systemd/nginx.conf", values)),
        "install.sh": Document(render("systemd/install.sh", values), runs=True),
        "uninstall.sh": Document(render("systemd/uninstall.sh", values), runs=True),
        "regbridge": Document(render("systemd/regbridge.sh", values), runs=True),
        FILE: to_remember(site),
    }
    return Plan(documents, _notices(needs), _steps(folder, places, site))


def _unit(needs: Needs, places: Places, site: NginxAnswers, folder: Path) -> dict[str, object]:
    state = _STATE / site.name
    ledger = ledger_there(needs, PurePosixPath(places.configs))
    folders = [places.configs, *([str(PurePosixPath(ledger).parent)] if ledger else [])]
    written = [*dict.fromkeys(folders), *site.writable]
    return {
        "name": site.name,
        "program": places.program,
        "configs": places.configs,
        "state": site.name if PurePosixPath(places.configs).is_relative_to(state) else "",
        "writable": [path for path in written if not PurePosixPath(path).is_relative_to(state)],
        "environment_file": environment_file(site),
        "variables": kept_variables(folder / f"{site.name}.env", needs.variables),
        "ledger": ledger,
    }


def _nginx(needs: Needs, site: NginxAnswers) -> dict[str, object]:
    address = upstream_address(needs)
    host = f"[{address}]" if ":" in address else address
    header = needs.identity_header or DEFAULT_IDENTITY
    return {
        "server_name": site.server_name,
        "port": site.port,
        "ipv6": site.ipv6,
        "certificate": _certificate(site),
        "key": _key(site),
        "body_limit": needs.body_limit,
        "upstream": f"http://{host}:{needs.port}",
        "paths": needs.paths,
        "inside": [str(network) for network in site.inside],
        "inside_paths": _INSIDE if site.inside else (),
        "identity_header": header,
        "has_identity": needs.identity_header is not None,
        "removed_headers": [h for h in (DEFAULT_IDENTITY,) if h.lower() != header.lower()],
        "people": people_file(site),
        "too_large": problem(413, too_large_text(needs.body_limit)).decode(),
        "away": problem(503, _AWAY).decode(),
    }


def _certificate(site: NginxAnswers) -> str:
    """Return the certificate with its chain; where certbot puts it unless it was said."""
    return site.certificate or f"/etc/letsencrypt/live/{site.server_name}/fullchain.pem"


def _key(site: NginxAnswers) -> str:
    return site.key or f"/etc/letsencrypt/live/{site.server_name}/privkey.pem"


def environment_file(site: NginxAnswers) -> str:
    """Return where the service's variables are, on the machine."""
    return f"/etc/regbridge/{site.name}.env"


def people_file(site: NginxAnswers) -> str:
    """Return where nginx looks up who may log in, if the console takes its word for it."""
    return f"/etc/nginx/{site.name}.htpasswd"


def _notices(needs: Needs) -> tuple[Finding, ...]:
    if is_loopback(needs.address):
        return ()
    message = "others than nginx reach the service, without TLS"
    where = f"{needs.folder / 'base.yaml'}: host.address"
    return (Finding(Level.WARNING, message, where=where, remedy="write `address: 127.0.0.1`"),)


def _steps(folder: Path, places: Places, site: NginxAnswers) -> tuple[str, ...]:
    return (
        f"Put the certificate where nginx looks for it: {_certificate(site)} and {_key(site)}",
        f"sudo sh {folder / 'install.sh'}",
        f"Enter the secrets: sudo {places.program} deploy secrets {environment_file(site)}",
        f"Then start it again: sudo systemctl restart {site.name}",
        f"Look whether all is well: sudo {site.name} check --online",
    )
