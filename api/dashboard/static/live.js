/** What happens in a job, as it happens: reads /v1/jobs/{id}/events and reconnects where it stopped.
 *
 * `EventSource` would need the names of all kinds of events beforehand, and cannot tell a finished
 * stream from a broken one; this reader hears every kind and stops when the job has ended.
 */

const RETRY_MS = [500, 1000, 2000, 5000, 10000];
const LAST = new Set(["job.succeeded", "job.failed", "job.cancelled"]);

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    yield* parts;
  }
}

/**
 * Hear `job`'s events, from the start or from the `last` few on. `heard` gets each event and
 * `status` whether the line is up; returns a function that stops listening.
 */
export function listen(job, { last = null, heard, status = () => {} }) {
  const stop = new AbortController();
  let from = last === null ? "after=0" : `last=${last}`;
  let failures = 0;

  async function once() {
    const response = await fetch(`/v1/jobs/${job}/events?${from}`, { signal: stop.signal, headers: { Accept: "text/event-stream" } });
    if (!response.ok) throw new Error(`status ${response.status}`);
    status(true);
    failures = 0;
    let newest = null;
    for await (const line of lines(response.body)) {
      if (!line.startsWith("data: ")) continue;
      const event = JSON.parse(line.slice(6));
      from = `after=${event.seq}`;
      newest = event.kind;
      heard(event);
    }
    return LAST.has(newest); // a job that was taken up again has such events in its middle
  }

  (async () => {
    while (!stop.signal.aborted) {
      try {
        if (await once()) return;
      } catch (error) {
        if (stop.signal.aborted) return;
        failures += 1;
      }
      if (failures) status(false);
      await new Promise((wake) => { setTimeout(wake, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]); });
    }
  })();
  addEventListener("pagehide", () => stop.abort());
  return () => stop.abort();
}

/** `act`, at most once in `ms` and never more than a fifth of the time, and once more after the last call. */
export function calmly(act, ms = 1000) {
  let waiting = false;
  let free = 0;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(async () => {
      waiting = false;
      const began = Date.now();
      free = began + ms;
      await act();
      free = Date.now() + Math.max(ms, 4 * (Date.now() - began));
    }, Math.max(0, free - Date.now()));
  };
}
