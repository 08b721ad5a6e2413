/** Line and point charts in plain SVG: small enough for the first view, and styled by the page's CSS.
 *
 * A series is {name, points: [[x, y, note?, {r, href}?]], colour, line, marks, hollow, faint, bold,
 * step}; a reference is {name, y, colour}, a dashed level line, or {name, x}, an upright one. Points
 * can be read with the pointer or, once the chart has the focus, with the arrow keys; Enter opens
 * what a point stands for. With `onzoom`, dragging across chooses a range of x.
 */

import { h, s } from "./dom.js";
import { extent, scale } from "./scale.js";

const MARGIN = { top: 26, right: 16, bottom: 36 };
const CHARACTER = 6.7;
const DRAG = 8;

const path = (points, step) => points.map(([x, y], i) => (i === 0 ? `M${x} ${y}` : step ? `H${x}V${y}` : `L${x} ${y}`)).join("");
const dot = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;

class Chart {
  constructor() {
    this.legend = h("div", { class: "legend" });
    this.note = h("small");
    this.tip = h("div", { class: "tip", hidden: true, "aria-live": "polite" });
    this.stage = h("div");
    this.figure = h("figure", {
      role: "group", "aria-roledescription": "chart", tabindex: 0,
      pointerdown: (event) => { this.from = this.across(event); }, pointerup: (event) => this.release(event),
      pointermove: (event) => this.move(event), pointerleave: () => { this.pick(-1); this.band(null); this.from = null; },
      blur: () => this.pick(-1), keydown: (event) => this.key(event),
    }, this.stage, this.tip);
    new ResizeObserver(() => { if (this.figure.clientWidth !== this.drawn) this.draw(); }).observe(this.figure);
  }

  /** Draw something else, or the same with news; what is picked stays picked. */
  update(options) {
    this.options = { height: 260, trimmed: null, ...options };
    this.figure.setAttribute("aria-label", options.label);
    this.figure.style.minHeight = `${this.options.height}px`;
    const named = options.legend ?? options.series.filter((line) => line.points.length && line.name);
    this.legend.replaceChildren(...(named.length > 1 ? named.map(swatch) : []));
    this.note.textContent = options.note || "";
    this.draw();
    this.pick(this.picked ?? -1);
  }

  draw() {
    const width = this.figure.clientWidth;
    this.drawn = width;
    if (!width) return;
    const { series, references = [], height, x, y } = this.options;
    const points = series.flatMap((line) => line.points);
    const upright = references.filter((r) => r.x !== undefined);
    const level = references.filter((r) => r.y !== undefined);
    let [left, right] = x.log || x.loose ? extent(points.map((p) => p[0]), x)
      : points.reduce(([a, b], [v]) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    if (!(left < right)) [left, right] = Number.isFinite(left) ? [left - 0.5, left + 0.5] : [0, 1];
    const [low, high] = extent([...points.map((p) => p[1]), ...level.map((r) => r.y)], { trimmed: this.options.trimmed, log: y.log });
    const bottom = height - MARGIN.bottom;
    const Y = scale(low, high, bottom, MARGIN.top, y);
    const levels = Y.ticks(height / 55).map((v) => [v, y.tick(v)]);
    const start = 16 + CHARACTER * Math.max(1, ...levels.map(([, text]) => text.length));
    const end = width - MARGIN.right;
    const X = scale(left, right, start + 6, end - 6, { whole: !x.tick, ...x });
    this.X = X;
    const inside = (v) => Y(Math.min(Math.max(v, low), high));
    this.picks = series.filter((l) => !l.mute).flatMap((line) => line.points.map((p) => ({ x: X(p[0]), y: inside(p[1]), line, p })));
    this.halo = s("circle", { class: "picked", r: 6, visibility: "hidden" });
    this.shade = s("rect", { class: "band", y: MARGIN.top, height: bottom - MARGIN.top, visibility: "hidden" });
    this.stage.replaceChildren(s("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" },
      y.bare ? null : levels.map(([v, text]) => [
        s("line", { class: "grid-line", x1: start, x2: end, y1: Y(v), y2: Y(v) }),
        s("text", { x: start - 8, y: Y(v) + 4, "text-anchor": "end" }, text)]),
      s("text", { x: 0, y: 12 }, y.name),
      X.ticks(Math.max(2, (end - start) / 70)).map((v) => s("text", { x: X(v), y: bottom + 17, "text-anchor": "middle" }, x.tick ? x.tick(v) : String(v))),
      s("text", { x: end, y: height - 4, "text-anchor": "end" }, x.name),
      !y.bare && s("line", { class: "axis", x1: start, x2: end, y1: bottom, y2: bottom }),
      this.shade,
      upright.map((r) => [s("line", { class: `reference k${r.colour}`, x1: X(r.x), x2: X(r.x), y1: MARGIN.top, y2: bottom }), r.name && s("text", { class: `reference-name k${r.colour}`, x: X(r.x) + 4, y: MARGIN.top + 8 }, r.name)]),
      level.map((r) => s("line", { class: `reference k${r.colour}`, x1: start, x2: end, y1: Y(r.y), y2: Y(r.y) })),
      series.map((line) => this.line(line, line.points.map((p) => [X(p[0]), inside(p[1]), p[3]?.r]), end)),
      series.flatMap((line) => line.points).filter((p) => p[3]?.label).map((p) => s("text", { class: "point-name", x: X(p[0]), y: inside(p[1]) - (p[3].r ?? 4) - 5, "text-anchor": X(p[0]) > (start + end) / 2 ? "end" : "start" }, p[3].label)),
      this.names(level, Y, end), this.halo));
  }

