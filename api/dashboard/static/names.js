/** Datasets and models: their names for the ids that jobs keep, and selects of them. */

import { all } from "./api.js";
import { h } from "./dom.js";
import { parameters, words } from "./format.js";

let loaded;
/** Every dataset and model, newest knowledge for this page view. */
export const registered = () => (loaded ??= Promise.all([all("/v1/datasets"), all("/v1/models")])
  .then(([datasets, models]) => ({ datasets, models, name: naming([...datasets, ...models]) })));

function naming(records) {
  const names = new Map(records.map((r) => [r.id, r.name]));
  return (id) => names.get(id) ?? id;
}

/** A student's label, as trials carry it. */
export const labelOf = (student) => (student.kind === "cut" ? `cut-${student.num_layers}` : student.model);

/** A student's label as people read it: cut students are named by their layers. */
export function studentName(label, name) {
  const layers = /^cut-(\d+)$/.exec(label)?.[1];
  return layers ? `${layers}-layer cut` : name(label);
}

const TRANSLATORS = document.body.dataset.translators.split(" ");
/** Whether a model writes texts in another language, and can neither teach nor learn. */
export const translates = (model) => TRANSLATORS.includes(model.architecture);

/** The students that `teacher` can have: itself, cut to fewer layers, and models with its tokenizer. */
export function studentsOf(teacher, models) {
  const cuts = Array.from({ length: Math.max(teacher.num_layers - 1, 1) }, (_, i) => i + 1)
    .map((n) => ({ label: `cut-${n}`, title: `${n} of ${teacher.num_layers} layers`, spec: { kind: "cut", num_layers: n } }));
  const own = models.filter((m) => m.id !== teacher.id && m.tokenizer_sha256 === teacher.tokenizer_sha256)
    .map((m) => ({ label: m.id, title: m.name, spec: { kind: "registered", model: m.id } }));
  return [...cuts.reverse(), ...own];
}

export const datasetOption = (d) => h("option", { value: d.id }, `${d.name} · ${words(d.task).toLowerCase()} · ${d.num_examples.train.toLocaleString("en")} train`);
export const modelOption = (m) => h("option", { value: m.id }, `${m.name} · ${m.num_layers} layers · ${parameters(m.num_parameters)}`);

/** Let a select choose among records, or none of them. */
export const offer = (select, records, draw, none) => select.replaceChildren(h("option", { value: "" }, none), ...records.map(draw));

/** Fill a select; what the address asked for, by id or name, is chosen. */
export function fill(select, records, draw, wanted, prompt) {
  offer(select, records, draw, records.length ? prompt : "None yet");
  const found = records.find((r) => r.id === wanted || r.name === wanted) ?? (records.length === 1 ? records[0] : null);
  select.value = found?.id ?? "";
}
