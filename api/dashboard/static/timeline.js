/** What ran when in a job: attempts of trials as bars, changes of the job, failures with their message. */

import { get } from "./api.js";
import { $, given, h, notice, s, show, table } from "./dom.js";
import { eventLine } from "./events.js";
import { ago, clock, duration, exactly } from "./format.js";
import { head } from "./head.js";
import { calmly, listen } from "./live.js";
import { registered } from "./names.js";
import { stateName } from "./origins.js";
import { reason } from "./reasons.js";
import { badge, headline, isTerminal } from "./state.js";

const id = given().job;
const before = new URL(location.href).searchParams.get("before");
const ROW = 16;
const LEFT = 12;
const time = (iso) => new Date(iso).getTime();
const ends = (attempt) => (attempt.ended_at ? time(attempt.ended_at) : Date.now());

/** Attempts that overlap lie in different lanes, as they did in the slots. */
function lanes(attempts) {
  const free = [];
  return attempts.map((attempt) => {
    const start = time(attempt.started_at);
    let lane = free.findIndex((until) => until <= start + 1);
    if (lane < 0) lane = free.length;
    free[lane] = ends(attempt);
    return lane;
  });
}

function picture(attempts) {
  const width = Math.max($("#bars").clientWidth, 320);
  const from = Math.min(...attempts.map((a) => time(a.started_at)));
  const to = Math.max(...attempts.map(ends), from + 1000);
  const at = lanes(attempts);
  const height = 30 + ROW * (Math.max(...at) + 1);
  const X = (t) => LEFT + ((t - from) / (to - from)) * (width - 2 * LEFT);
  const marks = Array.from({ length: 5 }, (_, i) => from + ((to - from) * i) / 4);
  return s("svg", { class: "plot lanes", viewBox: `0 0 ${width} ${height}`, height, role: "group", "aria-label": `${attempts.length} attempts in ${Math.max(...at) + 1} slots; the table below says the same` },
    marks.map((t, i) => [s("line", { class: "grid-line", x1: X(t), x2: X(t), y1: 0, y2: height - 20 }), s("text", { x: X(t), y: height - 4, "text-anchor": i === 0 ? "start" : i === 4 ? "end" : "middle" }, clock(new Date(t).toISOString()))]),
    attempts.map((a, i) => s("a", { href: `/jobs/${id}/trials/${a.number}`, tabindex: -1 },
      s("rect", { class: `attempt ${a.outcome}`, x: X(time(a.started_at)), width: Math.max(X(ends(a)) - X(time(a.started_at)) - 1, 2), y: 4 + ROW * at[i], height: ROW - 4, rx: 2 },
        s("title", {}, `Trial ${a.number}, attempt ${a.attempt}: ${stateName(a.outcome)}, ${duration((ends(a) - time(a.started_at)) / 1000)}`)))));
}

const outcome = (a) => (a.outcome === "queued" ? [badge("requeued"), a.reason && h("small", {}, reason(a.reason))] : [badge(a.outcome), a.reason && h("small", { class: "bad" }, reason(a.reason))]);

function draw({ attempts, changes, failures, before: earlier }, job) {
  const failed = failures.length ? table("Failed trials", [
    { name: "Trial", cell: (t) => h("a", { href: `/jobs/${id}/trials/${t.number}` }, `Trial ${t.number}`) },
    { name: "What went wrong", cell: (t) => reason(t.reason) },
    { name: "Attempts", num: true, cell: (t) => t.num_attempts }, { name: "When", cell: (t) => (t.finished_at ? ago(t.finished_at) : "–") },
  ], failures) : h("p", { class: "pending" }, "No trial has failed.");
  show("#failures", failed);
  show("#changes", changes.length ? h("ol", { class: "activity", tabindex: 0, "aria-label": "Changes of the job" }, changes.toReversed().map((e) => eventLine(e, id, headline(job)))) : h("p", { class: "pending" }, "Nothing in this stretch."));
  if (!attempts.length) {
    show("#bars", h("p", { class: "pending" }, isTerminal(job) ? "No trial ran in this stretch." : "Trials appear here when they start."));
    show("#attempts");
  } else {
    show("#bars", picture(attempts));
    show("#attempts", table("Attempts", [
      { name: "Attempt", cell: (a) => h("a", { href: `/jobs/${id}/trials/${a.number}` }, `Trial ${a.number}${a.attempt > 1 ? `, attempt ${a.attempt}` : ""}`) },
      { name: "Outcome", cell: outcome },
      { name: "Started", cell: (a) => h("time", { datetime: a.started_at, title: exactly(a.started_at) }, clock(a.started_at)) },
      { name: "Took", num: true, cell: (a) => (a.outcome === "queued" ? "–" : duration((ends(a) - time(a.started_at)) / 1000)) },
    ], attempts.toReversed().slice(0, 100)));
  }
  show("#paging", before ? h("a", { href: `/jobs/${id}/timeline` }, "Newest") : h("span"), earlier && h("a", { href: `/jobs/${id}/timeline?before=${earlier}` }, "Earlier"));
}

async function load() {
  const [job, found, { name }] = await Promise.all([get(`/v1/jobs/${id}`), get(`/v1/jobs/${id}/timeline${before ? `?before=${encodeURIComponent(before)}` : ""}`), registered()]);
  head(job, name, load);
  draw(found, job);
  return job;
}

try {
  const job = await load();
  if (!isTerminal(job) && !before) {
    const soon = calmly(() => load().catch(() => {}), 2000);
    listen(id, { last: 0, heard: (event) => { if (event.kind !== "measurement") soon(); } });
  }
} catch (error) {
  show("#bars", notice("bad", error.message, " ", h("a", { href: "/" }, "All jobs")));
  for (const part of document.querySelectorAll("#failures, #changes")) part.closest("section").hidden = true;
}
