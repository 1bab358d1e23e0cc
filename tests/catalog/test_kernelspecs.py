from __future__ import annotations

from typing import Any

import pytest

from eg_ext.catalog import CatalogError, Kernelspec

from .samples import kernel_json


def problems(content: dict[str, Any]) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        Kernelspec.from_kernel_json("python", content)
    return [str(each) for each in caught.value.problems]


def test_a_kernel_json_is_read() -> None:
    content = kernel_json(interrupt="SIGUSR2", kernel={"tty": True}, pod={"priority": 1})
    content["env"] = {"A": "1"}
    assert Kernelspec.from_kernel_json("python", content) == Kernelspec(
        name="python",
        display_name="Python 3",
        language="python",
        argv=("python", "-m", "ipykernel_launcher", "-f", "{connection_file}"),
        image="eg-ext/kernel-python:dev",
        env={"A": "1"},
        interrupt="SIGUSR2",
        kernel={"tty": True},
        pod={"priority": 1},
    )


def test_only_argv_and_an_image_are_needed() -> None:
    content = {
        "argv": ["x", "{connection_file}"],
        "metadata": {"process_proxy": {"config": {"image_name": "x"}}},
    }
    spec = Kernelspec.from_kernel_json("x", content)
    assert (spec.display_name, spec.language, spec.interrupt) == ("x", "", "SIGINT")


def test_what_the_gateway_adds_to_the_configuration_is_known() -> None:
    config = {"profile": "gpu", "kernelspec": "python", "catalog": "c", "authorized_users": ["a"]}
    Kernelspec.from_kernel_json("python", kernel_json(**config))


def test_a_connection_file_inside_of_an_argument_counts() -> None:
    content = {**kernel_json(), "argv": ["x", "--file={connection_file}"]}
    assert Kernelspec.from_kernel_json("x", content).argv[1] == "--file={connection_file}"


def test_all_that_is_wrong_is_said_at_once() -> None:
    content = kernel_json(imagename="x", image_name="", kernel={"command": []}, pod=[])
    content["argv"] = ["python"]
    content["env"] = {"A": 1}
    found = problems(content)
    assert len(found) == 6
    assert all(each.startswith("kernelspec python: ") for each in found)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["python"], "argv: {connection_file} is missing"),
        ([], "argv: expected a list of texts"),
        (None, "argv: expected a list of texts"),
        ("python {connection_file}", "argv: expected a list of texts"),
        (["{resource_dir}/run", "{connection_file}"], "argv[0]: {resource_dir} is a directory of"),
        (["x", "{connection_file}", "{public_key}"], "argv[2]: {public_key} has no meaning"),
    ],
)
def test_an_argv_that_cannot_run_in_a_pod_is_refused(argv: Any, words: str) -> None:
    (problem,) = problems({**kernel_json(), "argv": argv})
    assert words in problem


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"image_name": None}, "config.image_name: is missing"),
        ({"interrupt": "SIGINTT"}, "Did you mean 'SIGINT'?"),
        ({"interrupt": "SIGKILL"}, "'SIGKILL' is neither a signal's name nor 'message'"),
        ({"interrupt": 2}, "2 is neither a signal's name nor 'message'"),
        ({"kernel": {"nodeSelector": {}}}, "config.kernel.nodeSelector: Container has no field"),
        ({"pod": {"nodeSelectors": {}}}, "Did you mean 'nodeSelector'?"),
        ({"kernel": "x"}, "config.kernel: expected a mapping, got the text 'x'"),
        ({"imagename": "x"}, "Did you mean 'image_name'?"),
    ],
)
def test_a_wrong_configuration_is_refused(config: dict[str, Any], words: str) -> None:
    (problem,) = problems(kernel_json(**config))
    assert words in problem


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"A": 1}, "env.A: expected text, got the number 1. Put it into quotes."),
        ({"KERNEL_ID": "x"}, "env.KERNEL_ID: is set by eg-ext itself"),
        ({"PATH": "${HOME}/bin"}, "env.PATH: ${…} would be taken from the gateway's environment"),
        (["A=1"], "env: expected a mapping, got a list"),
    ],
)
def test_a_wrong_environment_is_refused(env: Any, words: str) -> None:
    (problem,) = problems({**kernel_json(), "env": env})
    assert words in problem


@pytest.mark.parametrize("interrupt", ["message", "SIGINT", "SIGUSR2"])
def test_interrupts_are_a_signal_or_a_message(interrupt: str) -> None:
    spec = Kernelspec.from_kernel_json("python", kernel_json(interrupt=interrupt))
    assert spec.interrupt == interrupt


def test_a_kernelspec_does_not_change_with_what_it_was_read_from() -> None:
    content = kernel_json(kernel={"env": [{"name": "A", "value": "1"}]})
    spec = Kernelspec.from_kernel_json("python", content)
    content["metadata"]["process_proxy"]["config"]["kernel"]["env"][0]["value"] = "2"
    assert spec.kernel["env"][0]["value"] == "1"
