from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typing_extensions import override

from api import postman
from api.postman import MAX_ATTEMPTS, Postman, wait_s
from autodistill.webhooks import sign

LOOPBACK = ("127.0.0.0/8",)


@dataclass
class Receiver:
    """A server that answers as it is told, and keeps what it got."""

    answers: list[int] = field(default_factory=list)
    """The next ones; 204 after them."""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            found.got.append((dict(self.headers), self.rfile.read(length)))
            self.send_response(found.answers.pop(0) if found.answers else 204)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}/hooks"
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postman, "POLL_S", 3600.0)


@pytest.fixture
def told(
    open_world: Callable[..., Any], world: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Open the world again with webhooks to loopback, delivered by hand."""
    monkeypatch.setattr(postman, "FIRST_WAIT_S", 0.0)
    return lambda networks=LOOPBACK: open_world(world.root, webhook_networks=networks)


def _register(world: Any, url: str, **more: Any) -> Any:
    answer = world.post("/v1/webhooks", {"url": url, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def _end(world: Any, **changes: Any) -> str:
    job = world.submit(**changes)
    world.post(f"/v1/jobs/{job}/cancel")
    return str(job)


def _deliver(world: Any, times: int = 1) -> None:
    found = Postman(world.store, world.http.app.state.settings)
    for _ in range(times):
        found.deliver()


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the Standard Webhooks specification.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    found = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_end_of_a_job_is_told_signed_and_once(told: Any, receiver: Receiver) -> None:
    world = told()
    hook = _register(world, receiver.url)
    job = _end(world, name="mine")
    _deliver(world, 3)
    ((headers, body),) = receiver.got
    message = json.loads(body)
    assert message["type"] == "job.cancelled"
    assert message["data"] == {"job": job, "name": "mine", "project": "default", "message": ""}
    key = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    name, at = headers["Webhook-Id"], headers["Webhook-Timestamp"]
    digest = hmac.new(key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    assert headers["Webhook-Signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert abs(time.time() - int(at)) < 300
    (delivery,) = world.get(f"/v1/webhooks/{hook['id']}/deliveries").json()
    assert (delivery["state"], delivery["attempts"], delivery["id"]) == ("delivered", 1, name)


def test_a_receiver_that_fails_at_first_is_told_again(told: Any, receiver: Receiver) -> None:
    world = told()
    receiver.answers = [500, 302, 410]
    hook = _register(world, receiver.url)
    _end(world)
    _deliver(world)
    (delivery,) = world.get(f"/v1/webhooks/{hook['id']}/deliveries").json()
    assert (delivery["state"], delivery["error"]) == ("pending", "It answered 500.")
    _deliver(world, 5)
    assert len(receiver.got) == 4
    assert len({headers["Webhook-Id"] for headers, _ in receiver.got}) == 1
    (delivery,) = world.get(f"/v1/webhooks/{hook['id']}/deliveries").json()
    assert (delivery["state"], delivery["attempts"], delivery["error"]) == ("delivered", 4, "")


def test_waits_double_up_to_a_limit() -> None:
    waits = [wait_s(n) for n in range(1, MAX_ATTEMPTS + 1)]
    assert waits[:3] == [5.0, 10.0, 20.0]
    assert waits[-3:] == [6 * 3600.0, 6 * 3600.0, None]
    assert 1.5 * 86_400 < sum(wait or 0.0 for wait in waits) < 2.5 * 86_400


def test_a_receiver_that_never_answers_is_given_up(told: Any) -> None:
    world = told()
    hook = _register(world, "http://127.0.0.1:9/closed")
    _end(world)
    _deliver(world, MAX_ATTEMPTS + 2)
    (delivery,) = world.get(f"/v1/webhooks/{hook['id']}/deliveries").json()
    assert (delivery["state"], delivery["attempts"]) == ("failed", MAX_ATTEMPTS)
    assert "refused" in delivery["error"].lower()


def test_what_somebody_took_and_did_not_deliver_comes_again(told: Any, receiver: Receiver) -> None:
    world = told()
    _register(world, receiver.url)
    _end(world)
    with world.store.write() as tx:
        assert len(tx.outbox.claim(hold_s=0.0)) == 1  # and dies
    _deliver(world)
    assert len(receiver.got) == 1
    with world.store.write() as tx:
        assert tx.outbox.waiting() == 0


def test_two_do_not_take_the_same_message(told: Any, receiver: Receiver) -> None:
    world = told()
    _register(world, receiver.url)
    _end(world)
    with world.store.write() as tx:
        taken = [tx.outbox.claim(hold_s=60.0) for _ in range(2)]
    assert [len(messages) for messages in taken] == [1, 0]


def test_a_webhook_of_a_project_is_told_of_its_jobs_only(told: Any, receiver: Receiver) -> None:
    world = told()
    _register(world, receiver.url, project="mine")
    _end(world)
    job = _end(world, project="mine")
    _deliver(world)
    assert [json.loads(body)["data"]["job"] for _, body in receiver.got] == [job]


def test_what_ended_before_is_not_told(told: Any, receiver: Receiver) -> None:
    world = told()
    _end(world)
    _register(world, receiver.url)
    _deliver(world)
    assert receiver.got == []


def test_a_job_that_a_worker_ends_is_told(told: Any, receiver: Receiver) -> None:
    world = told()
    _register(world, receiver.url)
    world.submit()
    job = world.claim()
    with world.store.write() as tx:
        tx.driving(job.id, job.owner_epoch).fail("it broke")
    _deliver(world)
    ((_, body),) = receiver.got
    assert json.loads(body)["type"] == "job.failed"
    assert json.loads(body)["data"]["message"] == "it broke"


def test_a_removed_webhook_is_told_nothing(told: Any, receiver: Receiver) -> None:
    world = told()
    hook = _register(world, receiver.url)
    _end(world)
    assert world.http.delete(f"/v1/webhooks/{hook['id']}").status_code == 200
    _deliver(world)
    assert receiver.got == []
    assert world.get("/v1/webhooks").json()["items"] == []


def test_the_service_delivers_by_itself(
    open_world: Callable[..., Any],
    world: Any,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postman, "POLL_S", 0.02)
    again = open_world(world.root, webhook_networks=LOOPBACK)
    hook = _register(again, receiver.url)
    assert "secret" not in again.get(f"/v1/webhooks/{hook['id']}").json()
    _end(again)
    deadline = time.monotonic() + 60
    while not receiver.got:
        assert time.monotonic() < deadline
        time.sleep(0.01)


INSIDE = (
    "http://127.0.0.1/",
    "http://localhost:8000/",
    "http://[::1]/",
    "http://10.1.2.3/",
    "http://192.168.0.1/",
    "http://172.16.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://0.0.0.0/",
    "http://[::ffff:127.0.0.1]/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://100.64.0.1/",
    "http://224.0.0.1/",
)
ODD = (
    "",
    "x",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "//example.org",
    "http://",
    "http://user:pass@example.org/",
    "http://a:99999/",
    "http://[::1",
    "javascript:1",
    "http://ex\u00e4mple.org/",
    "http://a\r\nX: y/",
    "x" * 3000,
)


@pytest.mark.parametrize("url", INSIDE)
def test_a_webhook_does_not_lead_inside(world: Any, url: str) -> None:
    answer = world.post("/v1/webhooks", {"url": url})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["field"] == "url"
    assert "AUTODISTILL_WEBHOOK_NETWORKS" in answer.json()["detail"]


@pytest.mark.parametrize("url", ODD, ids=lambda url: f"{url!a:.30}")
def test_a_webhook_is_an_address_of_the_web(world: Any, url: str) -> None:
    answer = world.post("/v1/webhooks", {"url": url})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["field"] == "url"


def test_a_name_that_changes_its_mind_is_not_followed(
    told: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = told(())
    port = receiver.url.rpartition(":")[2].partition("/")[0]

    def resolve(address: str) -> None:
        entry = (2, 1, 6, "", (address, int(port)))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [entry])

    resolve("93.184.215.14")
    hook = _register(world, f"http://hooks.example.org:{port}/")
    _end(world)
    resolve("127.0.0.1")
    _deliver(world)
    assert receiver.got == []
    (delivery,) = world.get(f"/v1/webhooks/{hook['id']}/deliveries").json()
    assert "no public address" in delivery["error"]


def test_networks_are_listed_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    from api.settings import Settings

    monkeypatch.setenv("AUTODISTILL_WEBHOOK_NETWORKS", "10.0.0.0/8,fd00::/8")
    assert [str(n) for n in Settings().webhook_networks] == ["10.0.0.0/8", "fd00::/8"]
