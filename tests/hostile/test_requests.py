"""Jobs, questions and addresses that make no sense, and requests that lie."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.e2e
JSON = {"Content-Type": "application/json"}
JOB: dict[str, Any] = {
    "dataset": "reviews",
    "teacher": {"model": "teacher", "preparation": {"kind": "fine_tuned"}},
    "students": [{"kind": "cut", "num_layers": 2}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return a job with one value replaced, named by a dotted path."""
    job = json.loads(json.dumps(JOB))
    *parents, last = path.split(".")
    place = job
    for part in parents:
        place = place.setdefault(part, {})
    place[last] = value
    return dict(job)


HUGE = 10**400
NUMBERS = (-1, 0, 1.5, "2", True, None, 2**63, HUGE, float("nan"), float("inf"), [2], {"a": 2})
LIMITS = {
    "budget.num_trials": NUMBERS,
    "budget.max_epochs": NUMBERS,
    "parallelism": (*NUMBERS, 1001),
    "max_length": (*NUMBERS, 7, 513),
    "max_train_examples": (-1, 7, "9", [9], HUGE),
    "confirmation_seeds": (-1, 21, "3", 0.5),
    "seed": (-1, 2**31, "0", 0.5, True),
    "budget.timeout_s": (0, -1, "60", float("nan"), float("inf"), True),
    "search.recommended": (-1, 21, "5"),
    "search.sampler": ("grid", 1, None, "__import__('os')"),
    "search.early_stopping": ("yes", 1, "true"),
}
VALUES = {
    "name": ("x" * 201, 7, None, "a\0b", "\ud800"),
    "project": ("", "a/b", "../x", "x" * 101, 7),
    "dataset": (
        "nope",
        "",
        7,
        None,
        "../../etc/passwd",
        "' OR 1=1 --",
        "ds_" + "0" * 16,
        "x" * 10**6,
    ),
    "teacher": (None, "teacher", {}, {"model": "nope"}, {"model": "teacher", "weights": "x.bin"}),
    "teacher.preparation": (
        {"kind": "hacked"},
        "as_is",
        {"kind": "as_is"},
        {"kind": "fine_tuned", "training": 3},
    ),
    "students": (
        [],
        None,
        "cut",
        [{"kind": "cut"}],
        [{"kind": "cut", "num_layers": 99}],
        [{"kind": "cut", "num_layers": 0}],
        [{"kind": "registered", "model": "nope"}],
        [{"kind": "shrunk"}],
        [JOB["students"][0]] * 2,
        [{"kind": "cut", "num_layers": i % 4 + 1} for i in range(21)],
    ),
    "objectives": (
        [{"metric": "beauty"}],
        [{"metric": "pearson"}],
        [{"metric": "accuracy"}] * 2,
        [{"metric": m} for m in ("accuracy", "nll", "ece", "macro_f1", "latency_ms")],
        "accuracy",
    ),
    "space": (
        {"loss": []},
        {"loss": "magic"},
        {"loss": ["magic"]},
        {"colour": 1},
        {"__proto__": 1},
        {"training.learning_rate": {"type": "uniform", "low": 1, "high": 0}},
        {"training.learning_rate": {"type": "uniform", "low": 0, "high": 1, "log": True}},
        {"training.learning_rate": {"type": "uniform", "low": float("nan"), "high": 1}},
        {"training.learning_rate": -1},
        {"training.num_epochs": 10**6},
        {"training.num_epochs": "many"},
        {"training.batch_size": {"type": "exec"}},
        {"x" * 10_000: 1},
        [],
        "all",
    ),
    "start": (
        [{"loss": {"kind": "softened_kl", "temperature": 0}}],
        [{"loss": {"kind": "softened_kl", "temperature": -1}}],
        [{"loss": {"kind": "softened_kl", "colour": 1}}],
        [{"loss": {"kind": "magic"}}],
        [{"loss": {}}],
        [{"loss": None}],
        [{}] * 101,
        [7],
        [{"training": {"learning_rate": -1}}],
        [{"training": {"num_epochs": 0}}],
    ),
    "recommended": ([],),
    "__class__": ("x",),
}
JOBS = {
    f"{path} {value!r:.40}": changed(path, value)
    for group in (LIMITS, VALUES)
    for path, values in group.items()
    for value in values
}


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_a_bad_job_is_refused_with_the_place(
    target: Any, refused: Callable[..., None], job: Any
) -> None:
    answer = target.http.post("/v1/jobs", content=json.dumps(job), headers=JSON)
    refused(answer)
    assert answer.json()["problems"]


