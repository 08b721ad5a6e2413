/** How the columns of trials are called and their cells are drawn. */

import { h } from "./dom.js";
import { ago, duration, metric, metricName, number, words } from "./format.js";
import { look } from "./origins.js";
import { studentName } from "./names.js";
import { badge } from "./state.js";

const FACTS = {
  number: "Trial", state: "State", origin: "Proposed by", student: "Student", distils: "Distils", score: "Score", seconds: "Time",
  epochs_done: "Epochs", num_attempts: "Attempts", finish_order: "Finished as", created_at: "Proposed", finished_at: "Finished",
};

/** What a column is called. */
export function title({ components }, name) {
  const [split, of] = name.split("/");
  if (of) return `${words(split)} ${metricName(of)}`;
  return FACTS[name] ?? components.label(name);
}

const MISSING = () => h("span", { class: "quiet" }, "–");
const moment = (seconds) => ago(new Date(1000 * seconds).toISOString());
const DRAWN = {
  state: badge, origin: (v) => look(v).name, seconds: duration, distils: (v) => (v ? "yes" : "no"), created_at: moment, finished_at: moment,
};

/** A cell; kinds have their mark, scores their unit. */
export function cell({ components, name: naming }, name, value) {
  if (value === null || value === undefined) return MISSING();
  const [, of] = name.split("/");
  if (of) return metric(of, value);
  if (name === "student") return studentName(value, naming);
  if (DRAWN[name]) return DRAWN[name](value);
  if (components.slots[name]) return components.kind(name, value);
  return typeof value === "number" ? number(value) : String(value);
}
