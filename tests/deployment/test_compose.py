"""What the compose file says is valid, and what its containers run, runs: without docker."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from autodistill.client import Client
from autodistill.record import JobState
from autodistill.testing.tiny import tiny_dataset, tiny_encoder

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = [name for name in SERVICES if name != "postgres"]
SECRETS = {
    name: "s" * 32 for name in ("POSTGRES_PASSWORD", "AUTODISTILL_ROOT_TOKEN", "RAY_AUTH_TOKEN")
}
PATIENCE_S = 240


def _docker() -> list[str] | None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            found = subprocess.run([*command, "version"], capture_output=True, check=False)
            if found.returncode == 0:
                return command
    return None


@pytest.mark.skipif(_docker() is None, reason="there is no docker compose")
def test_docker_accepts_the_file() -> None:
    command = [*(_docker() or ()), "--file", str(ROOT / "docker-compose.yml"), "config"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | SECRETS
    )
    assert done.returncode == 0, done.stderr
    without = {k: v for k, v in os.environ.items() if k not in SECRETS}
    refused = subprocess.run(command, capture_output=True, text=True, check=False, env=without)
    assert refused.returncode != 0
    assert ".env" in refused.stderr


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_is_unprivileged_and_built_from_the_wheel(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    image = _dockerfile(service)
    assert re.search(r"^USER autodistill$", image, re.MULTILINE)
    assert "dist/*.whl" in image
    assert "privileged" not in service


def test_only_the_api_is_reached_from_outside_and_only_from_loopback() -> None:
    published = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}
    assert published == {"api": ["127.0.0.1:8000:8000"]}


def test_ray_asks_for_a_token_and_shows_no_dashboard() -> None:
    for name in ("ray", "ray-gpu", "worker"):
        assert SERVICES[name]["environment"]["RAY_AUTH_MODE"] == "token"
        assert "RAY_AUTH_TOKEN" in SERVICES[name]["environment"]
    assert "--include-dashboard=false" in SERVICES["ray"]["command"]


def test_everything_that_others_wait_for_is_health_checked() -> None:
    awaited = {n for s in SERVICES.values() for n in s.get("depends_on", {})}
    checked = {n for n, s in SERVICES.items() if "healthcheck" in s}
    checked |= {n for n in OURS if "HEALTHCHECK" in _dockerfile(SERVICES[n])}
    assert awaited <= checked


def _dockerfile(service: Mapping[str, Any]) -> str:
    return str((ROOT / service["build"]["dockerfile"]).read_text())


def _instruction(service: str, name: str) -> list[str]:
    """Return the command of a Dockerfile's instruction, as it runs outside of the container."""
    (found,) = re.findall(rf"^{name}\b.*?(\[.*\])$", _dockerfile(SERVICES[service]), re.MULTILINE)
    command: list[str] = json.loads(found)
    script = str(ROOT / "docker" / "worker.sh")
    return [part.replace("/usr/local/bin/autodistill-worker", script) for part in command]


