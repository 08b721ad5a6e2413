/** The search space as chips to switch off and ranges to narrow, for whatever names the service gives. */

import { $$, h, show } from "./dom.js";
import { number, words } from "./format.js";

const isChoice = (range) => range.type === "choice";

export class SpaceForm {
  constructor(place, components) {
    Object.assign(this, { place, components, full: {}, off: {}, ranges: {} });
    this.full = Object.fromEntries(Object.entries(components.slots).filter(([slot]) => slot !== "teacher" && slot !== "training")
      .map(([slot, kinds]) => [slot, { type: "choice", options: Object.keys(kinds) }]));
    this.draw();
  }

  /** The full space of the job as the service sees it now; what was switched off stays off. */
  offer(full) {
    if (JSON.stringify(full) === JSON.stringify(this.full)) return;
    this.full = full;
    this.draw();
  }

  /** Narrow to the space of another job. */
  adopt(space) {
    for (const [name, range] of Object.entries(space)) {
      if (isChoice(range)) this.off[name] = new Set((this.full[name]?.options ?? []).filter((o) => !range.options.includes(o)));
      else if (range.low !== this.full[name]?.low || range.high !== this.full[name]?.high) this.ranges[name] = { low: range.low, high: range.high };
    }
    this.draw();
  }

  /** What differs from the full space, as the request wants it. */
  value() {
    const narrowed = {};
    for (const [name, range] of Object.entries(this.full)) {
      const { low, high } = this.ranges[name] ?? range;
      if (!isChoice(range) && (low !== range.low || high !== range.high)) narrowed[name] = { ...range, low, high };
      const on = isChoice(range) && range.options.filter((o) => !this.off[name]?.has(o));
      if (on && on.length < range.options.length) narrowed[name] = on;
    }
    return narrowed;
  }

  draw() {
    const names = Object.keys(this.full);
    const slots = [...new Set(names.map((name) => name.split(".")[0]))];
    const open = new Set($$("details[open]", this.place).map((d) => d.dataset.slot));
    show(this.place, slots.map((slot) => {
      const mine = names.filter((name) => name.split(".")[0] === slot);
      const chips = mine.filter((name) => this.components.slots[name]);
      const settings = mine.filter((name) => !this.components.slots[name]);
      return h("div", { class: "slot" },
        mine[0] !== slot && h("h3", {}, words(slot)),
        chips.map((name) => this.choice(name)),
        settings.length > 0 && h("details", { "data-slot": slot, open: open.has(slot) },
          h("summary", {}, `${settings.length} searched ${settings.length === 1 ? "setting" : "settings"}`),
          h("div", { class: "ranges" }, settings.map((name) => (isChoice(this.full[name]) ? this.choice(name) : this.range(name))))));
    }));
  }

  /** What a flat name is called; names that belong to one kind say so. */
  title(name) {
    const parts = name.split(".");
    const own = parts.length > 2 ? ` · ${this.components.title(parts[0], parts[1])}` : "";
    const field = parts.at(-1);
    return parts.length === 1 ? words(name) : `${words(field)}${own}`;
  }

  choice(name) {
    const off = (this.off[name] ??= new Set());
    const id = `space-${name}`;
    return h("div", { class: "field", "data-field": `space.${name}` },
      h("h3", { id }, this.title(name)),
      h("div", { class: "chips", role: "group", "aria-labelledby": id }, this.full[name].options.map((option) =>
        h("label", { class: "chip" },
          h("input", { type: "checkbox", checked: !off.has(option), change: (e) => { if (e.target.checked) off.delete(option); else off.add(option); } }),
          this.components.slots[name] ? this.components.kind(name, option) : h("span", {}, String(option))))));
  }

  range(name) {
    const range = this.full[name];
    const set = this.ranges[name] ?? range;
    const id = `space-${name}`;
    const end = (side) => h("input", {
      type: "number", step: range.type === "int_uniform" ? 1 : "any", value: number(set[side], 6).replaceAll(",", ""), id: `${id}-${side}`, "aria-label": `${this.title(name)}, ${side === "low" ? "lowest" : "highest"}`,
      change: (e) => { this.ranges[name] = { ...(this.ranges[name] ?? { low: range.low, high: range.high }), [side]: Number(e.target.value) }; },
    });
    const { description = "" } = this.components.field(name);
    return h("div", { class: "field range", "data-field": `space.${name}` },
      h("label", { for: `${id}-low` }, this.title(name)),
      h("div", { class: "pair" }, end("low"), " to ", end("high")),
      h("small", {}, [description, range.log ? "Searched on a logarithmic scale." : ""].filter(Boolean).join(" ")));
  }
}
