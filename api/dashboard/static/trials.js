/** A job's trials as a table: any column sorted, filtered and chosen, a page at a time; the address keeps it all. */

import { get } from "./api.js";
import { catalogue } from "./components.js";
import { $, given, h, notice, show, table } from "./dom.js";
import { head } from "./head.js";
import { calmly, listen } from "./live.js";
import { registered } from "./names.js";
import { headline, isTerminal, trialActions } from "./state.js";
import { cell, title } from "./trial_cells.js";
import { Filters } from "./trial_filters.js";

const id = given().job;
const address = `/jobs/${id}/trials`;
const asked = new URL(location.href).searchParams;
const view = { sort: asked.get("sort") ?? "number", where: asked.getAll("where"), columns: asked.getAll("column"), after: asked.get("after"), compared: new Set(asked.getAll("compare").map(Number)) };
let known;

const query = (change = {}) => {
  const now = { ...view, ...change };
  return new URLSearchParams([["sort", now.sort], ...now.where.map((w) => ["where", w]), ...now.columns.map((c) => ["column", c]), ...[...now.compared].map((n) => ["compare", n]), ...(now.after ? [["after", now.after]] : [])]);
};

/** What is shown unless columns were chosen: the facts, the headline score, and each slot of the space. */
function usual() {
  const slots = known.fields.map((f) => f.name).filter((name) => known.components.slots[name] && !name.includes("."));
  return ["state", `dev/${headline(known.job)}`, "epochs_done", "seconds", ...slots, ...(known.job.spec.students.length > 1 ? ["student"] : []), "origin"];
}

const chosen = () => (view.columns.length ? view.columns : usual());

function go(change) {
  Object.assign(view, { after: null }, change);
  history.pushState(null, "", `${address}?${query()}`);
  return load();
}

function heading(name) {
  const [by, down] = [view.sort.replace(/^-/, ""), view.sort.startsWith("-")];
  const on = by === name;
  return { on: on && (down ? "descending" : "ascending"), draw: h("button", { type: "button", class: "sort", "aria-label": `Sort by ${title(known, name)}`, click: () => go({ sort: on ? (down ? name : `-${name}`) : name.includes("/") || name === "score" ? `-${name}` : name }) }, title(known, name), h("span", { "aria-hidden": "true" }, on ? (down ? " ↓" : " ↑") : "")) };
}

function drawCompare() {
  const some = [...view.compared].sort((a, b) => a - b);
  show("#compare", some.length > 0 && [
    h("span", {}, `${some.length} chosen: ${some.join(", ")}`),
    some.length >= 2 ? h("a", { class: "button primary", href: `/jobs/${id}/compare?${new URLSearchParams(some.map((n) => ["trial", n]))}` }, "Compare them") : h("span", { class: "quiet" }, "Choose at least two."),
    h("button", { type: "button", click: () => { view.compared.clear(); go({ after: view.after }); } }, "Choose none"),
  ]);
}

function compared(number) {
  return h("input", { type: "checkbox", checked: view.compared.has(number), "aria-label": `Compare trial ${number}`, change: (event) => {
    if (event.target.checked && view.compared.size >= 6) event.target.checked = false;
    else if (event.target.checked) view.compared.add(number);
    else view.compared.delete(number);
    history.replaceState(null, "", `${address}?${query()}`);
    drawCompare();
  } });
}

function draw(found) {
  const names = chosen();
  const rows = found.columns.number.map((number, i) => ({ number, state: found.columns.state[i], ...Object.fromEntries(names.map((n) => [n, found.columns[n][i]])) }));
  const first = known.job.result?.best.trial ?? known.job.best?.number;
  $("#count").textContent = found.num_matching === found.num_trials ? `${found.num_trials.toLocaleString("en")} trials` : `${found.num_matching.toLocaleString("en")} of ${found.num_trials.toLocaleString("en")} trials`;
  if (!rows.length) {
    const none = !found.num_trials;
    show("#trials", h("div", { class: "card empty" }, h("h2", {}, none ? "No trials yet" : "No trial matches"),
      h("p", {}, none ? "They appear here as soon as the teacher is ready and the search starts." : "Take a filter away to see more."), !none && h("div", { class: "actions" }, h("button", { type: "button", click: () => { go({ where: [] }); known.filters.draw(view.where); } }, "Take all filters away"))));
  } else {
    const columns = names.map((name) => ({ name: title(known, name), ...heading(name), num: known.types[name] === "number" && name !== "number", cell: (t) => cell(known, name, t[name], t) }));
    const lead = { name: "Trial", ...heading("number"), cell: (t) => h("span", { class: "choose" }, compared(t.number), h("a", { class: "nowrap", href: `${address}/${t.number}` }, `Trial ${t.number}`), trialActions(known.job, t, isTerminal(known.job) ? () => location.reload() : load)) };
    show("#trials", table("Trials", [lead, ...columns], rows, { rowClass: (t) => (t.number === first ? "best" : null) }));
  }
  drawCompare();
  const pages = [view.after ? h("a", { href: `${address}?${query({ after: null })}` }, "First trials") : h("span"), found.next != null && h("a", { href: `${address}?${query({ after: found.next })}` }, "Next trials")];
  show("#paging", pages);
  for (const kind of ["csv", "parquet"]) $(`#${kind}`).href = `/v1/jobs/${id}/export?${new URLSearchParams([["format", kind], ["sort", view.sort], ...view.where.map((w) => ["where", w])])}`;
}

let round = 0;
async function load() {
  const mine = ++round;
  try {
    const names = [...new Set(["number", "state", ...chosen()])];
    const found = await get(`/v1/jobs/${id}/table?${new URLSearchParams([...names.map((n) => ["name", n]), ["sort", view.sort], ...view.where.map((w) => ["where", w]), ...(view.after ? [["after", view.after]] : [])])}`);
    if (mine === round) draw(found);
  } catch (error) {
    if (mine === round) show("#trials", notice("bad", error.message));
  }
}

async function learn() {
  const [job, fields, components, { name }] = await Promise.all([get(`/v1/jobs/${id}`), get(`/v1/jobs/${id}/fields`), catalogue(), registered()]);
  known = { ...known, job, fields, components, name, types: Object.fromEntries(fields.map((f) => [f.name, f.type])) };
  head(job, name, learn);
}

try {
  await learn();
  known.filters = new Filters($("#filters"), known, (where) => go({ where }));
  known.filters.draw(view.where);
  known.filters.chooser($("#columns"), chosen, (columns) => go({ columns }));
  await load();
  addEventListener("popstate", () => location.reload());
  if (!isTerminal(known.job)) {
    const soon = calmly(async () => { await learn(); await load(); }, 2000);
    listen(id, { last: 0, heard: (event) => { if (event.kind !== "measurement") soon(); } });
  }
} catch (error) {
  show("#trials", notice("bad", error.message));
}
