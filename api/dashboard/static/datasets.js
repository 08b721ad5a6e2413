/** The list of datasets, and uploading one. */

import { post, Refusal } from "./api.js";
import { $, h } from "./dom.js";
import { ago, number, words } from "./format.js";
import { read } from "./forms.js";
import { registry } from "./registry.js";

const form = $("#upload");
const count = (split) => ({ name: words(split), num: true, cell: (d) => d.num_examples[split].toLocaleString("en") });

function profile(dataset) {
  const facts = Object.entries(dataset.meta_features);
  return h("details", {}, h("summary", {}, `${facts.length} meta-features`),
    h("dl", { class: "pipeline" }, facts.map(([name, value]) => [h("dt", {}, words(name)), h("dd", { class: "num" }, number(value))])));
}

registry({
  path: "/v1/datasets", caption: "Datasets", form,
  empty: [h("h2", {}, "No datasets yet"), h("p", {}, "Upload a table with one example in each row. Splits are made where none are given, and equal texts never end up on two sides.")],
  columns: [
    { name: "Dataset", cell: (d) => [d.name, h("small", { class: "quiet" }, d.id)] },
    { name: "Task", cell: (d) => words(d.task) },
    count("train"), count("dev"), count("test"),
    { name: "Labels", cell: (d) => (d.labels.length ? `${d.labels.length}: ${d.labels.slice(0, 4).join(", ")}${d.labels.length > 4 ? " …" : ""}` : "real values") },
    { name: "Profile", cell: profile },
    { name: "Licence", cell: (d) => d.licence || "–" },
    { name: "Added", cell: (d) => ago(d.created_at) },
    { name: "Use", cell: (d) => h("a", { href: `/recommend?dataset=${d.id}` }, "Recommend") },
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
