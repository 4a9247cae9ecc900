"""Where alerts go: an e-mail by SMTP, a JSON message to a webhook."""

from __future__ import annotations

import json
import smtplib
import ssl
from email.message import EmailMessage

from regbridge.alerts.alert import Alert
from regbridge.alerts.watch import Channel
from regbridge.config.alerts import AlertsConfig, EmailConfig, Tls, WebhookConfig
from regbridge.errors import RetryableError
from regbridge.http import Outbound

SECONDS = 30.0


def channels(config: AlertsConfig) -> dict[str, Channel]:
    """Return the configured channels by name."""
    found: dict[str, Channel] = {}
    if config.email:
        email = config.email
        found["email"] = lambda alert: send_email(email, alert)
    if config.webhook:
        webhook = config.webhook
        found["webhook"] = lambda alert: post(webhook, alert)
    return found


def send_email(config: EmailConfig, alert: Alert) -> None:
    """Send an alert by SMTP; the server's certificate is verified."""
    message = EmailMessage()
    message["Subject"] = f"regbridge: {alert.subject}"
    message["From"] = config.sender
    message["To"] = ", ".join(config.to)
    message.set_content(alert.text)
    try:
        with _connect(config) as server:
            if config.username and config.password:
                server.login(config.username, config.password.get_secret_value())
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        # An SMTP error may quote the addresses.
        raise RetryableError(
            f"the mail server {config.host}:{config.port} did not take the alert "
            f"({type(error).__name__})"
        ) from None


def post(config: WebhookConfig, alert: Alert) -> None:
    """Post an alert as JSON; `text` is what chat services show."""
    url = config.url.get_secret_value()
    body = {
        "text": f"regbridge: {alert.subject}. {alert.text}",
        "subject": alert.subject,
        "cause": alert.cause,
    }
    outbound = Outbound("the alert webhook", url, answer_seconds=SECONDS, longest_seconds=SECONDS)
    try:
        answer = outbound.send(
            "POST", url, headers={"Content-Type": "application/json"}, body=json.dumps(body)
        )
    finally:
        outbound.close()
    if not 200 <= answer.status < 300:
        raise RetryableError(f"the alert webhook answered {answer.status}")


def _connect(config: EmailConfig) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if config.tls is Tls.TLS:
        return smtplib.SMTP_SSL(config.host, config.port, timeout=SECONDS, context=context)
    server = smtplib.SMTP(config.host, config.port, timeout=SECONDS)
    if config.tls is Tls.STARTTLS:
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server
