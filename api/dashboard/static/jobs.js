/** The list of jobs. */

import { get } from "./api.js";
import { $, given, h, notice, show, table } from "./dom.js";
import { ago, difference, duration, exactly, metric, metricName, words } from "./format.js";
import { registered } from "./names.js";
import { actions, badge, bar, finished, headline, isBusy, jobName, secondsLeft } from "./state.js";

const address = new URL(location.href);
const picker = $("#state");
const place = $("#jobs");

function empty(state) {
  if (state) return h("div", { class: "card empty" }, h("h2", {}, `No ${state} jobs`), h("p", {}, "Choose another state above to see the others."));
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
  return [`${finished(job.progress)} of ${job.progress.of} trials`, bar(job.progress), left !== null && h("small", {}, `about ${duration(left)} left`)];
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

const columns = (name) => [
  { name: "Job", cell: (job) => [h("a", { href: `/jobs/${job.id}` }, jobName(job)), h("small", { class: "quiet" }, `${name(job.spec.dataset)} · taught by ${name(job.spec.teacher.model)}`)] },
  { name: "State", cell: (job) => [badge(job.state), job.state === "failed" && h("small", { class: "bad" }, job.message)] },
  { name: "Progress", cell: (job) => h("div", { class: "nowrap" }, progress(job)) },
  { name: "Best distilled", num: true, cell: best },
  { name: "Over plain", num: true, cell: gain },
  { name: "Created", cell: (job) => h("time", { class: "nowrap", datetime: job.created_at, title: exactly(job.created_at) }, ago(job.created_at)) },
  { name: "Actions", cell: (job) => h("div", { class: "actions" }, actions(job, load)) },
];

async function load() {
  const state = picker.value;
  const after = address.searchParams.get("after");
  const query = new URLSearchParams({ ...(state && { state }), ...(after && { after }) });
  try {
    const [page, { name }] = await Promise.all([get(`/v1/jobs?${query}`), registered()]);
    const pages = h("nav", { class: "paging", "aria-label": "Pages of jobs" },
      after ? h("a", { href: "/" }, "Newest jobs") : h("span"),
      page.next && h("a", { href: `/?${new URLSearchParams({ ...(state && { state }), after: page.next })}` }, "Older jobs"));
    if (page.items.length) show(place, table("Jobs", columns(name), page.items, { stack: true }), pages);
    else show(place, empty(state));
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

picker.append(...given().states.split(" ").map((state) => h("option", { value: state }, words(state))));
picker.value = address.searchParams.get("state") ?? "";
picker.addEventListener("change", () => { location.href = picker.value ? `/?state=${picker.value}` : "/"; });
document.addEventListener("visibilitychange", follow);
follow();
