"""Compose and Kubernetes: what is declared there exists, agrees, and may do no more than it must."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from trc_pipelines.cli.main import app
from trc_pipelines.settings import LAUNCHERS, PROJECT_ROOT, VERSION, Settings

DEPLOY = PROJECT_ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
# The oldest that is looked at, and the newest there is a schema of.
VERSIONS = ("1.30", "1.36")
OVERLAYS = [path.parent for path in sorted(KUBERNETES.glob("*/kustomization.yaml"))]
MANIFESTS = [
    path for path in sorted(KUBERNETES.rglob("*.yaml")) if path.name != "kustomization.yaml"
]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
NAMES = {name.upper() for name in Settings.model_fields}
# Of libraries, and Dagster's own.
OTHER_NAMES = re.compile(r"AWS_|DAGSTER_")


def read(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


ALL = [document for path in MANIFESTS for document in read(path)]


def find_pods(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What pods are made of, in Deployments and Jobs."""
    yield from (
        each["spec"]["template"]["spec"] for each in documents if "template" in each.get("spec", {})
    )


PODS = list(find_pods(ALL))
CONTAINERS = [container for pod in PODS for container in pod["containers"]]
OURS = [service for service in COMPOSE["services"].values() if "trc:" in service["image"]]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: f"{path.parent.name}/{path.name}")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_cluster_knows_every_field(path: Path, version: str) -> None:
    schemas = pytest.importorskip("kubernetes_validate", reason="make manifests installs it")
    for document in read(path):
        schemas.validate(document, version, strict=True)


def test_a_misspelt_field_is_found() -> None:
    schemas = pytest.importorskip("kubernetes_validate", reason="make manifests installs it")
    document = read(KUBERNETES / "celery" / "worker.yaml")[0]
    document["spec"]["replica"] = 2
    with pytest.raises(schemas.ValidationError):
        schemas.validate(document, VERSIONS[0], strict=True)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed here")
@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
def test_an_overlay_is_built_with_the_image_of_this_version(overlay: Path) -> None:
    built = subprocess.run(
        ["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, check=True
    )
    pods = list(find_pods(list(yaml.safe_load_all(built.stdout))))
    assert pods
    assert {c["image"] for pod in pods for c in pod["containers"]} == {f"trc:{VERSION}"}


def test_every_manifest_is_in_a_kustomization() -> None:
    named = {
        (overlay / name).resolve()
        for overlay in OVERLAYS
        for name in read(overlay / "kustomization.yaml")[0]["resources"]
    }
    assert set(MANIFESTS) <= named
    assert all(path.exists() for path in named)


def test_a_run_in_a_job_has_what_the_manifests_make_and_may_do_no_more() -> None:
    launcher = yaml.safe_load((LAUNCHERS / "kubernetes.yaml").read_text())["run_launcher"]["config"]
    names = {(each["kind"], each["metadata"]["name"]) for each in ALL}
    assert ("ServiceAccount", launcher["service_account_name"]) in names
    assert {("ConfigMap", name) for name in launcher["env_config_maps"]} <= names
    assert {("Secret", name) for name in launcher["env_secrets"]} <= names
    run = launcher["run_k8s_config"]
    assert run["pod_spec_config"]["automount_service_account_token"] is False
    assert run["pod_spec_config"]["security_context"]["run_as_non_root"] is True
    assert run["container_config"]["security_context"] == {
        "allow_privilege_escalation": False,
        "read_only_root_filesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    patched = (KUBERNETES / "jobs" / "kustomization.yaml").read_text()
    given = {
        value["env"] for value in launcher.values() if isinstance(value, dict) and "env" in value
    }
    assert given
    assert {name for name in given if f"/data/{name}," not in patched} == set()


def test_what_is_referred_to_is_there() -> None:
    names = {(each["kind"], each["metadata"]["name"]) for each in ALL}
    for pod in PODS:
        assert ("ServiceAccount", pod["serviceAccountName"]) in names
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
            for source in container["envFrom"]:
                [(kind, reference)] = source.items()
                kind = {"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind]
                assert (kind, reference["name"]) in names


def test_every_setting_is_one() -> None:
    given = {
        name for each in ALL for name in (each.get("data") or {}) | (each.get("stringData") or {})
    }
    given |= {name for service in OURS for name in service["environment"]}
    assert {name for name in given if not OTHER_NAMES.match(name)} <= NAMES


def test_secrets_stand_in_the_secret_and_nowhere_else() -> None:
    secret = {name.upper() for name, field in Settings.model_fields.items() if not field.repr}
    for each in ALL:
        if each["kind"] == "ConfigMap":
            assert not each["data"].keys() & secret


def test_no_pod_may_do_more_than_it_must() -> None:
    for pod in PODS:
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in CONTAINERS:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]


def test_no_container_of_ours_may_do_more_than_it_must() -> None:
    assert len(OURS) == 4
    for service in OURS:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not service.get("privileged")


def test_the_ui_is_published_on_loopback_and_nothing_else_is() -> None:
    published = [
        port for service in COMPOSE["services"].values() for port in service.get("ports", ())
    ]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert not [each for each in ALL if each["kind"] in ("Service", "Ingress")]


def test_every_command_exists() -> None:
    group: Any = typer.main.get_command(app)
    probes = [
        probe["exec"]["command"]
        for container in CONTAINERS
        for name, probe in container.items()
        if name.endswith("Probe")
    ]
    probes += [
        service["healthcheck"]["test"][1:]
        for service in OURS
        if "test" in service.get("healthcheck", {})
    ]
    commands = [each["command"] for each in [*CONTAINERS, *OURS]] + probes
    assert len(commands) > 10
    for words in commands:
        assert words[0] == "trc"
        command, context = group, typer.Context(group)
        for word in words[1:]:
            if word.startswith("--"):
                assert word in {option for one in command.params for option in one.opts}, words
            else:
                command = command.get_command(context, word)
                assert command is not None, words


def test_two_controls_are_never_started_at_once() -> None:
    for each in ALL:
        if each["metadata"]["name"] == "trc-control":
            assert each["spec"]["replicas"] == 1
            assert each["spec"]["strategy"] == {"type": "Recreate"}
