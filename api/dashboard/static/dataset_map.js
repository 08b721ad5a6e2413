/** Datasets in a plane, near where they are alike. */

import { plot } from "./chart.js";
import { h, show } from "./dom.js";
import { words } from "./format.js";

const CLOSE = 0.04;
const LONGEST = 40;

/** What stands beside each place: its name; of places that lie on each other the first has the names of all. */
function labels(places) {
  const span = (axis) => Math.max(...places.map((p) => p[axis])) - Math.min(...places.map((p) => p[axis]));
  const [across, up] = [span("x"), span("y")];
  const together = (p) => places.filter((q) => Math.abs(p.x - q.x) <= CLOSE * across && Math.abs(p.y - q.y) <= CLOSE * up);
  return (p) => {
    const here = together(p);
    const text = here.map((q) => q.name).join(", ");
    if (here[0] !== p) return "";
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  };
}

export function drawMap(place, { places }, here = null) {
  if (places.length < 3) {
    show(place, h("p", { class: "pending" }, "Three datasets make a map."));
    return;
  }
  const tasks = [...new Set(places.map((p) => p.task))].sort();
  const near = (p) => p.neighbours.slice(0, 2).map((n) => `${n.name} (${n.distance.toFixed(2)})`).join(", ");
  const label = labels(places);
  const point = (p) => [p.x, p.y, `Nearest: ${near(p)}`, { href: `/datasets/${p.id}`, r: p.id === here ? 8 : 5, label: label(p) }];
  plot(place, {
    label: `${places.length} datasets; those that lie near each other are alike`, height: 300,
    series: places.map((p) => ({ name: p.name, colour: tasks.indexOf(p.task) % 8, line: false, marks: true, hollow: here !== null && p.id !== here, points: [point(p)] })),
    legend: tasks.map((task, i) => ({ name: words(task), colour: i % 8, line: false, marks: true })),
    x: { name: "", loose: true, tick: () => "" }, y: { name: "", bare: true, tick: () => "" },
    note: "Distance is the difference of the meta-features, each in its usual unit; only near and far mean something, not the directions.",
  });
}
