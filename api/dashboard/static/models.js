/** The list of models, and registering one. */

import { post } from "./api.js";
import { $, h } from "./dom.js";
import { ago, parameters } from "./format.js";
import { read } from "./forms.js";
import { registry } from "./registry.js";

const form = $("#register");
const origin = ({ kind, ...rest }) => [kind, ...Object.values(rest)].join(" · ");

registry({
  path: "/v1/models", noun: "model", caption: "Models", form,
  empty: [h("h2", {}, "No models yet"), h("p", {}, "Register an encoder below: from a directory on the service's machine or from an installed package.")],
  columns: [
    { name: "Model", cell: (m) => [m.name, h("small", { class: "quiet" }, m.id)] },
    { name: "Architecture", cell: (m) => m.architecture },
    { name: "Layers", num: true, cell: (m) => m.num_layers },
    { name: "Hidden size", num: true, cell: (m) => m.hidden_size },
    { name: "Size", num: true, cell: (m) => parameters(m.num_parameters) },
    { name: "Head", cell: (m) => (m.labels.length ? `${m.labels.length} outputs: ${m.labels.slice(0, 3).join(", ")}${m.labels.length > 3 ? " …" : ""}` : "none") },
    { name: "Source", cell: (m) => origin(m.source) },
    { name: "Added", cell: (m) => ago(m.created_at) },
    { name: "Use", cell: (m) => h("span", { class: "links" }, h("a", { href: `/jobs/new?teacher=${m.id}` }, "As a teacher"), h("a", { href: `/?uses=${m.id}` }, "Jobs")) },
  ],
  send: async () => post("/v1/models", read(form)),
});
