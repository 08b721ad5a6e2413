/** The form of a job: checked while it is filled, with the space and the advice of its task. */

import { adviceItem, basis, handedOver } from "./advice.js";
import { get, newKey, post } from "./api.js";
import { catalogue } from "./components.js";
import { cli, curl, python } from "./copying.js";
import { $, $$, copy, h, notice, show } from "./dom.js";
import { duration, limit, metricName } from "./format.js";
import { follow, read, refuse, summary, write } from "./forms.js";
import { LimitsForm } from "./limits.js";
import { datasetOption, fill, labelOf, modelOption, offer, registered, studentsOf, translates } from "./names.js";
import { SpaceForm } from "./space.js";

const form = $("#form");
const asked = new URL(location.href).searchParams;
const SETTLED_MS = 350;
const COPIES = { curl: ["Command", curl], python: ["Program", python], cli: ["Command", cli] };
let known;
let components;
let space;
let start = handedOver();
let limits;
let candidates = [];
let wanted = new Set(asked.getAll("student"));
let aims = [];

const dataset = () => known.datasets.find((d) => d.id === form.elements.dataset.value);
const teacher = () => known.models.find((m) => m.id === $("#teacher").value);
const picked = (place) => $$(`${place} input:checked`).filter((i) => !i.closest("[hidden]")).map((i) => i.value);
const students = () => candidates.filter((c) => picked("#students").includes(c.label)).map((c) => c.spec);

/** The objectives in the order in which they were chosen. */
function aimed() {
  const on = picked("#objectives");
  aims = [...aims.filter((metric) => on.includes(metric)), ...on.filter((metric) => !aims.includes(metric))];
  return aims;
}

/** The request as it stands; `bare` leaves out what narrows the task's full space. */
function request(bare = false) {
  const asked = { ...read(form), students: students() };
  if (bare) return { ...asked, tryout: false };
  const objectives = aimed().map((metric) => ({ metric }));
  const narrowed = space.value();
  const kept = limits.value();
  return {
    ...asked, probes: picked("#probes"), ...(objectives.length && { objectives }), ...(Object.keys(narrowed).length && { space: narrowed }), ...(start.length && { start }), ...(kept.length && { limits: kept }),
  };
}

function drawStudents() {
  const of = teacher();
  const before = new Set([...wanted, ...picked("#students")]);
  candidates = of ? studentsOf(of, known.models) : [];
  if (!candidates.some((c) => before.has(c.label)) && candidates.length) before.add(candidates[Math.floor((candidates.length - 1) / 2)].label);
  show("#students", candidates.length
    ? candidates.map((c) => h("label", { class: "chip" }, h("input", { type: "checkbox", value: c.label, checked: before.has(c.label) }), h("span", {}, c.title)))
    : h("span", { class: "quiet" }, "Choose a teacher first."));
  wanted = new Set();
}

function drawObjectives() {
  const task = dataset()?.task;
  for (const chip of $$("#objectives .chip, #probes .chip")) chip.hidden = task !== undefined && !chip.dataset.tasks.split(" ").includes(task);
  limits.offer($$("#objectives .chip:not([hidden]) input").map((input) => input.value));
}

function drawStart() {
  return start.length > 0 && h("div", { class: "field", "data-field": "start" },
    h("h3", {}, "Tried first, as you chose"),
    h("ol", { class: "advice" }, start.map((pipeline, i) => adviceItem(components, { pipeline }, `${i + 1}.`,
      h("button", { type: "button", "aria-label": `Leave out pipeline ${i + 1}`, click: () => { start = start.filter((_, j) => j !== i); changed(); } }, "Leave out")))));
}

let advisedFor = "";
async function drawAdvice(body) {
  const question = { dataset: body.dataset, teacher: body.teacher.model, student: body.students[0], k: body.search?.recommended || 1 };
  const key = JSON.stringify([question, start, body.search?.recommended]);
  if (key === advisedFor) return;
  if (!advisedFor) show("#advice", drawStart(), h("p", { class: "quiet" }, "Comparing with past tasks …"));
  const said = body.search?.recommended === 0 ? null : await post("/v1/recommendations", question);
  advisedFor = key;
  show("#advice", drawStart(), said ? [
    basis(said),
    h("ol", { class: "advice" }, said.advice.map((advice, i) => adviceItem(components, advice, `${i + 1}.`))),
    h("p", { class: "quiet" }, "They are tried before the search proposes its own; set how many under “Search, seeds and limits”."),
  ] : h("p", { class: "quiet" }, "None are tried: “Recommended” is 0."));
}

/** A teacher without the dataset's classes cannot be used as it is; say so before it is asked. */
function drawPreparation() {
  const fits = teacher() && dataset() && teacher().labels.join() === dataset().labels.join();
  if (teacher() && dataset()) form.elements["teacher.preparation.kind"].value = fits ? "as_is" : "fine_tuned";
}

const say = (...children) => show("#verdict", children);

function missing(body) {
  const parts = [!body.dataset && "a dataset", !body.teacher?.model && "a teacher", !body.students.length && "at least one student"].filter(Boolean);
  return parts.length ? `Choose ${parts.join(", ").replace(/, ([^,]*)$/, " and $1")}.` : null;
}

