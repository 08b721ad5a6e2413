/** The pictures of a job's overview, from the columnar /curves. */

import { plot } from "./chart.js";
import { h, show } from "./dom.js";
import { axis, better, lowerIsBetter, metricName } from "./format.js";
import { isTerminal } from "./state.js";

/** Origins by colour; a new one is drawn in the last. */
const ORIGINS = {
  baseline: { name: "Plain fine-tuning", colour: 4 }, user: { name: "Yours", colour: 3 }, recommended: { name: "Recommended", colour: 2 },
  sampler: { name: "Search", colour: 0 }, confirmation: { name: "Confirmation", colour: 7 },
};
/** Older curves are left out, so that the picture stays readable. */
const MOST_CURVES = 60;
const look = (origin) => ORIGINS[origin] ?? { name: origin, colour: 6 };

/** The best epoch of each trial that has one. */
export const scored = (name, trials) => trials.filter((t) => t.values.length)
  .map((t) => ({ ...t, score: lowerIsBetter(name) ? Math.min(...t.values) : Math.max(...t.values) }));
export const plainRuns = (curves) => curves.trials.filter((t) => t.origin === "baseline" && t.state === "complete");
export const best = (name, trials) => scored(name, trials).reduce((a, b) => (a && better(name, a.score, b.score) >= 0 ? a : b), null);

const wait = (place, job) => show(place, h("p", { class: "pending" }, isTerminal(job) ? "Nothing was measured before the job ended." : "It appears with the first epoch of a trial."));

/** Trials by number with the best so far, against the teacher and plain fine-tuning. */
export function drawHistory(place, job, curves, teacher) {
  const name = curves.metric;
  const trials = scored(name, curves.trials.filter((t) => t.origin !== "confirmation"));
  if (!trials.length) {
    wait(place, job);
    return;
  }
  const incumbent = [];
  for (const t of trials.filter((x) => x.origin !== "baseline" && x.state === "complete")) {
    if (!incumbent.length || better(name, t.score, incumbent.at(-1)[1]) > 0) incumbent.push([t.number, t.score]);
  }
  if (incumbent.length) incumbent.push([trials.at(-1).number, incumbent.at(-1)[1]]);
  const groups = Object.entries(Object.groupBy(trials, (t) => `${t.origin}${t.state === "complete" ? "" : " hollow"}`));
  const note = (t) => `Trial ${t.number}, ${t.state === "pruned" ? "stopped early" : t.state} after ${t.epochs.at(-1)} epochs`;
  const series = groups.map(([key, of]) => ({
    name: look(key.split(" ")[0]).name, colour: look(key.split(" ")[0]).colour, hollow: key.endsWith(" hollow"), line: false, marks: true,
    points: of.map((t) => [t.number, t.score, note(t)]),
  }));
  const plain = best(name, plainRuns(curves));
  const theirs = job.result?.teacher[`dev/${name}`] ?? teacher[`dev/${name}`];
  const references = [theirs != null && { name: "Teacher", y: theirs, colour: "ink" }, plain && { name: "Plain fine-tuning", y: plain.score, colour: 4 }].filter(Boolean);
  const known = [...new Set(trials.map((t) => t.origin))].map((o) => ({ ...look(o), line: false, marks: true }));
  plot(place, {
    label: `Best ${metricName(name)} on dev of each of ${trials.length} trials, and the best so far`,
    series: [{ name: "Best distilled so far", colour: 0, step: true, bold: true, mute: true, points: incumbent }, ...series],
    legend: [{ name: "Best distilled so far", colour: 0 }, ...known, ...(trials.some((t) => t.state !== "complete") ? [{ name: "not run to its end", colour: "none", line: false, marks: true, hollow: true }] : [])],
    references, trimmed: lowerIsBetter(name) ? "high" : "low",
    x: { name: "trial" }, y: axis(name),
  });
}

/** Every trial's course on dev; those that run now and the best stand out. */
export function drawCurves(place, job, curves) {
  const name = curves.metric;
  const trials = curves.trials.filter((t) => t.values.length);
  if (!trials.length) {
    wait(place, job);
    return;
  }
  const top = best(name, trials.filter((t) => t.origin !== "baseline" && t.state === "complete"));
  const drawn = trials.filter((t, i) => t.state === "running" || t.number === top?.number || i >= trials.length - MOST_CURVES);
  const series = drawn.map((t) => {
    const out = t.number === top?.number;
    const running = t.state === "running";
    return {
      name: `Trial ${t.number}${out ? ", the best" : running ? ", running" : t.state === "pruned" ? ", stopped early" : ""}`, colour: look(t.origin).colour,
      faint: !out && !running, bold: out, marks: running || out || t.values.length === 1, hollow: running, points: t.epochs.map((e, i) => [e, t.values[i]]),
    };
  });
  const rank = (line) => (line.bold ? 2 : line.hollow ? 1 : 0);
  plot(place, {
    note: drawn.length < curves.num_trials && `The newest, the running and the best: ${drawn.length} of ${curves.num_trials} trials.`,
    label: `${metricName(name)} on dev by epoch of ${drawn.length} trials`, series: series.sort((a, b) => rank(a) - rank(b)),
    legend: [...new Set(trials.map((t) => t.origin))].map(look), trimmed: lowerIsBetter(name) ? "high" : "low",
    x: { name: "epoch" }, y: axis(name),
  });
}
