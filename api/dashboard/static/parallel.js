/** Parallel coordinates: one axis for each setting, one line for each trial; brush axes to choose lines. */

import { h, s } from "./dom.js";
import { number } from "./format.js";
import { extent, scale } from "./scale.js";

const TOP = 46;
const BOTTOM = 18;
const SIDE = 56;
const NARROW = 104;

export class Parallel {
  /** `axes` are {name, title, log, kinds}; `rows` have a value for each name; the last axis colours. */
  constructor(place, { axes, rows, label, better }) {
    Object.assign(this, { place, axes, rows, label, better, brushes: {} });
    this.note = h("p", { class: "quiet", role: "status" });
    this.stage = h("div", { class: "scroll-x", tabindex: 0, role: "region", "aria-label": label });
    place.replaceChildren(this.stage, this.note);
    this.draw();
    new ResizeObserver(() => { if (place.clientWidth !== this.width) this.draw(); }).observe(place);
  }

  draw() {
    this.width = this.place.clientWidth;
    const wide = Math.max(this.width, 2 * SIDE + NARROW * (this.axes.length - 1));
    const height = 330;
    this.X = (i) => Math.round(SIDE + ((wide - 2 * SIDE) * i) / Math.max(this.axes.length - 1, 1));
    this.scales = this.axes.map((axis) => this.scale(axis, height));
    this.lines = this.rows.map((row) => s("path", { d: this.path(row), class: `pc q${this.rank(row)}` }));
    const order = this.rows.map((row, i) => [this.rank(row), i]).sort((a, b) => a[0] - b[0]).map(([, i]) => this.lines[i]);
    this.svg = s("svg", { class: "plot parallel", viewBox: `0 0 ${wide} ${height}`, width: wide, height },
      s("g", {}, order), this.axes.map((axis, i) => this.axis(axis, i, height)));
    this.stage.replaceChildren(this.svg);
    this.choose();
  }

  scale(axis, height) {
    if (axis.kinds) {
      const at = (v) => TOP + ((height - TOP - BOTTOM) * (axis.kinds.indexOf(String(v)) + 0.5)) / axis.kinds.length;
      return Object.assign(at, { labels: axis.kinds.map((k) => [at(k), axis.called?.(k) ?? k]) });
    }
    const [low, high] = extent(this.rows.map((r) => r[axis.name]), { log: axis.log });
    const at = scale(low, high, height - BOTTOM, TOP, { log: axis.log });
    return Object.assign(at, { labels: at.ticks(5).map((v) => [at(v), axis.tick?.(v) ?? number(v, 2)]) });
  }

  /** Which fifth of all trials a row is in, by the last axis; 4 is the best. */
  rank(row) {
    const name = this.axes.at(-1).name;
    this.sorted ??= this.rows.map((r) => r[name]).sort(this.better);
    return Math.min(4, Math.floor((5 * this.sorted.findIndex((v) => this.better(v, row[name]) >= 0)) / this.sorted.length));
  }

  /** A line with a gap where a setting is not there. */
  path(row) {
    let on = false;
    return this.axes.map(({ name }, i) => {
      const value = row[name];
      if (value === null || value === undefined) {
        on = false;
        return "";
      }
      const step = `${on ? "L" : "M"}${this.X(i)} ${this.scales[i](value)}`;
      on = true;
      return step;
    }).join("");
  }

  axis(axis, i, height) {
    const x = this.X(i);
    const last = i === this.axes.length - 1;
    const shade = s("rect", { class: "band", x: x - 9, width: 18, visibility: "hidden" });
    let from = null;
    const at = (event) => event.clientY - this.svg.getBoundingClientRect().top;
    const brush = (event) => {
      if (from === null) return;
      const [a, b] = [from, at(event)].sort((p, q) => p - q);
      this.set(axis.name, b - a > 4 ? [a, b] : null, shade);
    };
    const handle = s("rect", {
      class: "handle", x: x - 12, width: 24, y: TOP - 6, height: height - TOP - BOTTOM + 12, tabindex: 0, role: "slider", "aria-label": `${axis.title}: chosen part, arrow keys move it, Escape takes it away`, "aria-valuenow": 0, "aria-valuetext": "everything", "aria-orientation": "vertical",
      pointerdown: (event) => { from = at(event); event.target.setPointerCapture(event.pointerId); }, pointermove: brush, pointerup: (event) => { brush(event); from = null; },
      keydown: (event) => this.key(event, axis.name, shade, height),
    });
    const [above, below] = [this.scales[i].labels, last ? 6 : 8];
    return s("g", {},
      s("line", { class: "axis", x1: x, x2: x, y1: TOP - 6, y2: height - BOTTOM + 6 }), shade,
      s("text", { class: "axis-name", x, y: 14 + (i % 2) * 15, "text-anchor": i === 0 ? "start" : last ? "end" : "middle", dx: i === 0 ? -SIDE + 4 : last ? SIDE - 4 : 0 }, axis.title),
      above.map(([y, text]) => s("text", { class: "axis-value", x: x - below, y: y + 4, "text-anchor": "end" }, String(text).slice(0, 16))),
      handle);
  }

  key(event, name, shade, height) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Escape") this.set(name, null, shade);
    if (!step) return;
    event.preventDefault();
    const part = (height - TOP - BOTTOM) / 5;
    const [a] = this.brushes[name] ?? [TOP - step * part];
    const start = Math.min(Math.max(a + step * part, TOP), height - BOTTOM - part);
    this.set(name, [start, start + part], shade);
    event.target.setAttribute("aria-valuetext", `part ${1 + Math.round((start - TOP) / part)} of 5 from the top`);
  }

  set(name, range, shade) {
    if (range) this.brushes[name] = range;
    else delete this.brushes[name];
    shade.setAttribute("visibility", range ? "visible" : "hidden");
    if (range) {
      shade.setAttribute("y", range[0]);
      shade.setAttribute("height", range[1] - range[0]);
    }
    this.choose();
  }

  choose() {
    const tests = this.axes.map((axis, i) => [this.brushes[axis.name], axis.name, this.scales[i]]).filter(([range]) => range);
    let chosen = 0;
    this.rows.forEach((row, i) => {
      const out = tests.some(([[a, b], name, at]) => row[name] == null || at(row[name]) < a || at(row[name]) > b);
      this.lines[i].classList.toggle("out", out);
      chosen += out ? 0 : 1;
    });
    this.note.textContent = tests.length ? `${chosen} of ${this.rows.length} trials pass through what is chosen.` : `${this.rows.length} trials. Drag along an axis, or focus it and press the arrow keys, to choose among them.`;
  }
}
