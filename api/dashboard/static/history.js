/** What the recommender has learnt from. */

import { get, post, Refusal } from "./api.js";
import { plot } from "./chart.js";
import { $, h, notice, show, table } from "./dom.js";
import { ago, difference, metric, metricName, number } from "./format.js";
import { registered, studentName } from "./names.js";
import { registry } from "./registry.js";
import { badge } from "./state.js";

const tile = (name, value, note) => h("div", { class: "tile" }, h("div", { class: "name" }, name), h("div", { class: "value" }, value.toLocaleString("en")), h("div", { class: "note" }, note));

function gain(past) {
  if (past.gain === null) return h("span", { class: "quiet" }, "–");
  return [difference(past.metric, past.gain), h("small", {}, past.within_noise ? "a tie" : past.within_noise === null ? "one seed" : "beyond noise")];
}

const columns = (name) => [
  { name: "Job", cell: (p) => [h("a", { href: `/jobs/${p.job}` }, p.name || p.job), h("small", { class: "quiet" }, p.finished_at ? ago(p.finished_at) : "not finished")] },
  { name: "State", cell: (p) => badge(p.state) },
  { name: "Dataset", cell: (p) => h("a", { href: `/datasets/${p.dataset}` }, name(p.dataset)) },
  { name: "Teacher", cell: (p) => name(p.teacher) },
  { name: "Students", cell: (p) => p.students.map((s) => studentName(s, name)).join(", ") },
  { name: "Trials learnt from", num: true, cell: (p) => p.num_trials.toLocaleString("en") },
  { name: "Best distilled", num: true, cell: (p) => [metric(p.metric, p.best), h("small", {}, `${metricName(p.metric)}, dev`)] },
  { name: "Over plain", num: true, cell: gain },
];

try {
  const [past, { name }] = await Promise.all([get("/v1/history"), registered()]);
  show("#tiles", tile("Jobs", past.num_jobs, "with finished trials"), tile("Datasets", past.num_datasets, "seen with a result"), tile("Trials", past.num_trials, "complete or stopped early, confirmations left out"));
  show("#jobs", past.jobs.length ? table("Past jobs", columns(name), past.jobs, { stack: true })
    : h("div", { class: "card empty" }, h("h2", {}, "Nothing learnt yet"), h("p", {}, "Until a job has finished trials, recommendations rest on the experts' list and on what is imported below. Every finished trial counts from then on."), h("div", { class: "actions" }, h("a", { class: "button primary", href: "/jobs/new" }, "New job"))));
} catch (error) {
  show("#tiles");
  show("#jobs", notice("bad", error.message));
}

registry({
  path: "/v1/history/imports", noun: "import", caption: "Imported histories", form: $("#import"),
  empty: [h("h2", {}, "Nothing imported"), h("p", {}, "Recommendations rest on your own jobs. A file that another service exported may add to them.")],
  columns: [
    { name: "Import", cell: (c) => [c.name, h("small", { class: "quiet" }, c.id)] },
    { name: "Tasks", num: true, cell: (c) => c.num_tasks.toLocaleString("en") },
    { name: "Trials", num: true, cell: (c) => c.num_trials.toLocaleString("en") },
    { name: "Added", cell: (c) => ago(c.created_at) },
  ],
  send: async () => {
    const [file] = $("#file").files;
    if (!file) throw new Refusal(0, { detail: "No file.", problems: [{ field: "file", message: "Choose a file." }] });
    const body = new FormData();
    body.append("file", file);
    body.append("name", $("#name").value.trim() || file.name.replace(/\.parquet$/, ""));
    return post("/v1/history/imports", body);
  },
});

const estimated = (value) => (value === null ? "–" : [value[0].toFixed(3), h("small", {}, `${value[1].toFixed(3)} to ${value[2].toFixed(3)}`)]);
const verdicts = [
  { name: "Way to choose", cell: (v) => v.method },
  { name: "Regret, first", num: true, cell: (v) => estimated(v.regret_1) },
  { name: "Regret, best of five", num: true, cell: (v) => estimated(v.regret_5) },
  { name: "Beaten by the recommender, first", num: true, cell: (v) => estimated(v.wins_1) },
  { name: "Beaten, best of five", num: true, cell: (v) => estimated(v.wins_5) },
];

/** How regret went while the history grew. */
async function followed() {
  const place = h("div", { class: "picture" });
  const points = await get("/v1/history/evaluation/course");
  if (points.length < 2) return h("p", { class: "pending" }, "With more past tasks, the course of the regret is drawn here.");
  const methods = [...new Set(points.flatMap((p) => p.verdicts.map((v) => v.method)))];
  const at = (method) => points.flatMap((p) => p.verdicts.filter((v) => v.method === method).map((v) => [p.num_tasks, v.regret_1[0]]));
  plot(place, {
    label: "Regret of the first choice by the number of past tasks", x: { name: "past tasks" }, y: { name: "regret, first choice", tick: number, format: (v) => number(v) },
    series: methods.map((method, i) => ({ name: method, colour: i % 8, bold: i === 0, marks: true, points: at(method) })),
  });
  return place;
}

$("#try").addEventListener("click", async () => {
  $("#try").disabled = true;
  show("#tried", h("p", { class: "quiet" }, "Leaving out one group after another …"));
  try {
    const found = await get("/v1/history/evaluation");
    const rest = found.verdicts.length
      ? [table("How ways to choose fared", verdicts, found.verdicts, { stack: true }),
        h("p", {}, `Regret is the share of the gap from the median pipeline to the best that is left open, on test, with 95 % intervals over ${found.num_groups} groups of tasks.`),
        found.coverage === null ? "" : h("p", {}, `${Math.round(100 * found.coverage)} % of ${found.num_covered} intervals held what came.`)]
      : [];
    show("#tried", h("p", {}, found.message), ...rest);
    if (found.verdicts.length) $("#tried").append(await followed());
  } catch (error) {
    show("#tried", notice("bad", error.message));
  }
  $("#try").disabled = false;
});
