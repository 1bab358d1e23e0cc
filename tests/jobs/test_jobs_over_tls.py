"""Jobs through a gateway behind https with a certificate of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import RunGateway
from .running import JobGateway, Jobs

pytestmark = pytest.mark.jobs


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=gateway"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder / "cert.pem"


@pytest.fixture(scope="module")
def gateway(certificate: Path, run_local_gateway: RunGateway) -> Iterator[JobGateway]:
    key = certificate.with_name("key.pem")
    options = (
        f"--EnterpriseGatewayApp.certfile={certificate}",
        f"--EnterpriseGatewayApp.keyfile={key}",
    )
    with run_local_gateway(*options, scheme="https") as gateway:
        yield gateway


def test_the_certificate_given_is_trusted(
    gateway: JobGateway, certificate: Path, jobs: Jobs
) -> None:
    environ = {"JUPYTER_GATEWAY_CA_CERTS": str(certificate)}
    code, job = jobs.run(gateway, "'safe'", environ=environ)
    assert code == 0, job.said
    assert job.result == "'safe'"


def test_another_certificate_is_not(gateway: JobGateway, jobs: Jobs) -> None:
    code, job = jobs.run(gateway, "1")
    assert code == 1
    assert "certificate verify failed" in job.said
    assert "Error: No gateway answers" in job.said


def test_checking_can_be_turned_off(gateway: JobGateway, jobs: Jobs) -> None:
    environ = {"JUPYTER_GATEWAY_VALIDATE_CERT": "no"}
    code, job = jobs.run(gateway, "1", environ=environ)
    assert code == 0, job.said


@pytest.fixture(scope="module")
def strict_gateway(certificate: Path, run_local_gateway: RunGateway) -> Iterator[JobGateway]:
    """A gateway that asks for a certificate of the client as well."""
    options = (
        f"--EnterpriseGatewayApp.certfile={certificate}",
        f"--EnterpriseGatewayApp.keyfile={certificate.with_name('key.pem')}",
        f"--EnterpriseGatewayApp.client_ca={certificate}",
    )
    with run_local_gateway(*options, scheme="https") as gateway:
        yield gateway


def test_a_client_certificate_is_shown(
    strict_gateway: JobGateway, certificate: Path, jobs: Jobs
) -> None:
    environ = {
        "JUPYTER_GATEWAY_CA_CERTS": str(certificate),
        "JUPYTER_GATEWAY_CLIENT_CERT": str(certificate),
        "JUPYTER_GATEWAY_CLIENT_KEY": str(certificate.with_name("key.pem")),
    }
    code, job = jobs.run(strict_gateway, "'known'", environ=environ)
    assert code == 0, job.said
    assert job.result == "'known'"


def test_no_client_certificate_is_one_sentence(
    strict_gateway: JobGateway, certificate: Path, jobs: Jobs
) -> None:
    environ = {"JUPYTER_GATEWAY_CA_CERTS": str(certificate)}
    code, job = jobs.run(strict_gateway, "1", environ=environ)
    assert code == 1
    assert "Error: No gateway answers" in job.said
    assert "Traceback" not in job.said
