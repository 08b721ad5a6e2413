/** What mattered in a job: importance, the path to the best pipeline, slices, parallel coordinates, savings. */

import { get } from "./api.js";
import { bars } from "./bars.js";
import { plot } from "./chart.js";
import { columns } from "./columns.js";
import { catalogue } from "./components.js";
import { $, given, h, notice, show, table } from "./dom.js";
import { axis, better, difference, duration, lowerIsBetter, metric, metricName, number, words } from "./format.js";
import { head } from "./head.js";
import { calmly, listen } from "./live.js";
import { registered } from "./names.js";
import { Parallel } from "./parallel.js";
import { isTerminal } from "./state.js";
import { title } from "./trial_cells.js";

const id = given().job;
const asked = new URL(location.href).searchParams;
const LINES = 300;
const AXES = 7;
let known;

function drawImportance({ slots, settings, num_trials: trials, metric: name }) {
  const { components } = known;
  const ranked = Object.entries(slots);
  if (!ranked.length) {
    show("#slots", h("p", { class: "pending" }, trials < 8 ? "Eight scored trials with different pipelines are needed to tell what matters." : `Nothing made a difference: ${trials.toLocaleString("en")} scored trials cannot be told apart.`));
    return;
  }
  const settled = Object.entries(settings).sort((a, b) => b[1] - a[1]).slice(0, 12);
  show("#slots", h("p", { class: "quiet" }, `How far each choice of the best tenth is from all ${trials.toLocaleString("en")} trials, in ${metricName(name)} on dev (PED-ANOVA). A slot counts its kind and all of its settings.`),
    bars("Importance of each slot", ranked.map(([slot, share]) => ({ name: words(slot), share, style: components.slotStyle(slot) }))),
    h("details", {}, h("summary", {}, "By setting"), bars("Importance of each setting", settled.map(([flat, share]) => ({ name: components.label(flat), share, style: components.slotStyle(flat.split(".")[0]) })))));
}

function drawPath({ path, metric: name, best }) {
  if (path.length < 2) {
    show("#path", h("p", { class: "pending" }, path.length ? "The best pipeline is the default one." : "It appears when a pipeline that distils is best of at least eight trials."));
    return;
  }
  const { components } = known;
  const rows = path.map((step, i) => ({ ...step, gain: i ? step.expected - path[i - 1].expected : null }));
  show("#path", h("p", { class: "quiet" }, "From the default pipeline to ", h("a", { href: `/jobs/${id}/trials/${best}` }, `trial ${best}`), ", the most rewarding change first, as a surrogate of this job's trials expects it. Gains inside its spread are ties."),
    table("Path from the default pipeline to the best", [
      { name: "Change", cell: (s) => (s.slot === null ? "Default pipeline" : [words(s.slot), components.isChoice(s.slot) && [" → ", components.kind(s.slot, s.component.kind)], h("small", {}, components.settings(s.slot, s.component))]) },
      { name: `Expected ${metricName(name)}`, num: true, cell: (s) => [metric(name, s.expected), h("small", {}, `± ${metric(name, s.sd)}`)] },
      { name: "Gain", num: true, cell: (s) => (s.gain === null ? "" : Math.abs(s.gain) < s.sd ? [h("span", { class: "quiet" }, difference(name, s.gain)), h("small", {}, "a tie")] : h("span", { class: better(name, s.gain, 0) > 0 ? "good" : "warn" }, difference(name, s.gain))) },
    ], rows));
}

function drawSaved({ cost }) {
  const share = cost.saved_epochs / Math.max(cost.epochs + cost.saved_epochs, 1);
  show("#saved", cost.stopped
    ? [h("p", { class: "figure" }, `${cost.saved_epochs.toLocaleString("en")} epochs, about ${duration(cost.saved_seconds)}`),
      h("p", {}, `${cost.stopped.toLocaleString("en")} of ${cost.trials.toLocaleString("en")} trials were stopped early: ${(100 * share).toFixed(0)} % of all epochs that were planned did not have to be trained.`)]
    : h("p", { class: "pending" }, known.job.spec.search.early_stopping ? "No trial was stopped early yet." : "Early stopping was off in this job."));
}

