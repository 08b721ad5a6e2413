/** Which classes a student takes for which, as a shaded table. */

import { h } from "./dom.js";

const WORST = 3;

function worst({ labels, counts }) {
  const wrong = counts.flatMap((row, i) => row.map((count, j) => ({ count, i, j }))).filter(({ count, i, j }) => count && i !== j);
  const most = wrong.sort((a, b) => b.count - a.count).slice(0, WORST);
  return most.length ? `Most often: ${most.map(({ count, i, j }) => `${labels[i]} taken for ${labels[j]} (${count.toLocaleString("en")})`).join(", ")}.` : "No example of dev is taken for another class.";
}

function cell(count, total, right) {
  const drawn = h("td", { class: `num${right ? " right" : ""}` }, count ? count.toLocaleString("en") : "·");
  drawn.style.setProperty("--share", total ? count / total : 0);
  return drawn;
}

/** Rows are true classes, shaded by the share of their examples. */
export function confusionTable({ labels, counts }) {
  const rows = counts.map((row, i) => {
    const total = row.reduce((a, b) => a + b, 0);
    return h("tr", {}, h("th", { scope: "row" }, labels[i]), row.map((count, j) => cell(count, total, i === j)));
  });
  return [h("p", { class: "quiet" }, worst({ labels, counts })),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Confusion matrix" },
      h("table", { class: "confusion" }, h("caption", {}, "Rows are true classes, columns what the student says; examples of dev."),
        h("thead", {}, h("tr", {}, h("td"), labels.map((label) => h("th", { scope: "col", class: "num" }, label)))),
        h("tbody", {}, rows)))];
}