/** What earlier jobs let expect. */
function expected({ low_s: low, high_s: high, epochs, basis }) {
  const [from, to] = [duration(low), duration(high)];
  const time = low === null ? "" : `About ${from === to ? from : `${from} to ${to}`}. `;
  return h("p", {}, h("strong", {}, time), `${Math.round(epochs).toLocaleString("en")} epochs in all are expected. `, h("span", { class: "quiet" }, basis));
}

function ready(spec, estimate) {
  const { num_trials: trials, max_epochs: epochs } = spec.budget;
  const { train } = dataset().num_examples;
  const used = Math.min(train, spec.max_train_examples ?? train);
  return [notice("good", h("strong", {}, "Ready to start.")),
    h("p", {}, `${trials} trials of at most ${epochs} epochs over ${used.toLocaleString("en")} examples, ${spec.parallelism} at a time; then ${spec.confirmation_seeds} fresh seeds of the winner and of plain fine-tuning.`),
    expected(estimate),
    estimate.caution ? notice("warn", estimate.caution) : "",
    h("p", { class: "quiet" }, `${Object.keys(spec.space).length} names are searched; ${spec.objectives.map((o) => metricName(o.metric)).join(" and ")} ${spec.objectives.length > 1 ? "are" : "is"} optimised${spec.limits.length ? `; the winner keeps ${spec.limits.map(limit).join(" and ")}` : ""}.`)];
}

function refused(error) {
  const stray = refuse(form, error.problems ?? []);
  if (error.problems?.length) say(summary(error.problems.length, stray));
  else say(notice("bad", error.message));
}

let round = 0;
/** Ask the service what it thinks of the form; answers to older questions are dropped. */
async function check() {
  const mine = ++round;
  const latest = () => mine === round;
  const bare = request(true);
  $("#request").textContent = JSON.stringify(request(), null, 2);
  const lacks = missing(bare);
  if (lacks) {
    refuse(form, []);
    say(h("p", { class: "quiet" }, lacks));
    show("#advice", drawStart(), h("p", { class: "quiet" }, "They appear as soon as dataset, teacher and a student are known."));
    advisedFor = "";
    return;
  }
  say(h("p", { class: "quiet" }, "Checking …"));
  try {
    const [full] = await Promise.all([post("/v1/jobs/validate", bare), drawAdvice(bare)]);
    if (!latest()) return;
    space.offer(full.space);
    const body = request();
    const plain = JSON.stringify(body) === JSON.stringify(bare);
    const spec = plain ? full : await post("/v1/jobs/validate", body);
    if (!latest()) return;
    const estimate = await post("/v1/jobs/estimate", body);
    if (!latest()) return;
    refuse(form, []);
    say(ready(spec, estimate));
  } catch (error) {
    if (latest()) refused(error);
  }
}

let settled;
function changed() {
  aimed();
  follow(form);
  clearTimeout(settled);
  settled = setTimeout(check, SETTLED_MS);
}

let sent = { body: null, key: null };
async function submit(event) {
  event.preventDefault();
  const body = request();
  const lacks = missing(body);
  if (lacks) {
    say(notice("bad", lacks));
    return;
  }
  const text = JSON.stringify(body);
  if (sent.body !== text) sent = { body: text, key: newKey() };
  const button = $("button[type=submit]");
  button.disabled = true;
  try {
    const job = await post("/v1/jobs", body, { headers: { "Idempotency-Key": sent.key } });
    location.href = `/jobs/${job.id}`;
  } catch (error) {
    refused(error);
    button.disabled = false;
  }
}

/** Take over another job's request. */
async function adopt(id) {
  const { spec } = await get(`/v1/jobs/${id}`);
  const { students: theirs, space: narrowed, objectives, probes, start: first, limits: kept, ...plain } = spec;
  write(form, plain);
  drawObjectives();
  wanted = new Set(theirs.map(labelOf));
  drawStudents();
  aims = objectives.map((o) => o.metric);
  for (const input of $$("#objectives input")) input.checked = aims.includes(input.value);
  for (const input of $$("#probes input")) input.checked = probes.includes(input.value);
  if (!start.length) start = first;
  limits.adopt(kept);
  const full = await post("/v1/jobs/validate", request(true));
  space.offer(full.space);
  space.adopt(narrowed);
}

try {
  [known, components] = await Promise.all([registered(), catalogue()]);
  for (const name of $$("[data-metric]")) name.textContent = metricName(name.dataset.metric);
  fill(form.elements.dataset, known.datasets, datasetOption, asked.get("dataset"), "Choose a dataset");
  const encoders = known.models.filter((m) => !translates(m));
  fill($("#teacher"), encoders, modelOption, asked.get("teacher"), "Choose a teacher");
  for (const select of $$("select[name^='augmenters.']")) offer(select, select.name.includes("translation") ? known.models.filter(translates) : encoders, modelOption, "None");
  limits = new LimitsForm($("#limits"), changed);
  space = new SpaceForm($("#space"), components);
  drawStudents();
  drawObjectives();
  drawPreparation();
  follow(form);
  if (asked.get("from")) await adopt(asked.get("from"));
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  $("#teacher").addEventListener("change", () => { drawStudents(); drawPreparation(); });
  form.elements.dataset.addEventListener("change", () => { drawObjectives(); drawPreparation(); });
  form.addEventListener("submit", submit);
  for (const [name, [what, write]] of Object.entries(COPIES)) $(`#${name}`).addEventListener("click", () => copy(write(request()), what));
  await check();
} catch (error) {
  say(notice("bad", error.message));
}
form.removeAttribute("aria-busy");
