/** A job's overview: the story, results, how the search goes, and what happens now. */

import { drawAnswers } from "./answers.js";
import { get } from "./api.js";
import { columns } from "./columns.js";
import { catalogue } from "./components.js";
import { $, given, h, notice, show } from "./dom.js";
import { eventLine } from "./events.js";
import { better } from "./format.js";
import { head } from "./head.js";
import { asked, message } from "./job_text.js";
import { drawCurves, drawFront, drawHistory, drawVolume, fronting } from "./job_charts.js";
import { tiles } from "./job_tiles.js";
import { calmly, listen } from "./live.js";
import { registered, studentName } from "./names.js";
import { headline, isTerminal } from "./state.js";

const id = given().job;
const shown = { job: null, zoom: null, best: null };
const SHOWN_EVENTS = 60;
const PICTURES = ["number", "origin", "state", "distils"];

async function winner(job) {
  const number = job.result?.best.trial ?? job.best?.number;
  if (number === undefined) {
    const kept = job.spec.limits.length ? " within the limits" : "";
    return h("p", { class: "pending" }, isTerminal(job) ? `No pipeline that distils was finished${kept}.` : `No pipeline that distils has finished${kept} yet.`);
  }
  const [trial, components, { name }] = await Promise.all([get(`/v1/jobs/${id}/trials/${number}`), catalogue(), registered()]);
  return [
    h("p", {}, h("a", { href: `/jobs/${id}/trials/${number}` }, `Trial ${number}`), ` · student ${studentName(trial.spec.student, name)}`),
    components.inWords(trial.spec.pipeline),
  ];
}

const zoomed = () => (shown.zoom ? [`number>=${Math.ceil(shown.zoom[0])}`, `number<=${Math.floor(shown.zoom[1])}`] : []);

async function zoom(range) {
  shown.zoom = range;
  $("#unzoom").hidden = !range;
  const address = new URL(location.href);
  if (range) address.searchParams.set("trials", range.map(Math.round).join("-"));
  else address.searchParams.delete("trials");
  history.replaceState(null, "", address);
  await refresh();
}

function draw() {
  const { job, curves, trials, story, name, teacher } = shown;
  const metric = headline(job);
  head(job, name, refresh, [
    job.result?.artifact && h("a", { class: "button primary", href: `/v1/jobs/${id}/student`, download: true }, "Download student"),
    job.result?.graphs && h("a", { class: "button", href: `/v1/jobs/${id}/student?format=onnx`, download: true }, "ONNX"),
    h("a", { class: "button", href: `/v1/jobs/${id}/report`, target: "_blank" }, "Report"),
  ]);
  show("#message", message(job));
  drawAnswers("#answers", story);
  const plain = trials.rows.filter((t) => t.distils === false && t.state === "complete" && t.origin !== "confirmation").map((t) => t[`dev/${metric}`]).filter((v) => v != null);
  shown.plain = plain.length ? plain.reduce((a, b) => (better(metric, b, a) > 0 ? b : a)) : shown.plain ?? null;
  show("#tiles", tiles(job, { teacher, plain: shown.plain }));
  drawHistory($("#history"), job, metric, trials, { teacher: teacher[`dev/${metric}`] ?? teacher[metric], plain: shown.plain, onzoom: (a, b) => zoom([a, b]) });
  drawFront($("#front"), job, trials, teacher);
  $("#volume").closest("section").hidden = job.spec.objectives.length < 2;
  if (job.spec.objectives.length > 1) drawVolume($("#volume"), job, trials);
  drawCurves($("#curves"), job, curves, job.result?.best.trial ?? job.best?.number, job.spec.search.early_stopping ? [0.1, 1 / 3].map((share) => Math.ceil(share * job.spec.budget.max_epochs)) : []);
}

/** Everything is asked for at once and drawn at once, so that nothing on the page moves afterwards. */
async function refresh() {
  const job = await get(`/v1/jobs/${id}`);
  const names = [...new Set([...PICTURES, ...[headline(job), ...fronting(job, headline(job)), "num_parameters"].map((metric) => `dev/${metric}`)])];
  const best = [job.best?.number, job.state].join();
  const [curves, story, trials, first] = await Promise.all([
    get(`/v1/jobs/${id}/curves`), get(`/v1/jobs/${id}/story`), columns(id, names, { where: zoomed() }), best !== shown.best && winner(job),
  ]);
  Object.assign(shown, { job, curves, trials, best, story: story.answers, teacher: story.teacher });
  if (first) show("#winner", first);
  if (isTerminal(job)) $("#live").textContent = "";
  draw();
}

function heard(event) {
  const list = $("#activity");
  list.prepend(eventLine(event, id, headline(shown.job)));
  while (list.children.length > SHOWN_EVENTS) list.lastChild.remove();
  soon();
}

const soon = calmly(() => refresh().catch(() => {}), 1500);

try {
  const range = new URL(location.href).searchParams.get("trials")?.split("-").map(Number);
  if (range?.length === 2 && range.every(Number.isFinite)) shown.zoom = range.sort((a, b) => a - b);
  $("#unzoom").hidden = !shown.zoom;
  $("#unzoom").addEventListener("click", () => zoom(null));
  shown.name = (await registered()).name;
  await refresh();
  show("#asked", asked(shown.job, shown.name));
  const light = $("#live");
  listen(id, {
    last: SHOWN_EVENTS, heard,
    status: (up) => {
      light.className = up ? "live" : "live off";
      light.textContent = isTerminal(shown.job) ? "" : up ? "● live" : "○ reconnecting";
    },
  });
} catch (error) {
  show("#message", notice("bad", h("p", {}, error.message), h("p", {}, h("a", { href: "/" }, "All jobs"))));
  for (const part of document.querySelectorAll("#answers, #tiles, .columns > section")) part.remove();
}