  line(line, at, end) {
    const style = `k${line.colour}${line.faint ? " faint" : ""}${line.bold ? " bold" : ""}`;
    const reach = line.step && at.length ? `H${end}` : "";
    const size = line.hollow ? 3.5 : 4;
    return [
      line.line !== false && s("path", { class: `line ${style}`, d: path(at, line.step) + reach }),
      line.marks && s("path", { class: `${line.hollow ? "hollow" : "marks"} ${style}`, d: at.map(([x, y, r]) => dot(x, y, r ?? size)).join("") }),
    ];
  }

  /** Names of the level lines, moved apart where they would overlap. */
  names(references, Y, end) {
    let free = Infinity;
    return [...references].sort((a, b) => a.y - b.y).map((r) => {
      const at = Math.min(Y(r.y) - 5, free);
      free = at - 14;
      return s("text", { class: `reference-name k${r.colour}`, x: end - 4, y: Math.max(at, 11), "text-anchor": "end" }, r.name);
    });
  }

  across(event) { return event.clientX - this.figure.getBoundingClientRect().left; }

  band(to) {
    if (!this.shade) return;
    const on = to !== null && this.from != null && this.options.onzoom && Math.abs(to - this.from) > DRAG;
    this.shade.setAttribute("visibility", on ? "visible" : "hidden");
    if (!on) return;
    this.shade.setAttribute("x", Math.min(to, this.from));
    this.shade.setAttribute("width", Math.abs(to - this.from));
  }

  move(event) {
    this.band(this.across(event));
    const box = this.figure.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let best = -1;
    let least = 40 ** 2;
    this.picks?.forEach(({ x, y }, i) => {
      const far = (x - px) ** 2 + (y - py) ** 2;
      if (far < least) [best, least] = [i, far];
    });
    this.pick(best);
  }

  release(event) {
    const [from, to] = [this.from, this.across(event)].sort((a, b) => a - b);
    const dragged = this.from != null && to - from > DRAG;
    this.from = null;
    this.band(null);
    if (dragged) this.options.onzoom?.(this.X.back(from), this.X.back(to));
    else if (event.button === 0) this.open();
  }

  open() {
    const href = this.picks?.[this.picked]?.p[3]?.href;
    if (href) location.href = href;
  }

  key(event) {
    if (event.key === "Enter") this.open();
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !this.picks?.length) return;
    event.preventDefault();
    this.pick(((this.picked ?? -1) + step + this.picks.length) % this.picks.length);
  }

  /** A point's values as its tip says them. */
  said(p) {
    const { x, y } = this.options;
    if (y.bare) return "";
    return x.format ? `${x.name}: ${x.format(p[0])}\n${y.name}: ${y.format(p[1])}` : `${x.name} ${p[0]}: ${y.format(p[1])}`;
  }

  pick(index) {
    this.picked = index;
    const found = this.picks?.[index];
    this.tip.hidden = !found;
    this.halo?.setAttribute("visibility", found ? "visible" : "hidden");
    this.figure.classList.toggle("opens", Boolean(found?.p[3]?.href));
    if (!found) return;
    const { x, y, line, p } = found;
    this.halo.setAttribute("cx", x);
    this.halo.setAttribute("cy", y);
    this.halo.setAttribute("r", (p[3]?.r ?? 4) + 2);
    this.tip.textContent = [line.name, this.said(p), p[2]].filter(Boolean).join("\n");
    const right = x > this.figure.clientWidth / 2;
    const below = this.stage.offsetTop + y;
    Object.assign(this.tip.style, { top: `${below + 10}px`, left: right ? "" : `${x + 10}px`, right: right ? `${this.figure.clientWidth - x + 10}px` : "" });
  }
}

const swatch = ({ name, colour, marks, hollow, line }) => h("span", {},
  s("svg", { class: `plot swatch k${colour}`, viewBox: "0 0 18 11", "aria-hidden": "true" },
    line !== false && s("path", { d: "M0 5.5H18" }),
    marks && s("circle", { class: hollow ? "hollow" : "marks", cx: 9, cy: 5.5, r: 4 })),
  name);

const charts = new WeakMap();

/** Draw a chart with its legend into `place`, or renew the one that is there. */
export function plot(place, options) {
  let chart = charts.get(place);
  if (!chart?.figure.isConnected) {
    chart = new Chart();
    charts.set(place, chart);
    place.replaceChildren(chart.legend, chart.figure, chart.note);
  }
  chart.update(options);
  return place;
}
