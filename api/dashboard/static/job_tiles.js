/** The figures on top of a job. While it runs they are single scores on dev, afterwards test means. */

import { h } from "./dom.js";
import { better, difference, duration, metric, metricName, score, seeds } from "./format.js";
import { bar, finished, headline, secondsLeft } from "./state.js";

/** The first figure large, what follows it (spread, unit) small. */
function big(value) {
  if (typeof value !== "string" || !value.includes(" ")) return value;
  const [first, ...rest] = value.split(" ");
  return [first, h("small", {}, ` ${rest.join(" ")}`)];
}

const tile = (name, value, note, look = "") => h("div", { class: `tile ${look}` },
  h("div", { class: "name" }, name), h("div", { class: "value" }, big(value)), h("div", { class: "note" }, note));

function done(job) {
  const { complete, pruned, failed, running, of } = job.progress;
  const left = secondsLeft(job);
  const parts = [`${complete} complete`, `${pruned} stopped early`, `${failed} failed`, running ? `${running} of ${job.spec.parallelism} slots busy` : "", left === null ? "" : `about ${duration(left)} left`];
  return h("div", { class: "tile" }, h("div", { class: "name" }, "Trials"),
    h("div", { class: "value" }, big(`${finished(job.progress).toLocaleString("en")} of ${of.toLocaleString("en")}`)), bar(job.progress), h("div", { class: "note" }, parts.filter(Boolean).join(" · ")));
}

function gainTile(name, gain, verdict) {
  if (gain === null) return tile("Gain from distillation", "–", "needs both scores");
  const look = verdict.tie ? "" : gain > 0 ? "good" : gain < 0 ? "warn" : "";
  return tile("Gain from distillation", h("span", { class: look }, verdict.tie ? "Tie" : big(difference(name, gain))), verdict.note);
}

const times = (a, b) => (a && b ? `${(a / b).toFixed(a / b < 10 ? 1 : 0)}×` : "–");

function saved(teacher, student) {
  const cost = (of) => times(teacher[of], student[of]);
  const size = (model) => metric("num_parameters", model.num_parameters).replace(" parameters", "");
  const latency = (model) => metric("latency_ms", model.latency_ms);
  if (!student.num_parameters || !teacher.num_parameters) return tile("Smaller, faster", "–", "known with the first finished trial");
  return tile("Smaller, faster", [cost("num_parameters"), h("small", {}, " smaller")],
    `${cost("latency_ms")} faster: ${latency(student)} instead of ${latency(teacher)}; ${size(student)} parameters instead of ${size(teacher)}`);
}

/** With the result: test means over seeds. */
function ended(job) {
  const { result } = job;
  const name = result.metric;
  const noise = { true: { tie: true, note: `${difference(name, result.gain)}, within the noise of seeds` }, false: { note: "beyond the noise of seeds (95 %)" }, null: { note: "one seed cannot tell it from noise" } };
  const over = (c) => `${metricName(name)} on test, ${seeds(c.test.seeds)}`;
  const trial = (number) => h("a", { href: `/jobs/${job.id}/trials/${number}` }, `trial ${number}`);
  const broken = result.broken.length > 0 && h("span", { class: "warn" }, `; the exported student breaks the limit on ${result.broken.map(metricName).join(" and ")}`);
  return [
    tile("Best distilled", score(name, result.best.test), [over(result.best), ", ", trial(result.best.trial), broken], "lead"),
    tile("Student without a teacher", score(name, result.plain.test), [over(result.plain), ", ", trial(result.plain.trial)]),
    tile("Teacher", metric(name, result.teacher[`test/${name}`]), `${metricName(name)} on test`),
    gainTile(name, result.gain, noise[result.within_noise]),
    saved(result.teacher, result.student),
  ];
}

/** While it runs: single scores on dev, which the tiles say. */
function going(job, { teacher, plain }) {
  const name = headline(job);
  const top = job.best?.dev[name] ?? null;
  const gain = top === null || plain === null ? null : better(name, top, plain);
  const on = `${metricName(name)} on dev, one seed`;
  return [
    tile("Best distilled", metric(name, top), job.best ? [on, ", ", h("a", { href: `/jobs/${job.id}/trials/${job.best.number}` }, `trial ${job.best.number}`)] : job.spec.limits.length ? "no such trial has finished within the limits" : "no such trial has finished", "lead"),
    tile("Student without a teacher", metric(name, plain), plain !== null ? on : "runs first, to be compared with"),
    tile("Teacher", metric(name, teacher[`dev/${name}`] ?? teacher[name]), `${metricName(name)} on dev`),
    gainTile(name, gain, { note: "so far, one seed: not yet certain" }),
    saved(teacher, job.best?.dev ?? {}),
  ];
}

export const tiles = (job, known) => [...(job.result ? ended(job) : going(job, known)), done(job)];