BODIES = {
    "nothing": b"",
    "space": b" ",
    "half": b"{",
    "null": b"null",
    "number": b"1",
    "list": b"[]",
    "text": b'"job"',
    "lists without end": b"[" * 1_000_000,
    "objects without end": b'{"a":' * 100_000,
    "lists that end": b"[" * 100_000 + b"]" * 100_000,
    "digits": b'{"seed": ' + b"9" * 10_000 + b"}",
    "bytes": bytes(range(256)),
    "NUL key": b'{"\\u0000": 1}',
    "half a character": b'{"dataset": "\\ud800"}',
    "a million keys": b"{" + b",".join(b'"%d":1' % i for i in range(300_000)) + b"}",
    "nine MiB": b'{"name": "' + b"x" * 9 * 2**20 + b'"}',
    "form": b"dataset=reviews&teacher=teacher",
    "xml": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "yaml": b"!!python/object/apply:os.system ['true']",
}
DOORS = ("/v1/jobs", "/v1/jobs/validate", "/v1/models", "/v1/recommendations", "/v1/tokens")


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("door", DOORS)
def test_a_body_that_is_none_is_refused(
    target: Any, refused: Callable[..., None], door: str, body: bytes
) -> None:
    refused(target.http.post(door, content=body, headers=JSON))


TYPES = (
    "",
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + "x" * 5000,
    "application/json; charset=utf-99",
    "application/octet-stream",
    "image/png",
    ";;;",
)


@pytest.mark.parametrize("kind", TYPES)
def test_a_type_that_lies_is_refused(target: Any, refused: Callable[..., None], kind: str) -> None:
    content = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nhello\r\n--x--'
    refused(target.http.post("/v1/datasets", content=content, headers={"Content-Type": kind}))
    if "json" not in kind:
        refused(target.http.post("/v1/jobs", content=content, headers={"Content-Type": kind}))


def parts(*headers: str, content: str = "x") -> bytes:
    return "".join(f"--x\r\n{h}\r\n\r\n{content}\r\n" for h in headers).encode() + b"--x--\r\n"


NAMED = 'Content-Disposition: form-data; name="{}"'
FORMS = {
    "no parts": b"--x--\r\n",
    "never ends": b"--x\r\n" + NAMED.format("file").encode(),
    "no names": parts("Content-Disposition: form-data"),
    "no disposition": parts("X: y"),
    "file as a field": parts(NAMED.format("file"), NAMED.format("request")),
    "request as a file": parts(NAMED.format("request") + '; filename="r"'),
    "two thousand fields": parts(*(NAMED.format(f"f{i}") for i in range(2000))),
    "two thousand files": parts(
        *(NAMED.format("file") + '; filename="a.csv"' for _ in range(2000))
    ),
    "endless header": parts(NAMED.format("file") + "; x=" + "y" * 100_000),
    "endless field": parts(NAMED.format("request"), content="x" * 2_000_000),
    "NUL in a name": parts(NAMED.format("file\0") + '; filename="a\0.csv"'),
    "request that is a list": parts(NAMED.format("request"), content="[]"),
    "request without end": parts(NAMED.format("request"), content="[" * 10_000),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_form_that_is_none_is_refused(
    target: Any, refused: Callable[..., None], form: bytes
) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(target.http.post("/v1/datasets", content=form, headers=headers))


NAMES = (
    "../../../../tmp/evil.csv",
    "/etc/cron.d/evil.csv",
    "..\\..\\evil.csv",
    "evil\0.csv",
    "C:evil.csv",
    "~/.ssh/evil.csv",
    "$(reboot).csv",
    "a;b.csv",
    "x" * 3000 + ".csv",
    "\u202egnp.csv",
    "CON.csv",
)


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_leads_nowhere(
    target: Any, refused: Callable[..., None], name: str
) -> None:
    refused(target.upload(name, b"text,label,split\nx,a,train\n"))


ADDRESSES = (
    "/v1/jobs/..%2f..%2fetc%2fpasswd",
    "/v1/jobs/%00",
    "/v1/jobs/' OR 1=1",
    "/v1/jobs/" + "x" * 5000,
    "/v1/jobs/%ff%fe",
    "/v1/jobs/{job}",
    "/v1/datasets/..%2f..%2fx",
    "/v1/models/%00",
    "/static/..%2f..%2fpages.py",
    "/static/%2e%2e/pages.py",
    "/static/%2fetc%2fpasswd",
    "/static/\0",
    "/static/....//....//etc/passwd",
    "/v1/jobs?limit=-1",
    "/v1/jobs?limit=1e9",
    "/v1/jobs?state=%00",
    "/v1/jobs?limit=" + "9" * 400,
    "/v1/jobs/x/trials/-1",
    "/v1/jobs/x/trials/NaN",
    "/v1/jobs/x/trials/" + "9" * 400,
    "/v1/jobs/x/trials?after=x",
    "/v1/jobs/x/events?after=-1",
    "/v1/jobs/x/events?last=" + "9" * 30,
    "/v1/audit?after=x",
    "/v1/tokens/%00",
    "/.git/config",
    "/v1/../autodistill.db",
    "/autodistill.db",
    "/docs",
    "/v2/jobs",
    "/v1/jobs/x/student",
)


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda a: f"{a!a:.40}")
def test_an_odd_address_is_refused(target: Any, address: str) -> None:
    answer = _raw(target, raw(f"GET {address.replace(' ', '%20')} HTTP/1.1", HOST, ""))
    assert answer.startswith(b"HTTP/1.1 4"), answer[:300]
    assert b"root:" not in answer


