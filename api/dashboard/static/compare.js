/** Some trials of a job side by side: their curves on one plot, and where their pipelines differ. */

import { get } from "./api.js";
import { plot } from "./chart.js";
import { catalogue } from "./components.js";
import { $, given, h, notice, show, table } from "./dom.js";
import { axis, lowerIsBetter, metric, metricName, number, words } from "./format.js";
import { head } from "./head.js";
import { registered } from "./names.js";
import { badge, headline } from "./state.js";

const id = given().job;
const asked = new URL(location.href).searchParams;
const numbers = [...new Set(asked.getAll("trial").map(Number))].filter(Number.isInteger).slice(0, 6);

/** Every setting of a pipeline by its path. */
const flat = (value, path = "") => Object.entries(value).flatMap(([name, inner]) =>
  (inner !== null && typeof inner === "object" ? flat(inner, `${path}${name}.`) : [[`${path}${name}`, inner]]));

function differences(trials, components) {
  const rows = trials.map((t) => new Map(flat(t.spec.pipeline)));
  const paths = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const drawn = (path, value) => {
    if (value === undefined) return h("span", { class: "quiet" }, "–");
    const slot = path.replace(/\.kind$/, "");
    if (path.endsWith(".kind")) return components.kinds(slot)[value] ? components.kind(slot, value) : words(value);
    return typeof value === "number" ? number(value) : String(value);
  };
  const shown = paths.map((path) => ({ path, values: rows.map((row) => row.get(path)) }));
  const differ = shown.filter(({ values }) => new Set(values).size > 1);
  const same = shown.length - differ.length;
  const columns = [{ name: "Setting", cell: ({ path }) => words(path.replace(/\.kind$/, "").replaceAll(".", " · ")) },
    ...trials.map((t, i) => ({ name: `Trial ${t.number}`, cell: ({ path, values }) => drawn(path, values[i]) }))];
  return [differ.length ? table("Where the pipelines differ", columns, differ) : h("p", { class: "pending" }, "The pipelines are equal; the seeds differ."), h("p", { class: "quiet" }, h("small", {}, `${same} settings are the same in all of them.`))];
}

function scores(trials) {
  const names = [...new Set(trials.flatMap((t) => Object.keys(t.dev)))];
  const best = (name) => {
    const values = trials.map((t) => t.dev[name]).filter((v) => v != null);
    return lowerIsBetter(name) ? Math.min(...values) : Math.max(...values);
  };
  const columns = [{ name: "On dev", cell: (name) => metricName(name) }, ...trials.map((t) => ({
    name: `Trial ${t.number}`, num: true, cell: (name) => h("span", { class: t.dev[name] === best(name) ? "good" : "" }, metric(name, t.dev[name])) }))];
  return table("Scores", columns, names);
}

async function drawCurves(measured, job) {
  const curves = await get(`/v1/jobs/${id}/curves?${new URLSearchParams([["name", measured], ...numbers.map((n) => ["trial", n])])}`);
  const of = measured.startsWith("dev/") ? measured.slice(4) : null;
  plot($("#curves"), {
    label: `${words(measured)} by epoch of the compared trials`, height: 300,
    series: curves.trials.map((t) => ({ name: `Trial ${t.number}`, colour: numbers.indexOf(t.number), marks: true, points: t.epochs.map((e, i) => [e, t.values[i]]) })),
    x: { name: "epoch" }, y: of ? axis(of) : { name: words(measured.replace("/", " ")), tick: number, format: (v) => number(v) },
  });
}

try {
  if (numbers.length < 2) throw new Error("Choose two to six trials in the table of trials.");
  const [job, components, { name }, ...trials] = await Promise.all([get(`/v1/jobs/${id}`), catalogue(), registered(), ...numbers.map((n) => get(`/v1/jobs/${id}/trials/${n}`))]);
  head(job, name, () => location.reload());
  show("#differences", differences(trials, components));
  show("#scores", scores(trials));
  const measured = [...new Set(trials.flatMap((t) => t.curve.flatMap((m) => Object.keys(m.values))))];
  const picker = $("#measured");
  picker.replaceChildren(...measured.map((m) => h("option", { value: m }, words(m.replace("/", " ")))));
  picker.value = measured.includes(asked.get("measured")) ? asked.get("measured") : `dev/${headline(job)}`;
  picker.addEventListener("change", () => {
    asked.set("measured", picker.value);
    history.replaceState(null, "", `?${asked}`);
    drawCurves(picker.value, job);
  });
  if (measured.length) await drawCurves(picker.value, job);
  else show("#curves", h("p", { class: "pending" }, "No epoch was finished yet."));
  show("#legend", trials.map((t, i) => h("a", { class: `compared k${i}`, href: `/jobs/${id}/trials/${t.number}` }, `Trial ${t.number}`, " ", badge(t.state))));
} catch (error) {
  show("#legend", notice("bad", error.message, " ", h("a", { href: `/jobs/${id}/trials` }, "All trials")));
  for (const part of document.querySelectorAll("#main .card")) part.hidden = true;
}
