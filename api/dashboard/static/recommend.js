/** Ranked pipelines for a dataset, a teacher and a student; the address keeps the question. */

import { adviceItem, basis, carried, otherwise } from "./advice.js";
import { newKey, post } from "./api.js";
import { catalogue } from "./components.js";
import { $, h, notice, show } from "./dom.js";
import { datasetOption, fill, modelOption, registered, studentsOf, translates } from "./names.js";

const form = $("#form");
const asked = new URL(location.href).searchParams;
const place = $("#advice");
let known;
let components;

const teacher = () => known.models.find((m) => m.id === form.elements.teacher.value);

function drawStudents(wanted) {
  const of = teacher();
  const found = of ? studentsOf(of, known.models) : [];
  const student = form.elements.student;
  student.replaceChildren(...(found.length ? found.map((c) => h("option", { value: c.label }, c.title)) : [h("option", { value: "" }, "Choose a teacher first")]));
  if (found.length) student.value = (found.find((c) => c.label === wanted) ?? found[Math.floor((found.length - 1) / 2)]).label;
}

/** The offer of short trials, where they would tell more. */
function offer({ tryout, trying }) {
  if (trying) return notice("", "Short trials of such a list are under way: ", h("a", { href: `/jobs/${trying}` }, "see how far they are"), ".");
  if (!tryout) return null;
  const count = tryout.start.length;
  const key = newKey();
  const refusal = h("div", { "aria-live": "polite" });
  const run = async ({ currentTarget: button }) => {
    button.disabled = true;
    try {
      const job = await post("/v1/jobs", tryout, { headers: { "Idempotency-Key": key } });
      location.href = `/jobs/${job.id}`;
    } catch (error) {
      show(refusal, notice("bad", error.message));
      button.disabled = false;
    }
  };
  return h("section", { class: "card", "aria-labelledby": "tryout-title" },
    h("h2", { id: "tryout-title" }, "A better answer for a few short trials"),
    h("p", {}, `The first ${count === 1 ? "one" : count} that had none ${count === 1 ? "is" : "are"} trained on this dataset for a quarter of their epochs, besides plain fine-tuning. The list is then in the order of what they reach on dev. No other task learns from them.`),
    h("div", { class: "actions" }, h("button", { type: "button", click: run }, `Run ${count} short ${count === 1 ? "trial" : "trials"}`)), refusal);
}

function answer(said, question) {
  if (!said.advice.length) return h("div", { class: "card empty" }, h("h2", {}, "Nothing to recommend"), h("p", {}, said.message));
  const begin = h("a", { class: "button primary" }, "Start a job with them");
  const boxes = said.advice.map((_, i) => h("input", { type: "checkbox", checked: true, "aria-label": `Take pipeline ${i + 1}` }));
  const aim = () => {
    const query = new URLSearchParams({ dataset: question.dataset, teacher: question.teacher, student: form.elements.student.value });
    begin.href = `/jobs/new?${query}${carried(said.advice.filter((_, i) => boxes[i].checked).map((a) => a.pipeline))}`;
  };
  aim();
  return [h("section", { class: "card", "aria-label": "Recommended pipelines", change: aim },
    basis(said),
    h("ol", { class: "advice" }, said.advice.map((advice, i) => adviceItem(components, advice, `${i + 1}.`, boxes[i]))),
    h("p"), h("div", { class: "actions" }, begin)), offer(said), otherwise(components, said.otherwise)];
}

let round = 0;
async function ask() {
  const mine = ++round;
  const { dataset, teacher: model, student, k } = Object.fromEntries(new FormData(form));
  const chosen = studentsOf(teacher() ?? { num_layers: 0 }, known.models).find((c) => c.label === student);
  history.replaceState(null, "", `/recommend?${new URLSearchParams({ dataset, teacher: model, student, k })}`);
  if (!dataset || !model || !chosen) {
    const lacks = !known.datasets.length || !known.models.length;
    show(place, h("div", { class: "card empty" },
      h("h2", {}, lacks ? "A dataset and a model come first" : "Choose a dataset, a teacher and a student"),
      h("p", {}, "The list appears here, best first, with the reason for each pipeline."),
      lacks && h("div", { class: "actions" }, h("a", { class: "button", href: "/datasets#upload" }, "Upload a dataset"), h("a", { class: "button", href: "/models#register" }, "Register a model"))));
    return;
  }
  const question = { dataset, teacher: model, student: chosen.spec, k: k === "" ? undefined : Number(k) };
  show(place, h("p", { class: "loading" }, "Comparing with past tasks …"));
  try {
    const said = await post("/v1/recommendations", question);
    if (mine === round) show(place, answer(said, question));
  } catch (error) {
    if (mine === round) show(place, notice("bad", error.message));
  }
}

try {
  [known, components] = await Promise.all([registered(), catalogue()]);
  fill(form.elements.dataset, known.datasets, datasetOption, asked.get("dataset"), "Choose a dataset");
  fill(form.elements.teacher, known.models.filter((m) => !translates(m)), modelOption, asked.get("teacher"), "Choose a teacher");
  drawStudents(asked.get("student"));
  form.elements.k.value = asked.get("k") ?? 5;
  form.elements.teacher.addEventListener("change", () => drawStudents(form.elements.student.value));
  form.addEventListener("change", ask);
  form.addEventListener("submit", (event) => event.preventDefault());
  await ask();
} catch (error) {
  show(place, notice("bad", error.message));
}