async function drawSlice(name) {
  const field = known.fields.find((f) => f.name === name);
  const score = `dev/${known.why.metric}`;
  const { rows } = await columns(id, ["number", "state", "origin", name, score], { where: ["origin=baseline|user|recommended|sampler"], most: 1500 });
  const trials = rows.filter((r) => r[score] != null && r[name] !== null);
  const category = field.type === "category";
  const kinds = category ? field.values : [];
  const spreadOut = (i) => ((i * 0.618034) % 1) * 0.6 - 0.3; // so that equal values do not hide each other
  const place = (r, i) => (category ? kinds.indexOf(String(r[name])) + spreadOut(i) : r[name]);
  const point = (r, i) => [place(r, i), r[score], `Trial ${r.number}`, { href: `/jobs/${id}/trials/${r.number}`, r: trials.length > 400 ? 2.4 : 3.4 }];
  const called = (v) => known.components.slots[name] ? known.components.title(name, v) : String(v);
  plot($("#slice"), {
    label: `${metricName(known.why.metric)} by ${title(known, name)} of ${trials.length} trials`, height: 280, trimmed: lowerIsBetter(known.why.metric) ? "high" : "low",
    series: [{ name: title(known, name), colour: 0, line: false, marks: true, faint: trials.length > 400, points: trials.map(point) }],
    x: { name: title(known, name), log: field.log, loose: true, tick: category ? (v) => (Number.isInteger(v) && kinds[v] !== undefined ? called(kinds[v]) : "") : (v) => number(v), format: category ? (v) => called(kinds[Math.round(v)]) : (v) => number(v), whole: category },
    y: axis(known.why.metric),
  });
}

async function drawParallel() {
  const score = `dev/${known.why.metric}`;
  const names = Object.entries(known.why.settings).sort((a, b) => b[1] - a[1]).map(([n]) => n).slice(0, AXES);
  if (!names.length) {
    show("#parallel", h("p", { class: "pending" }, "It appears when enough trials have different pipelines."));
    return;
  }
  const { rows } = await columns(id, [...names, score], { where: ["state=complete", "origin=baseline|user|recommended|sampler"], most: LINES });
  const whole = rows.filter((r) => r[score] != null);
  const fields = Object.fromEntries(known.fields.map((f) => [f.name, f]));
  const axes = names.map((name) => ({ name, title: known.components.label(name), log: fields[name].log, kinds: fields[name].type === "category" ? fields[name].values : null, called: known.components.slots[name] && ((k) => known.components.title(name, k)) }));
  axes.push({ name: score, title: `${metricName(known.why.metric)} on dev`, tick: axis(known.why.metric).tick });
  show("#parallel");
  new Parallel($("#parallel"), { axes, rows: whole, label: `Parallel coordinates of ${whole.length} trials`, better: (a, b) => better(known.why.metric, a, b) });
}

async function load() {
  const [job, why, fields, components, { name }] = await Promise.all([get(`/v1/jobs/${id}`), get(`/v1/jobs/${id}/why`), get(`/v1/jobs/${id}/fields`), catalogue(), registered()]);
  known = { job, why, fields, components, name };
  head(job, name, load);
  const picker = $("#setting");
  const varied = fields.filter((f) => components.slots[f.name.split(".")[0]] && (f.type === "category" ? f.values.length > 1 : f.low !== f.high && f.low !== null)).sort((a, b) => (why.settings[b.name] ?? 0) - (why.settings[a.name] ?? 0));
  const wanted = picker.value || asked.get("setting");
  picker.replaceChildren(...varied.map((f) => h("option", { value: f.name }, title(known, f.name))));
  picker.disabled = !varied.length;
  if (varied.some((f) => f.name === wanted)) picker.value = wanted;
  if (varied.length) await drawSlice(picker.value);
  else show("#slice", h("p", { class: "pending" }, "It appears when trials have different settings."));
  await drawParallel();
  drawImportance(why);
  drawPath(why);
  drawSaved(why);
}

try {
  $("#setting").addEventListener("change", (event) => {
    history.replaceState(null, "", `?${new URLSearchParams({ setting: event.target.value })}`);
    drawSlice(event.target.value);
  });
  await load();
  if (!isTerminal(known.job)) {
    const soon = calmly(() => load().catch(() => {}), 15000);
    listen(id, { last: 0, heard: (event) => { if (/^(trial|job)\./.test(event.kind)) soon(); } });
  }
} catch (error) {
  show("#slots", notice("bad", error.message, " ", h("a", { href: "/" }, "All jobs")));
  for (const part of document.querySelectorAll("#path, #saved, #slice, #parallel")) part.closest("section").hidden = true;
}
