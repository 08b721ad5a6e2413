/** Titles, help and colours of the components, all from /v1/components. */

import { get } from "./api.js";
import { h, s } from "./dom.js";
import { number, words } from "./format.js";

/** One shape for each slot, in their order; the colour tells its kinds apart. */
const SHAPES = [
  "M0 10.5L5.5 0L11 10.5z", "M1 1h9v9H1z", "M5.5 -.5l6 6l-6 6l-6-6z", "M5.5 .5a5 5 0 1 0 .001 0z",
  "M3.8 0h3.4v3.800H11v3.400H7.2V11H3.8V7.2H0V3.800h3.800z", "M0 .5h11L5.5 11z",
];
const COLOURS = 8;

class Catalogue {
  constructor(slots) { this.slots = slots; }

  kinds(slot) { return this.slots[slot] ?? {}; }
  title(slot, kind) { return this.kinds(slot)[kind]?.title ?? words(kind); }
  isChoice(slot) { return Object.keys(this.kinds(slot)).length > 1; }
  /** Whether a kind stands for "nothing is done here"; such are drawn in grey. */
  rests(slot, kind) { return this.kinds(slot)[kind]?.rests ?? kind === "none"; }
  doc(slot, kind) { return this.kinds(slot)[kind]?.doc ?? ""; }

  /** The schema of a searched field by its flat name: `loss.temperature`, `loss.rkd.angle`. */
  field(flat) {
    const parts = flat.split(".");
    const name = parts.at(-1);
    const of = Object.entries(this.kinds(parts[0]));
    const own = of.filter(([kind]) => kind === parts[1]);
    return [...own, ...of].map(([, { schema }]) => schema.properties?.[name]).find(Boolean) ?? {};
  }

  /** The same look for the same kind wherever it is drawn; past the colours, marks are hollow. */
  look(slot, kind) {
    const shape = SHAPES[Math.max(Object.keys(this.slots).indexOf(slot), 0) % SHAPES.length];
    if (this.rests(slot, kind)) return { style: "knone", shape };
    const index = Object.keys(this.kinds(slot)).filter((k) => !this.rests(slot, k)).sort().indexOf(kind);
    return { style: `k${Math.max(index, 0) % COLOURS}${Math.floor(index / COLOURS) % 2 ? " open" : ""}`, shape };
  }

  /** A kind as people see it: mark, title, and its docstring on hover. */
  kind(slot, kind) {
    const { style, shape } = this.look(slot, kind);
    return h("span", { class: `kind${this.rests(slot, kind) ? " off" : ""}`, title: this.doc(slot, kind) },
      s("svg", { class: `mark ${style}`, viewBox: "0 0 11 11", "aria-hidden": "true" }, s("path", { d: shape })),
      this.title(slot, kind));
  }

  /** A pipeline's choices that do something, in the order of its slots. */
  brief(pipeline) {
    const chosen = Object.entries(pipeline).filter(([slot, c]) => c.kind && !this.rests(slot, c.kind));
    return chosen.length ? chosen.map(([slot, c]) => this.kind(slot, c.kind)) : [h("span", { class: "kind off" }, "Plain fine-tuning")];
  }

  /** What a flat name is called: `loss.temperature` is "Loss · temperature". */
  label(flat) {
    const [slot, ...rest] = flat.split(".");
    const own = rest.length > 1 ? this.title(slot, rest[0]) : "";
    return [words(slot), own, rest.length && words(rest.at(-1)).toLowerCase()].filter(Boolean).join(" · ");
  }

  /** The colour that stands for a whole slot. */
  slotStyle(slot) { return `k${Math.max(Object.keys(this.slots).indexOf(slot), 0) % COLOURS}`; }

  /** A component's settings in words. */
  settings(slot, component) {
    return Object.entries(component).filter(([name]) => name !== "kind").map(([name, value]) => {
      if (value !== null && typeof value === "object" && value.kind) {
        const inner = this.settings(`${slot}.${name}`, value);
        return `${words(name).toLowerCase()}: ${this.title(`${slot}.${name}`, value.kind)}${inner ? ` (${inner})` : ""}`;
      }
      return `${words(name).toLowerCase()} ${typeof value === "number" ? number(value) : value}`;
    }).join(", ");
  }

  /** A pipeline in words: each slot, what it does and its settings. */
  inWords(pipeline) {
    return h("dl", { class: "pipeline" }, Object.entries(pipeline).map(([slot, component]) => [
      h("dt", {}, words(slot)),
      h("dd", {}, this.isChoice(slot) && this.kind(slot, component.kind), h("small", {}, this.settings(slot, component))),
    ]));
  }
}

let loaded;
export const catalogue = () => (loaded ??= get("/v1/components").then((slots) => new Catalogue(slots)));
