/** Datasets in a plane, near where they are alike. */

import { plot } from "./chart.js";
import { h, show } from "./dom.js";
import { words } from "./format.js";

export function drawMap(place, { places }, here = null) {
  if (places.length < 3) {
    show(place, h("p", { class: "pending" }, "Three datasets make a map."));
    return;
  }
  const tasks = [...new Set(places.map((p) => p.task))].sort();
  const near = (p) => p.neighbours.slice(0, 2).map((n) => `${n.name} (${n.distance.toFixed(2)})`).join(", ");
  const point = (p) => [p.x, p.y, `Nearest: ${near(p)}`, { href: `/datasets/${p.id}`, r: p.id === here ? 8 : 5, label: p.name.slice(0, 24) }];
  plot(place, {
    label: `${places.length} datasets; those that lie near each other are alike`, height: 300,
    series: places.map((p) => ({ name: p.name, colour: tasks.indexOf(p.task) % 8, line: false, marks: true, hollow: here !== null && p.id !== here, points: [point(p)] })),
    legend: tasks.map((task, i) => ({ name: words(task), colour: i % 8, line: false, marks: true })),
    x: { name: "", loose: true, tick: () => "" }, y: { name: "", bare: true, tick: () => "" },
    note: "Distance is the difference of the meta-features, each in its usual unit; only near and far mean something, not the directions.",
  });
}
