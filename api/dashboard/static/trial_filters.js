/** Filters and the choice of columns for a table of trials, drawn from the fields that the job has. */

import { $$, h, show } from "./dom.js";
import { number } from "./format.js";
import { stateName } from "./origins.js";
import { title } from "./trial_cells.js";

const parsed = (condition) => {
  const [, name, how, value] = /^([^<>=]+)(>=|<=|=)(.*)$/s.exec(condition) ?? [];
  return { name, how, value };
};

export class Filters {
  constructor(place, known, changed) {
    Object.assign(this, { place, known, changed });
  }

  draw(where) {
    this.where = where;
    const used = new Set(where.map((w) => parsed(w).name));
    const fields = this.known.fields.filter((f) => (f.type === "category" ? f.values.length > 1 : f.low !== f.high));
    show(this.place,
      where.map((condition, i) => this.chip(condition, i)),
      h("select", { "aria-label": "Add a filter", change: (event) => { if (event.target.value) this.editor(event.target.value); } },
        h("option", { value: "" }, "Add a filter …"),
        fields.filter((f) => f.type === "number" || !used.has(f.name)).map((f) => h("option", { value: f.name }, title(this.known, f.name)))));
  }

  set(where) {
    this.draw(where);
    this.changed(where);
  }

  label(name, value) {
    if (name === "state") return stateName(value);
    return this.known.components.slots[name] ? this.known.components.title(name, value) : value;
  }

  chip(condition, i) {
    const { name, how, value } = parsed(condition);
    const said = how === "=" ? value.split("|").map((v) => this.label(name, v)).join(" or ") : `${how === ">=" ? "≥" : "≤"} ${value}`;
    return h("span", { class: "chip set" }, `${title(this.known, name)}: ${said}`,
      h("button", { type: "button", "aria-label": `Take the filter of ${title(this.known, name)} away`, click: () => this.set(this.where.filter((_, j) => j !== i)) }, "×"));
  }

  /** A small form for one more condition. */
  editor(name) {
    const field = this.known.fields.find((f) => f.name === name);
    const form = h("form", { class: "editor", submit: (event) => { event.preventDefault(); this.set([...this.where, ...this.read(field, form)]); } },
      h("strong", {}, title(this.known, name)),
      field.type === "category" ? h("div", { class: "chips" }, field.values.map((v) => h("label", { class: "chip" }, h("input", { type: "checkbox", value: v }), h("span", {}, this.label(name, v)))))
        : h("div", { class: "pair" }, ["least", "most"].map((end) => h("input", { type: "number", step: "any", name: end, "aria-label": `At ${end}`, placeholder: `${end === "least" ? "≥" : "≤"} ${number(end === "least" ? field.low : field.high)}` }))),
      h("button", { class: "primary", type: "submit" }, "Filter"), h("button", { type: "button", click: () => this.draw(this.where) }, "Leave it"));
    show(this.place, form);
    form.querySelector("input")?.focus();
  }

  read(field, form) {
    if (field.type === "category") {
      const values = $$("input:checked", form).map((i) => i.value);
      return values.length ? [`${field.name}=${values.join("|")}`] : [];
    }
    const [least, most] = $$("input", form).map((i) => i.value.trim());
    return [least && `${field.name}>=${least}`, most && `${field.name}<=${most}`].filter(Boolean);
  }

  /** Check boxes for every column; `chosen` says which are on. */
  chooser(place, chosen, changed) {
    const groups = Object.entries(Object.groupBy(this.known.fields.filter((f) => f.name !== "number"), ({ name }) => (name.includes("/") ? name.split("/")[0] : this.known.components.slots[name.split(".")[0]] ? "pipeline" : "trial")));
    const now = new Set(chosen());
    show(place, groups.map(([group, fields]) => h("fieldset", {}, h("legend", {}, { dev: "Scores on dev", test: "Scores on test (report only)", pipeline: "Pipeline", trial: "Trial" }[group]),
      h("div", { class: "chips" }, fields.map(({ name }) => h("label", { class: "chip" },
        h("input", { type: "checkbox", value: name, checked: now.has(name), change: () => changed($$("input:checked", place).map((i) => i.value)) }), h("span", {}, title(this.known, name))))))));
  }
}