def _environment(service: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return what a service is given, with variables and hosts replaced."""
    found = {}
    for name, value in SERVICES[service]["environment"].items():
        text = re.sub(r"\$\{(\w+)[^}]*\}", lambda m: values.get(m[1], "2"), str(value))
        found[name] = values.get(name, text)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return os.environ | found | {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[str]:
    """The services' own commands with their own environments, on loopback and SQLite."""
    scratch = Path(tempfile.mkdtemp(prefix="ray"))  # short: sockets lie there
    port, head = _free_port(), f"127.0.0.1:{_free_port()}"
    values = SECRETS | {
        "AUTODISTILL_DATABASE_URL": f"sqlite:///{tmp_path / 'data' / 'autodistill.db'}",
        "AUTODISTILL_DATA_ROOT": str(tmp_path / "data"),
        "AUTODISTILL_HOST": "127.0.0.1",
        "AUTODISTILL_RAY_ADDRESS": head,
        "AUTODISTILL_DRAIN_S": "0",
    }
    more = {
        "AUTODISTILL_PORT": str(port),
        "AUTODISTILL_TOKENS": "true",
        "AUTODISTILL_ALLOWED_ROOTS": str(tmp_path),
        "RAY_TMPDIR": str(scratch),
    }
    head_command = [
        re.sub(r"\$\{SLOTS[^}]*\}", "2", part).replace("6379", head.rpartition(":")[2])
        for part in SERVICES["ray"]["command"]
    ]
    local = [
        "--node-ip-address=127.0.0.1",
        f"--temp-dir={scratch}",
        "--object-store-memory=100000000",
    ]
    running: list[subprocess.Popen[bytes]] = []

    def start(service: str, command: list[str]) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{service}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                env=_environment(service, values) | more,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=tmp_path,
            )
        running.append(process)
        return process

    def probe() -> int:
        command = _instruction("api", "HEALTHCHECK")
        done = subprocess.run(command, env=_environment("api", values) | more, check=False)
        return done.returncode

    def ray_answers(**changes: str) -> bool:
        """Ask as the health check of Ray's head does."""
        _, *command = SERVICES["ray"]["healthcheck"]["test"]
        command = [part.replace("127.0.0.1:6379", head) for part in command]
        environment = _environment("ray", values) | more | changes
        done = subprocess.run(
            command, env=environment, check=False, capture_output=True, timeout=PATIENCE_S
        )
        return done.returncode == 0

    try:
        assert probe() == 1
        start("ray", [*head_command, *local])
        start("api", _instruction("api", "CMD"))
        _wait(lambda: probe() == 0, tmp_path)
        _wait(ray_answers, tmp_path)
        assert not ray_answers(RAY_AUTH_TOKEN="of somebody else")
        assert not ray_answers(RAY_AUTH_MODE="disabled")
        worker = start("worker", _instruction("worker", "CMD"))
        yield f"http://127.0.0.1:{port}"
        assert worker.poll() is None, (tmp_path / "worker.log").read_text()
    finally:
        for process in reversed(running):
            process.send_signal(signal.SIGTERM)
        for process in running:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
        for left in psutil.process_iter(["cmdline"]):  # raylets are nobody's children
            if any(str(scratch) in word for word in left.info["cmdline"] or ()):
                left.kill()
        shutil.rmtree(scratch, ignore_errors=True)


def _wait(until: Callable[[], bool], logs: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not until():
        if time.monotonic() > deadline:
            told = [p.read_text()[-3000:] for p in logs.glob("*.log")]
            pytest.fail("\n".join(told))
        time.sleep(0.3)


@pytest.mark.e2e
def test_what_the_containers_run_makes_a_job_succeed_on_a_ray_cluster(
    deployed: str, tmp_path: Path
) -> None:
    assert httpx.get(f"{deployed}/v1/jobs").status_code == 401
    tiny_dataset(tmp_path, num_train=64, num_held_out=16)
    encoder = tiny_encoder(tmp_path / "encoder", num_layers=2)
    with Client(deployed, token=SECRETS["AUTODISTILL_ROOT_TOKEN"]) as client:
        client.upload_dataset(tmp_path / "examples.parquet", name="tiny", split_column="split")
        client.register_model("tiny", {"kind": "directory", "path": str(encoder)})
        job = client.submit(
            {
                "dataset": "tiny",
                "teacher": {
                    "model": "tiny",
                    "preparation": {"kind": "fine_tuned", "training": {"num_epochs": 1}},
                },
                "students": [{"kind": "cut", "num_layers": 1}],
                "budget": {"num_trials": 2, "max_epochs": 1},
                "confirmation_seeds": 0,
            }
        )
        _wait(lambda: client.job(job.id).state.terminal, tmp_path)
        found = client.job(job.id)
    assert found.state is JobState.SUCCEEDED, found.message
    lines = (tmp_path / "api.log").read_text().splitlines()
    assert {json.loads(line)["service"] for line in lines} == {"api"}
    driver = (tmp_path / "data" / "logs" / f"{job.id}.log").read_text()
    assert "Traceback" not in driver
