/** One dataset: its profile, its neighbours, and the jobs that used it. */

import { get, remove } from "./api.js";
import { drawMap } from "./dataset_map.js";
import { $, agreed, given, h, notice, show, table, toast } from "./dom.js";
import { ago, exactly, metric, number, words } from "./format.js";
import { registered } from "./names.js";
import { badge, headline, jobName } from "./state.js";

const id = given().dataset;
/** What the shorter names of meta-features mean. */
const SAID = {
  log_train: "Training examples, natural logarithm", mean_words: "Words of an example, on average", p95_words: "Words that 95 % of the examples do not exceed",
  type_token_ratio: "Different words per word", unseen_words: "Words of dev that training never saw", duplicate_share: "Examples that occur more than once", conflict_share: "Equal texts with different labels",
  log_outputs: "Classes, natural logarithm", label_entropy: "Evenness of the classes (1 is even)", minority_share: "Share of the rarest class", majority: "Accuracy of always naming the commonest class",
  linear_gain: "Landmark: what a linear model gains over that", neighbour_gap: "Landmark: nearest neighbour against the linear model", pair: "Pairs of texts", skew: "Skewness of the values",
};

function facts(dataset) {
  const { train, dev, test } = dataset.num_examples;
  const pairs = [["Task", words(dataset.task)], ["Examples", `${train.toLocaleString("en")} train, ${dev.toLocaleString("en")} dev, ${test.toLocaleString("en")} test`],
    ["Labels", dataset.labels.length ? `${dataset.labels.length}: ${dataset.labels.slice(0, 20).join(", ")}${dataset.labels.length > 20 ? " …" : ""}` : "real values"],
    ["Licence", dataset.licence || "not said"], ["Added", h("time", { datetime: dataset.created_at, title: exactly(dataset.created_at) }, ago(dataset.created_at))], ["Content", h("code", {}, dataset.sha256.slice(0, 16))]];
  return h("dl", { class: "pipeline" }, pairs.map(([term, said]) => [h("dt", {}, term), h("dd", {}, said)]));
}

const profile = (dataset) => table("Meta-features", [
  { name: "What the recommender compares", cell: ([name]) => [SAID[name] ?? words(name), h("small", { class: "quiet" }, name)] },
  { name: "Value", num: true, cell: ([, value]) => number(value) },
], Object.entries(dataset.meta_features));

function jobs(found, name) {
  if (!found.length) return h("p", { class: "pending" }, "No job has used it yet.");
  return table("Jobs that used it", [
    { name: "Job", cell: (job) => h("a", { href: `/jobs/${job.id}` }, jobName(job)) }, { name: "State", cell: (job) => badge(job.state) },
    { name: "Teacher", cell: (job) => name(job.spec.teacher.model) },
    { name: "Best", num: true, cell: (job) => metric(headline(job), job.result?.best.test.mean ?? job.best?.dev[headline(job)]) },
    { name: "Created", cell: (job) => ago(job.created_at) },
  ], found);
}

async function forget(dataset) {
  if (!(await agreed(`Delete the dataset “${dataset.name}”? This cannot be taken back.`, "Delete dataset"))) return;
  try {
    await remove(`/v1/datasets/${dataset.id}`);
    location.href = "/datasets";
  } catch (error) {
    toast("bad", error.message);
  }
}

try {
  const dataset = await get(`/v1/datasets/${encodeURIComponent(id)}`);
  const [map, used, { name }] = await Promise.all([get("/v1/datasets-map"), get(`/v1/jobs?uses=${dataset.id}`), registered()]);
  document.title = `${dataset.name} · AutoDistiller`;
  show("#title", dataset.name);
  show("#actions", h("a", { class: "button primary", href: `/jobs/new?dataset=${dataset.id}` }, "New job"), h("a", { class: "button", href: `/recommend?dataset=${dataset.id}` }, "Recommend"), h("button", { type: "button", class: "danger", click: () => forget(dataset) }, "Delete"));
  show("#facts", facts(dataset));
  show("#profile", profile(dataset));
  show("#jobs", jobs(used.items, name));
  drawMap($("#map"), map, dataset.id);
  const mine = map.places.find((p) => p.id === dataset.id)?.neighbours ?? [];
  show("#neighbours", mine.length ? h("ol", {}, mine.map((n) => h("li", {}, h("a", { href: `/datasets/${n.id}` }, n.name), h("span", { class: "quiet" }, ` distance ${n.distance.toFixed(2)}`)))) : h("p", { class: "quiet" }, "There is no other dataset yet."));
} catch (error) {
  show("#facts", notice("bad", error.message, " ", h("a", { href: "/datasets" }, "All datasets")));
  for (const part of document.querySelectorAll(".columns > section:not(:first-child)")) part.hidden = true;
}
