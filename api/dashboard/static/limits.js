/** Limits of a job as rows, each a metric or cost and its bound. */

import { $, $$, h } from "./dom.js";
import { lowerIsBetter, metricName, unit } from "./format.js";
import { NOT_A_NUMBER } from "./forms.js";

export class LimitsForm {
  constructor(place, changed) {
    Object.assign(this, { place, changed, names: [] });
    this.add = h("button", { type: "button", click: () => { this.put(); this.place.lastElementChild.querySelector("select").focus(); } }, "Add a limit");
    place.after(h("div", { class: "actions" }, this.add));
  }

  /** What may be limited for the task; rows of what may not be go. */
  offer(names) {
    const kept = this.value().filter(({ metric }) => names.includes(metric));
    this.names = names;
    this.adopt(kept);
  }

  adopt(limits) {
    this.place.replaceChildren();
    for (const limit of limits) this.put(limit);
    this.full();
  }

  /** The limits as a request wants them; a row without a number is none. Rows are numbered alike, so that problems find them. */
  value() {
    for (const row of $$("[data-field]", this.place)) row.removeAttribute("data-field");
    const filled = [...this.place.children].filter((row) => $("input", row).value.trim() !== "" || $("input", row).validity.badInput);
    return filled.map((row, i) => {
      row.dataset.field = `limits.${i}`;
      const { value, validity } = $("input", row);
      return { metric: $("select", row).value, bound: validity.badInput ? NOT_A_NUMBER : Number(value) };
    });
  }

  put({ metric, bound = "" } = {}) {
    const used = $$("select", this.place).map((select) => select.value);
    const free = this.names.filter((name) => !used.includes(name));
    const select = h("select", { "aria-label": "What is limited", "data-part": "metric", change: () => told() }, [...new Set([...this.names, metric ?? []].flat())].map((name) => h("option", { value: name }, metricName(name))));
    select.value = metric ?? (free.includes("latency_ms") ? "latency_ms" : free[0] ?? this.names[0]);
    const side = h("span");
    const measure = h("small");
    const input = h("input", { type: "number", step: "any", "data-part": "bound", inputmode: "decimal", value: bound, autocomplete: "off" });
    const told = () => {
      side.textContent = lowerIsBetter(select.value) ? "at most" : "at least";
      measure.textContent = unit(select.value);
      input.setAttribute("aria-label", `${metricName(select.value)}, ${side.textContent}`);
    };
    told();
    const row = h("div", { class: "limit" }, select, side, input, measure,
      h("button", { type: "button", click: () => { row.remove(); this.full(); this.changed(); } }, "Leave out"));
    this.place.append(row);
    this.full();
  }

  full() {
    [...this.place.children].forEach((row, i) => $("button", row).setAttribute("aria-label", `Leave out limit ${i + 1}`));
    this.add.disabled = !this.names.length || this.place.children.length >= Number(this.place.dataset.most);
  }
}
