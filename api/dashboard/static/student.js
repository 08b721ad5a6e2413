/** The exported student, in each format that it can be taken in. */

import { h } from "./dom.js";
import { metric, metricName, number } from "./format.js";

const link = (job, format, text) => h("a", { href: `/v1/jobs/${job.id}/student?format=${format}`, download: true }, text);
const costs = (name, of) => `${metric(name, of[`dev/${name}`])} ${metricName(name)} on dev, ${metric("latency_ms", of.latency_ms)}`;
const said = (name, of) => `${costs(name, of)}, ${number(of.mib)} MiB`;

function graphs(job) {
  const { graphs: kept, no_graphs: why, metric: name } = job.result;
  if (!kept) return h("span", { class: "quiet" }, `No ONNX graphs: ${why || "its worker was not to export any"}.`);
  return [link(job, "onnx", "ONNX graphs of any batch size and length"),
    h("small", { class: "quiet" }, `float32: ${said(name, kept.float32)} · 8-bit weights: ${said(name, kept.int8)}`)];
}

/** The list items of what can be downloaded. */
export const downloads = (job) => [
  [link(job, "safetensors", "Hugging Face layout: safetensors, tokenizer and model card"),
    h("small", { class: "quiet" }, costs(job.result.metric, job.result.student))],
  graphs(job),
].map((item) => h("li", {}, item));
