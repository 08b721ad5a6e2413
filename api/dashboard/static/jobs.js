/** The list of jobs: sought, sorted and steered; the address keeps what is seen. */

import { get } from "./api.js";
import { $, given, h, notice, show, table } from "./dom.js";
import { ago, better, difference, duration, exactly, metric, metricName, words } from "./format.js";
import { registered } from "./names.js";
import { spark } from "./spark.js";
import { actions, badge, bar, finished, headline, isBusy, jobName, secondsLeft } from "./state.js";

const form = $("#seek");
const place = $("#jobs");
const asked = new URL(location.href).searchParams;
const SORTED = { Job: "name", State: "state", Created: "created" };
const FIELDS = ["text", "state", "project", "uses"];

function query(change = {}) {
  const now = { ...Object.fromEntries(asked), ...change };
  return new URLSearchParams(Object.entries(now).filter(([name, value]) => value && [...FIELDS, "sort", "after"].includes(name)));
}

function go(change) {
  const now = query({ after: "", ...change });
  for (const name of [...asked.keys()]) asked.delete(name);
  for (const [name, value] of now) asked.set(name, value);
  history.replaceState(null, "", now.size ? `/?${now}` : "/");
  return follow();
}

function empty() {
  if ([...FIELDS, "after"].some((name) => asked.get(name))) {
    return h("div", { class: "card empty" }, h("h2", {}, "No job matches"), h("p", {}, "Other words or another state may find it."),
      h("div", { class: "actions" }, h("a", { class: "button", href: "/" }, "Show all jobs")));
  }
  return h("div", { class: "card empty" },
    h("h2", {}, "No jobs yet"),
    h("p", {}, "A job takes your dataset, a teacher and a student, and searches for the pipeline that makes the student best. Start by adding a dataset and a model."),
    h("div", { class: "actions" },
      h("a", { class: "button", href: "/datasets#upload" }, "Upload a dataset"),
      h("a", { class: "button", href: "/models#register" }, "Register a model"),
      h("a", { class: "button primary", href: "/jobs/new" }, "New job")));
}

function progress(job) {
  const left = secondsLeft(job);
  const { pruned, failed } = job.progress;
  const rest = [failed && `${failed} failed`, pruned && `${pruned} stopped early`, left !== null && `about ${duration(left)} left`].filter(Boolean).join(", ");
  return [`${finished(job.progress).toLocaleString("en")} of ${job.progress.of.toLocaleString("en")} trials`, bar(job.progress), rest && h("small", {}, rest)];
}

function best(job) {
  const name = headline(job);
  if (job.result) return [metric(name, job.result.best.test.mean), h("small", {}, `${metricName(name)}, test`)];
  if (!job.best) return h("span", { class: "quiet" }, "none yet");
  return [metric(name, job.best.dev[name]), h("small", {}, `${metricName(name)}, dev`)];
}

function gain(job) {
  if (!job.result) return h("span", { class: "quiet" }, "–");
  const { gain: won, within_noise: tie, metric: name } = job.result;
  const verdict = tie ? "a tie: within noise" : tie === null ? "one seed: not certain" : won > 0 ? "beyond noise" : "plain was better";
  return [h("span", { class: tie || tie === null ? "" : won > 0 ? "good" : "warn" }, difference(name, won)), h("small", {}, verdict)];
}

function teacher(job) {
  const { result } = job;
  if (!result) return h("span", { class: "quiet" }, "–");
  const name = result.metric;
  const theirs = result.teacher[`test/${name}`];
  const away = better(name, result.best.test.mean, theirs);
  return [metric(name, theirs), h("small", {}, `student ${difference(name, away)}`)];
}

function trend(job) {
  const name = headline(job);
  return spark(job.spark, `Best so far: from ${metric(name, job.spark[0])} to ${metric(name, job.spark.at(-1))}`) ?? h("span", { class: "quiet" }, "–");
}

function columns(name) {
  const of = asked.get("sort") ?? "-created";
  const sorted = (title) => {
    const key = SORTED[title];
    if (!key) return {};
    const on = of.replace(/^-/, "") === key;
    const down = of.startsWith("-");
    return { on: on && (down ? "descending" : "ascending"), draw: h("button", { type: "button", class: "sort", "aria-label": `Sort by ${title.toLowerCase()}`, click: () => go({ sort: on && !down ? `-${key}` : on ? key : key === "created" ? "-created" : key }) }, title, h("span", { "aria-hidden": "true" }, on ? (down ? " ↓" : " ↑") : "")) };
  };
  return [
    { name: "Job", cell: (job) => [h("a", { href: `/jobs/${job.id}` }, jobName(job)), h("small", { class: "quiet" }, [name(job.spec.dataset), `taught by ${name(job.spec.teacher.model)}`, job.spec.project !== "default" && job.spec.project].filter(Boolean).join(" · "))] },
    { name: "State", cell: (job) => [badge(job.state), job.state === "failed" && h("small", { class: "bad" }, job.message)] },
    { name: "Progress", cell: (job) => h("div", { class: "nowrap" }, progress(job)) },
    { name: "So far", cell: trend },
    { name: "Best distilled", num: true, cell: best },
    { name: "Over plain", num: true, cell: gain },
    { name: "Teacher", num: true, cell: teacher },
    { name: "Created", cell: (job) => h("time", { class: "nowrap", datetime: job.created_at, title: exactly(job.created_at) }, ago(job.created_at)) },
    { name: "Actions", cell: (job) => h("div", { class: "actions" }, actions(job, load, ["pause", "resume", "cancel"])) },
  ].map((column) => ({ ...column, ...sorted(column.name) }));
}

async function load() {
  try {
    const [page, { name }] = await Promise.all([get(`/v1/jobs?${query()}`), registered()]);
    const pages = h("nav", { class: "paging", "aria-label": "Pages of jobs" },
      asked.get("after") ? h("a", { href: `/?${query({ after: "" })}` }, "First jobs") : h("span"),
      page.next && h("a", { href: `/?${query({ after: page.next })}` }, "More jobs"));
    if (page.items.length) show(place, table("Jobs", columns(name), page.items, { stack: true }), pages);
    else show(place, empty());
    return page.items.some(isBusy);
  } catch (error) {
    show(place, notice("bad", h("p", {}, error.message)));
    return true;
  }
}

/** Asks again while a job is busy and someone is looking; an idle list costs the service nothing. */
let timer;
async function follow() {
  clearTimeout(timer);
  if (document.hidden) return;
  if (await load()) timer = setTimeout(follow, 4000);
}

form.elements.state.append(...given().states.split(" ").map((state) => h("option", { value: state }, words(state))));
for (const name of ["text", "state", "project"]) form.elements[name].value = asked.get(name) ?? "";
let typed;
form.addEventListener("input", () => {
  clearTimeout(typed);
  typed = setTimeout(() => go(Object.fromEntries(new FormData(form))), 250);
});
form.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("visibilitychange", follow);
follow();
