/** The list of datasets, their map, and uploading one. */

import { get, post, Refusal } from "./api.js";
import { drawMap } from "./dataset_map.js";
import { $, h } from "./dom.js";
import { ago, words } from "./format.js";
import { read } from "./forms.js";
import { registry } from "./registry.js";

const form = $("#upload");
const count = (split) => ({ name: words(split), num: true, cell: (d) => d.num_examples[split].toLocaleString("en") });
const map = () => get("/v1/datasets-map").then((found) => drawMap($("#map"), found)).catch(() => {}).finally(() => $("#map").removeAttribute("aria-busy"));

registry({
  path: "/v1/datasets", noun: "dataset", caption: "Datasets", form, after: map,
  empty: [h("h2", {}, "No datasets yet"), h("p", {}, "Upload a table with one example in each row. Splits are made where none are given, and equal texts never end up on two sides.")],
  columns: [
    { name: "Dataset", cell: (d) => [h("a", { href: `/datasets/${d.id}` }, d.name), h("small", { class: "quiet" }, d.id)] },
    { name: "Task", cell: (d) => words(d.task) },
    count("train"), count("dev"), count("test"),
    { name: "Labels", cell: (d) => (d.labels.length ? `${d.labels.length}: ${d.labels.slice(0, 4).join(", ")}${d.labels.length > 4 ? " …" : ""}` : "real values") },
    { name: "Licence", cell: (d) => d.licence || "–" },
    { name: "Added", cell: (d) => ago(d.created_at) },
    { name: "Use", cell: (d) => h("span", { class: "links" }, h("a", { href: `/jobs/new?dataset=${d.id}` }, "New job"), h("a", { href: `/recommend?dataset=${d.id}` }, "Recommend"), h("a", { href: `/?uses=${d.id}` }, "Jobs")) },
  ],
  send: async () => {
    const [file] = $("#file").files;
    if (!file) throw new Refusal(0, { detail: "No file.", problems: [{ field: "file", message: "Choose a file." }] });
    const body = new FormData();
    body.append("file", file);
    body.append("request", JSON.stringify(read(form)));
    return post("/v1/datasets", body);
  },
});
map();
