"""Where the gateway is: the environment, and what goes before it."""

from __future__ import annotations

import pytest

from eg_ext.jobs.errors import GatewayError
from eg_ext.jobs.settings import GatewaySettings

URL = {"JUPYTER_GATEWAY_URL": "https://Host.example/Some/Prefix/"}


def test_the_url_alone_is_enough() -> None:
    settings = GatewaySettings.from_environ(URL)
    assert settings.url == "https://Host.example/Some/Prefix"
    assert settings.ws_url == "wss://Host.example/Some/Prefix"
    assert settings.headers == {}
    assert settings.validate_cert
    assert settings.start_timeout == 300


def test_the_token_is_sent_as_the_scheme_says() -> None:
    environ = {**URL, "JUPYTER_GATEWAY_AUTH_TOKEN": "abc"}
    assert GatewaySettings.from_environ(environ).headers == {"Authorization": "token abc"}
    environ["JUPYTER_GATEWAY_AUTH_SCHEME"] = "Bearer"
    assert GatewaySettings.from_environ(environ).headers == {"Authorization": "Bearer abc"}
    environ |= {"JUPYTER_GATEWAY_AUTH_SCHEME": "", "JUPYTER_GATEWAY_AUTH_HEADER_KEY": "X-Token"}
    assert GatewaySettings.from_environ(environ).headers == {"X-Token": "abc"}


def test_the_token_is_not_printed() -> None:
    environ = {**URL, "JUPYTER_GATEWAY_AUTH_TOKEN": "very-secret"}
    assert "very-secret" not in repr(GatewaySettings.from_environ(environ))


def test_further_headers_are_sent_too() -> None:
    environ = {**URL, "JUPYTER_GATEWAY_HEADERS": '{"X-Team": "blue"}'}
    settings = GatewaySettings.from_environ(environ, token="abc")
    assert settings.headers == {"X-Team": "blue", "Authorization": "token abc"}


def test_arguments_go_before_the_environment() -> None:
    environ = {
        **URL,
        "JUPYTER_GATEWAY_AUTH_TOKEN": "abc",
        "JUPYTER_GATEWAY_REQUEST_TIMEOUT": "42",
        "KERNEL_USERNAME": "alice",
    }
    settings = GatewaySettings.from_environ(
        environ,
        url="http://other:1",
        token="xyz",
        start_timeout=7,
        reconnect_timeout=0,
        kernel_env={"KERNEL_USERNAME": "bob"},
    )
    assert settings.url == "http://other:1"
    assert settings.ws_url == "ws://other:1"
    assert settings.headers["Authorization"] == "token xyz"
    assert (settings.start_timeout, settings.reconnect_timeout) == (7, 0)
    assert settings.kernel_env == {"KERNEL_USERNAME": "bob"}
    assert GatewaySettings.from_environ(environ).start_timeout == 42


def test_the_kernel_gets_what_jupyters_own_client_sends() -> None:
    environ = {
        **URL,
        "KERNEL_USERNAME": "alice",
        "KERNEL_MEMORY": "4Gi",
        "HOME": "/home/alice",
        "TEAM": "blue",
        "JUPYTER_GATEWAY_ALLOWED_ENVS": "TEAM, MISSING",
    }
    assert GatewaySettings.from_environ(environ).kernel_env == {
        "KERNEL_USERNAME": "alice",
        "KERNEL_MEMORY": "4Gi",
        "TEAM": "blue",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JUPYTER_GATEWAY_URL", ""),
        ("JUPYTER_GATEWAY_URL", "gateway.example:8888"),
        ("JUPYTER_GATEWAY_HEADERS", "X-Team: blue"),
        ("JUPYTER_GATEWAY_HEADERS", '{"X-Team": 1}'),
        ("JUPYTER_GATEWAY_HEADERS", '["X-Team"]'),
        ("JUPYTER_GATEWAY_REQUEST_TIMEOUT", "soon"),
        ("JUPYTER_GATEWAY_REQUEST_TIMEOUT", "-1"),
        ("JUPYTER_GATEWAY_CONNECT_TIMEOUT", "inf"),
        ("JUPYTER_GATEWAY_VALIDATE_CERT", "perhaps"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(GatewayError, match=name):
        GatewaySettings.from_environ({**URL, name: value})
