/** The pictures of a job's overview, from columns and curves that the service downsamples. */

import { plot } from "./chart.js";
import { h, show } from "./dom.js";
import { axis, isCost, lowerIsBetter, metric, metricName, number, words } from "./format.js";
import { look, stateName } from "./origins.js";
import { headline, isTerminal } from "./state.js";

/** Older curves are left out, so that the picture stays readable. */
const MOST_CURVES = 60;
const LARGEST_MARK = 11;
const link = (job, t) => ({ href: `/jobs/${job.id}/trials/${t.number}` });
const ended = (job) => (isTerminal(job) ? "Nothing was measured here." : "It appears with the first epoch of a trial.");
const wait = (place, job) => show(place, h("p", { class: "pending" }, ended(job)));
const losing = (name) => (lowerIsBetter(name) ? "high" : "low");

/** Trials by number with the best so far, against the teacher and plain fine-tuning. */
export function drawHistory(place, job, name, { rows, total, leaders }, { teacher, plain, onzoom }) {
  const trials = rows.filter((t) => t.origin !== "confirmation" && t[`dev/${name}`] != null).map((t) => ({ ...t, score: t[`dev/${name}`] }));
  if (!trials.length) {
    wait(place, job);
    return;
  }
  const incumbent = trials.filter((t) => leaders.has(t.number)).map((t) => [t.number, t.score]);
  if (incumbent.length) incumbent.push([trials.at(-1).number, incumbent.at(-1)[1]]);
  const groups = Object.entries(Object.groupBy(trials, (t) => `${t.origin}${t.state === "complete" ? "" : " hollow"}`));
  const many = trials.length > 400 ? 2.4 : undefined;
  const series = groups.map(([key, of]) => ({
    name: look(key.split(" ")[0]).name, colour: look(key.split(" ")[0]).colour, hollow: key.endsWith(" hollow"), line: false, marks: true, faint: Boolean(many),
    points: of.map((t) => [t.number, t.score, `Trial ${t.number}, ${stateName(t.state)}`, { ...link(job, t), r: many }]),
  }));
  const references = [teacher != null && { name: "Teacher", y: teacher, colour: "ink" }, plain != null && { name: "Plain fine-tuning", y: plain, colour: 4 }].filter(Boolean);
  const aim = job.spec.objectives[0].metric;
  const led = `Best distilled so far${aim === name ? "" : `, by ${metricName(aim)}`}`;
  const known = [...new Set(trials.map((t) => t.origin))].map((o) => ({ ...look(o), line: false, marks: true }));
  plot(place, {
    label: `${metricName(name)} on dev of ${trials.length} trials, and the best so far`, height: 250, onzoom,
    series: [{ name: led, colour: 0, step: true, bold: true, mute: true, points: incumbent }, ...series],
    legend: [{ name: led, colour: 0 }, ...known, ...(trials.some((t) => t.state !== "complete") ? [{ name: "Not run to its end", colour: "none", line: false, marks: true, hollow: true }] : [])],
    note: rows.length < total ? `${rows.length.toLocaleString("en")} of ${total.toLocaleString("en")} trials: every leader, the best, the newest and an even sample. Drag across to see more of a part.` : "",
    references, trimmed: losing(name), x: { name: "trial" }, y: axis(name),
  });
}

/** [across, up] of the front's picture: two of several objectives, otherwise quality against latency. */
export function fronting(job, name) {
  const aims = job.spec.objectives.map((o) => o.metric);
  if (aims.length === 1) return [name === "latency_ms" ? "num_parameters" : "latency_ms", name];
  const up = aims.includes(name) ? name : aims[0]; // a result may be told in a metric that was no objective
  return [aims.find((aim) => aim !== up), up];
}