HOST = "Host: localhost"


def raw(*lines: str, body: str = "") -> str:
    return "\r\n".join([*lines, "", body])


POST, GET = "POST /v1/jobs HTTP/1.1", "GET /v1/jobs HTTP/1.1"
CHUNKED = "Transfer-Encoding: chunked"
LIES = {
    "negative length": raw(POST, HOST, "Content-Length: -5", ""),
    "length of exabytes": raw(POST, HOST, f"Content-Length: {2**63 - 1}", ""),
    "length that is no number": raw(POST, HOST, "Content-Length: x", ""),
    "two lengths": raw(POST, HOST, "Content-Length: 1", "Content-Length: 2", "", body="{}"),
    "length and chunks": raw(POST, HOST, "Content-Length: 4", CHUNKED, "", body="zz\r\n"),
    "chunks of garbage": raw(POST, HOST, CHUNKED, "", body="zz\r\n{}\r\n"),
    "no host": raw(GET, ""),
    "another host": raw(GET, "Host: evil.example", ""),
    "header of 200 kB": raw(GET, HOST, f"X: {'y' * 200_000}", ""),
    "header without a name": raw(GET, HOST, ": x", ""),
    "no HTTP": raw("HELO mail.example", ""),
    "another method": raw("BREW /v1/jobs HTTP/1.1", HOST, ""),
    "trace": raw("TRACE /v1/jobs HTTP/1.1", HOST, ""),
}


@pytest.mark.parametrize("request_text", LIES.values(), ids=LIES)
def test_a_request_that_lies_is_refused(target: Any, request_text: str) -> None:
    assert _raw(target, request_text).startswith(b"HTTP/1.1 4")


def _raw(target: Any, text: str) -> bytes:
    with socket.create_connection(("127.0.0.1", target.port), timeout=30) as connection:
        try:
            connection.sendall(text.encode(errors="surrogateescape"))
            return b"".join(_received(connection))
        except ConnectionResetError:  # it would not even hear the end
            return b"HTTP/1.1 400"


def _received(connection: socket.socket) -> Iterator[bytes]:
    """Yield the beginning of an answer."""
    if data := connection.recv(2**16):
        yield data


def test_a_body_that_never_comes_hurts_nobody(target: Any) -> None:
    kind = "Content-Type: application/json"
    head = raw(POST, HOST, kind, "Content-Length: 100", "", body="{")
    waiting = [socket.create_connection(("127.0.0.1", target.port)) for _ in range(100)]
    for connection in waiting:
        connection.sendall(head.encode())
    assert target.http.get("/v1/jobs").status_code == 200
    for connection in waiting:
        connection.close()


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from([*LIMITS, *VALUES])


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(FIELDS, ANY), min_size=1, max_size=3))
def test_whatever_a_job_holds_it_is_checked_or_refused(
    target: Any, changes: list[tuple[str, Any]]
) -> None:
    job = JOB
    for path, value in changes:
        first = path.split(".")[0]
        job = job | {first: changed(path, value)[first]}
    answer = target.http.post("/v1/jobs/validate", content=json.dumps(job), headers=JSON)
    assert answer.status_code in (200, 422), answer.text


def test_there_are_many() -> None:
    assert len(JOBS) + len(BODIES) + len(FORMS) + len(ADDRESSES) + len(LIES) >= 200
