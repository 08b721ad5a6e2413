/** Line and point charts in plain SVG: small enough for the first view, and styled by the page's CSS.
 *
 * A series is {name, points: [[x, y, note?]], colour, line, marks, hollow, faint, bold, step}; a
 * reference is {name, y, colour}, a dashed level line. Points can be read with the pointer or, once
 * the chart has the focus, with the arrow keys.
 */

import { h, s } from "./dom.js";

const MARGIN = { top: 26, right: 16, bottom: 36 };
const CHARACTER = 6.7;

/** Round levels between two bounds; `least` is the smallest step, 1 for whole numbers. */
function ticks(low, high, count, least = 0) {
  const raw = Math.max((high - low) / count, least) || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, least ? 5 : 2.5, 5, 10].map((m) => m * power).find((v) => v >= raw * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push(i * step);
  return found;
}

/** The range of `values`; with `trimmed` given, far outliers on the losing side are left outside. */
function extent(values, trimmed) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  let [low, high] = [sorted[0], sorted.at(-1)];
  if (trimmed && sorted.length > 4) {
    const quarter = (share) => sorted[Math.floor(share * (sorted.length - 1))];
    const reach = 2 * (quarter(0.75) - quarter(0.25));
    if (trimmed === "low") low = Math.max(low, quarter(0.25) - reach);
    else high = Math.min(high, quarter(0.75) + reach);
  }
  const pad = (high - low || Math.abs(high) * 0.1 || 1) * 0.08;
  return [low - pad, high + pad];
}

function path(points, step) {
  return points.map(([x, y], i) => (i === 0 ? `M${x} ${y}` : step ? `H${x}V${y}` : `L${x} ${y}`)).join("");
}

const dots = (points, r) => points.map(([x, y]) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`).join("");

class Chart {
  constructor() {
    this.legend = h("div", { class: "legend" });
    this.note = h("small");
    this.tip = h("div", { class: "tip", hidden: true, "aria-live": "polite" });
    this.stage = h("div");
    this.figure = h("figure", {
      role: "group", "aria-roledescription": "chart", tabindex: 0,
      pointermove: (event) => this.point(event), pointerleave: () => this.pick(-1),
      blur: () => this.pick(-1), keydown: (event) => this.key(event),
    }, this.stage, this.tip);
    new ResizeObserver(() => this.draw()).observe(this.figure);
  }

  /** Draw something else, or the same with news; what is picked stays picked. */
  update(options) {
    this.options = { height: 260, trimmed: null, ...options };
    this.figure.setAttribute("aria-label", options.label);
    const named = options.legend ?? options.series.filter((line) => line.points.length && line.name);
    this.legend.replaceChildren(...(named.length > 1 ? named.map(swatch) : []));
    this.note.textContent = options.note || "";
    this.draw();
    this.pick(this.picked ?? -1);
  }

  draw() {
    const width = this.figure.clientWidth;
    if (!width) return;
    const { series, references = [], height, x, y } = this.options;
    const points = series.flatMap((line) => line.points);
    let [left, right] = points.reduce(([a, b], [v]) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    if (left >= right) [left, right] = [left - 0.5, right + 0.5];
    const [low, high] = extent([...points.map((p) => p[1]), ...references.map((r) => r.y)], this.options.trimmed);
    const levels = ticks(low, high, height / 55).filter((v) => v >= low && v <= high).map((v) => [v, y.tick(v)]);
    const margin = { ...MARGIN, left: 16 + CHARACTER * Math.max(...levels.map(([, text]) => text.length)) };
    const inner = { w: width - margin.left - margin.right, h: height - margin.top - margin.bottom };
    const round = (v) => Math.round(v * 10) / 10;
    const X = (v) => round(margin.left + 6 + ((v - left) / (right - left)) * (inner.w - 12));
    const Y = (v) => round(margin.top + (1 - (Math.min(Math.max(v, low), high) - low) / (high - low)) * inner.h);
    this.picks = series.filter((l) => !l.mute).flatMap((line) => line.points.map((p) => ({ x: X(p[0]), y: Y(p[1]), line, p })));
    this.halo = s("circle", { class: "picked", r: 6, visibility: "hidden" });
    const bottom = margin.top + inner.h;
    const end = margin.left + inner.w;
    this.stage.replaceChildren(s("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" },
      levels.map(([v, text]) => [
        s("line", { class: "grid-line", x1: margin.left, x2: end, y1: Y(v), y2: Y(v) }),
        s("text", { x: margin.left - 8, y: Y(v) + 4, "text-anchor": "end" }, text)]),
      s("text", { x: 0, y: 12 }, y.name),
      ticks(left, right, Math.max(2, inner.w / 60), 1)
        .map((v) => s("text", { x: X(v), y: bottom + 17, "text-anchor": "middle" }, String(v))),
      s("text", { x: end, y: height - 4, "text-anchor": "end" }, x.name),
      s("line", { class: "axis", x1: margin.left, x2: end, y1: bottom, y2: bottom }),
      references.map((r) => s("line", { class: `reference k${r.colour}`, x1: margin.left, x2: end, y1: Y(r.y), y2: Y(r.y) })),
      series.map((line) => this.line(line, line.points.map((p) => [X(p[0]), Y(p[1])]), end)),
      this.names(references, Y, end), this.halo));
  }

  line(line, at, end) {
    const style = `k${line.colour}${line.faint ? " faint" : ""}${line.bold ? " bold" : ""}`;
    const reach = line.step && at.length ? `H${end}` : "";
    return [
      line.line !== false && s("path", { class: `line ${style}`, d: path(at, line.step) + reach }),
      line.marks && s("path", { class: `${line.hollow ? "hollow" : "marks"} ${style}`, d: dots(at, line.hollow ? 3.5 : 4) }),
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

  point(event) {
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

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !this.picks?.length) return;
    event.preventDefault();
    this.pick(((this.picked ?? -1) + step + this.picks.length) % this.picks.length);
  }

  pick(index) {
    this.picked = index;
    const found = this.picks?.[index];
    this.tip.hidden = !found;
    this.halo?.setAttribute("visibility", found ? "visible" : "hidden");
    if (!found) return;
    const { x, y, line, p } = found;
    this.halo.setAttribute("cx", x);
    this.halo.setAttribute("cy", y);
    const { x: across, y: up } = this.options;
    this.tip.textContent = [line.name, `${across.name} ${p[0]}: ${up.format(p[1])}`, p[2]].filter(Boolean).join("\n");
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
