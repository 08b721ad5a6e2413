/** Workers, slots, queue, leases, database and versions. */

import { get } from "./api.js";
import { $, h, notice, show, table } from "./dom.js";
import { ago, duration, words } from "./format.js";
import { badge, bar, jobName } from "./state.js";

const EVERY_MS = 5000;
const bytes = (n) => (n >= 2 ** 30 ? `${(n / 2 ** 30).toFixed(1)} GiB` : n >= 2 ** 20 ? `${(n / 2 ** 20).toFixed(0)} MiB` : `${(n / 1024).toFixed(0)} KiB`);
const tile = (name, value, note) => h("div", { class: "tile" }, h("div", { class: "name" }, name), h("div", { class: "value" }, value), h("div", { class: "note" }, note));
const facts = (pairs) => h("dl", { class: "pipeline" }, pairs.map(([term, said]) => [h("dt", {}, term), h("dd", {}, said)]));
const job = (id, name) => h("a", { href: `/jobs/${id}` }, name || id);

function draw(found) {
  const workers = new Set(found.leases.map((l) => l.worker));
  const running = found.leases.reduce((sum, l) => sum + l.running, 0);
  const slots = found.leases.reduce((sum, l) => sum + l.slots, 0);
  const waiting = found.queue.length;
  const total = Object.values(found.trials).reduce((a, b) => a + b, 0);
  show("#tiles",
    tile("Workers", String(workers.size), workers.size ? "hold a job now" : "none holds a job now"),
    tile("Slots", `${running} of ${slots}`, "busy, of those that running jobs asked for"),
    tile("Queue", String(waiting), waiting === 1 ? "job waits for a worker" : "jobs wait for a worker"),
    tile("Trials", total.toLocaleString("en"), `${found.trials.complete.toLocaleString("en")} complete, ${found.trials.pruned.toLocaleString("en")} stopped early, ${found.trials.failed.toLocaleString("en")} failed`),
    tile("Registered", `${found.num_datasets} + ${found.num_models}`, "datasets and models"),
    tile("Database", bytes(found.database.num_bytes), `${found.database.kind} ${found.database.version}`));
  show("#message", waiting && !workers.size ? notice("warn", "Jobs wait and no worker holds one: start a worker with ", h("code", {}, "python -m workers"), ".") : null);
  show("#leases", found.leases.length ? table("Leases", [
    { name: "Job", cell: (l) => job(l.job, l.name) }, { name: "Worker", cell: (l) => h("code", {}, l.worker) },
    { name: "Running", num: true, cell: (l) => `${l.running} of ${l.slots}` }, { name: "Claim", num: true, cell: (l) => l.claim },
    { name: "Lease ends", cell: (l) => `in ${duration(Math.max(0, (new Date(l.until) - new Date(found.database.now)) / 1000))}` },
  ], found.leases) : h("p", { class: "pending" }, "No job is worked on."));
  show("#queue", waiting ? table("Queue", [
    { name: "Job", cell: (j) => job(j.id, jobName(j)) }, { name: "State", cell: (j) => badge(j.state) },
    { name: "Trials", cell: (j) => [`${j.progress.complete + j.progress.pruned + j.progress.failed} of ${j.progress.of}`, bar(j.progress)] }, { name: "Since", cell: (j) => ago(j.created_at) },
  ], found.queue) : h("p", { class: "pending" }, "Nothing waits."));
  show("#versions", facts(Object.entries(found.versions)));
  show("#service", facts([
    ["Database", `${found.database.kind} ${found.database.version}`], ["Schema", `revision ${found.database.revision}`], ["Size", bytes(found.database.num_bytes)],
    ["API process", `up for ${duration(found.uptime_s)}, ${bytes(found.peak_memory_bytes)} at most`],
    ["Jobs", Object.entries(found.jobs).filter(([, n]) => n).map(([state, n]) => `${n} ${words(state).toLowerCase()}`).join(", ") || "none"],
  ]));
}

async function follow() {
  if (!document.hidden) {
    try {
      draw(await get("/v1/system"));
    } catch (error) {
      show("#message", notice("bad", error.message));
      show("#tiles");
    }
  }
  setTimeout(follow, EVERY_MS);
}
$("#main").dataset.live = "yes";
follow();
