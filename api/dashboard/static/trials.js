/** A job's trials, a page at a time. */

import { get } from "./api.js";
import { catalogue } from "./components.js";
import { given, h, notice, show, table } from "./dom.js";
import { duration, metric, metricName, words } from "./format.js";
import { head } from "./head.js";
import { registered, studentName } from "./names.js";
import { badge, headline } from "./state.js";

const id = given().job;
const after = new URL(location.href).searchParams.get("after");
const address = `/jobs/${id}/trials`;

/** One column for each slot of the pipelines at hand, so that a new slot shows itself. */
function columns(trials, job, components, name) {
  const slots = Object.keys(trials[0].spec.pipeline).filter((slot) => slot !== "training");
  const measured = headline(job);
  return [
    { name: "Trial", cell: (t) => h("a", { class: "nowrap", href: `${address}/${t.number}` }, `Trial ${t.number}`) },
    { name: "State", cell: (t) => badge(t.state) },
    { name: `Dev ${metricName(measured)}`, num: true, cell: (t) => metric(measured, t.dev[measured]) },
    { name: "Epochs", num: true, cell: (t) => `${t.epochs_done} of ${t.spec.pipeline.training.num_epochs}` },
    { name: "Time", num: true, cell: (t) => (t.seconds ? duration(t.seconds) : "–") },
    ...slots.map((slot) => ({ name: words(slot), cell: (t) => components.kind(slot, t.spec.pipeline[slot].kind) })),
    ...(job.spec.students.length > 1 ? [{ name: "Student", cell: (t) => studentName(t.spec.student, name) }] : []),
    { name: "Proposed by", cell: (t) => words(t.origin) },
  ];
}

async function load() {
  const [job, page, components, { name }] = await Promise.all([
    get(`/v1/jobs/${id}`), get(`/v1/jobs/${id}/trials${after ? `?after=${encodeURIComponent(after)}` : ""}`), catalogue(), registered(),
  ]);
  head(job, name, load);
  if (!page.items.length) {
    show("#trials", h("div", { class: "card empty" }, h("h2", {}, "No trials yet"), h("p", {}, "They appear here as soon as the teacher is ready and the search starts.")));
    return;
  }
  const first = job.result?.best.trial ?? job.best?.number;
  show("#trials", table("Trials", columns(page.items, job, components, name), page.items, { rowClass: (t) => (t.number === first ? "best" : null) }));
  show("#paging", after ? h("a", { href: address }, "First trials") : h("span"), page.next && h("a", { href: `${address}?after=${page.next}` }, "Next trials"));
}

load().catch((error) => show("#trials", notice("bad", error.message)));