/** Quality against latency or another objective, size as area: whoever is on the front is beaten by nobody in everything. */
export function drawFront(place, job, { rows, front }, teacher) {
  const [other, name] = fronting(job, headline(job));
  const several = job.spec.objectives.length > 1;
  const ahead = several && job.result ? new Set(job.result.front) : front;
  const trials = rows.filter((t) => t[`dev/${name}`] != null && t[`dev/${other}`] != null && t.origin !== "confirmation" && t.state === "complete");
  show("#front-title", several ? `Front of ${metricName(name)} and ${metricName(other)}` : `${isCost(name) ? words(metricName(name)) : "Quality"} against ${metricName(other)}`, h("small", {}, "size as area"));
  if (!trials.length) {
    show(place, h("p", { class: "pending" }, isTerminal(job) ? "No trial ran to its end." : "It appears with the first finished trial."));
    return;
  }
  const largest = Math.max(...trials.map((t) => t["dev/num_parameters"] ?? 0), teacher.num_parameters ?? 0) || 1;
  const radius = (size) => Math.max(3, LARGEST_MARK * Math.sqrt((size ?? largest / 4) / largest));
  const point = (t) => [t[`dev/${other}`], t[`dev/${name}`], `Trial ${t.number}, ${metric("num_parameters", t["dev/num_parameters"])}`, { ...link(job, t), r: radius(t["dev/num_parameters"]) }];
  const best = trials.filter((t) => ahead.has(t.number)).sort((a, b) => a[`dev/${other}`] - b[`dev/${other}`]);
  const theirs = { name: teacher[`dev/${name}`], other: teacher[other] ?? teacher[`dev/${other}`] };
  const beside = theirs.name != null && theirs.other != null
    ? [{ name: "Teacher", colour: "ink", line: false, marks: true, points: [[theirs.other, theirs.name, metric("num_parameters", teacher.num_parameters), { r: radius(teacher.num_parameters) }]] }] : [];
  const { name: titled, tick, format } = axis(other);
  plot(place, {
    label: `${metricName(name)} on dev against ${metricName(other)} of ${trials.length} trials, ${best.length} on the front`, height: 250,
    series: [
      { name: "Trial", colour: "none", line: false, marks: true, hollow: true, points: trials.filter((t) => !ahead.has(t.number)).map(point) },
      { name: "On the front", colour: 2, line: best.length > 1, marks: true, points: best.map(point) }, ...beside,
    ],
    note: several && `The front is of trials that distil${job.spec.objectives.length > 2 ? `, in all of ${job.spec.objectives.map((o) => metricName(o.metric)).join(", ")}; two of them are drawn` : ""}.`,
    trimmed: losing(name), x: { name: titled, loose: true, tick: other === "latency_ms" ? (v) => number(v) : tick, format }, y: axis(name),
  });
}

/** How much of the space of objectives the front covers, trial by trial. */
export function drawVolume(place, job, { hypervolume, rows }) {
  if (!hypervolume.length) {
    const kept = job.spec.limits.length ? " within the limits" : "";
    show(place, h("p", { class: "pending" }, isTerminal(job) ? `No trial that distils ran to its end${kept}.` : `It appears with the first trial that distils and ran to its end${kept}.`));
    return;
  }
  const last = Math.max(hypervolume.at(-1)[0], ...rows.filter((t) => t.origin !== "confirmation").map((t) => t.number));
  const percent = (v) => `${number(100 * v)} %`;
  plot(place, {
    label: `Hypervolume of the front by trial, ${percent(hypervolume.at(-1)[1])} in the end`, height: 190,
    series: [
      { name: "", colour: 2, step: true, bold: true, mute: true, points: [...hypervolume, [last, hypervolume.at(-1)[1]]] },
      { name: "The front grew", colour: 2, line: false, marks: true, points: hypervolume.map(([n, v]) => [n, v, `Trial ${n}`, link(job, { number: n })]) },
    ],
    note: "In parts of the box from a tenth of the range beyond the worst finished trial to the best one, in each objective.",
    x: { name: "trial" }, y: { name: "covered in %", tick: (v) => number(100 * v, 4), format: percent },
  });
}

/** Every trial's course; those that run now and the best stand out, rungs are upright lines. */
export function drawCurves(place, job, curves, top, rungs = []) {
  const name = curves.metric;
  const trials = curves.trials.filter((t) => t.values.length);
  if (!trials.length) {
    if (isCost(name)) show(place, h("p", { class: "pending" }, "What is optimised does not change from epoch to epoch."));
    else wait(place, job);
    return;
  }
  const drawn = trials.filter((t, i) => t.state === "running" || t.number === top || i >= trials.length - MOST_CURVES);
  const series = drawn.map((t) => {
    const out = t.number === top;
    const running = t.state === "running";
    return {
      name: `Trial ${t.number}${out ? ", the best" : running ? ", running" : t.state === "pruned" ? ", stopped early" : ""}`, colour: look(t.origin).colour,
      faint: !out && !running, bold: out, marks: running || out || t.values.length === 1, hollow: running,
      points: t.epochs.map((e, i) => [e, t.values[i], null, i === t.epochs.length - 1 ? link(job, t) : undefined]),
    };
  });
  const rank = (line) => (line.bold ? 2 : line.hollow ? 1 : 0);
  plot(place, {
    note: drawn.length < curves.num_trials && `The newest, the running and the best: ${drawn.length} of ${curves.num_trials.toLocaleString("en")} trials.`,
    label: `${metricName(name)} on dev by epoch of ${drawn.length} trials`, series: series.sort((a, b) => rank(a) - rank(b)),
    legend: [...new Set(trials.map((t) => t.origin))].map(look), trimmed: losing(name), references: rungs.map((epoch, i) => ({ x: epoch, name: i ? "" : "rung", colour: "none" })),
    x: { name: "epoch" }, y: axis(name),
  });
}
