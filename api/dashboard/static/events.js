/** Events of a job's log as sentences. */

import { h } from "./dom.js";
import { clock, exactly, metric, metricName, number, words } from "./format.js";

const SAID = { pruned: "was stopped early", running: "started", complete: "finished", queued: "was proposed", failed: "failed", cancelled: "was cancelled", requeued: "went back to the queue" };

/** One thing that an event tells, by its name and with its unit; the parts of an object by theirs. */
function told([name, value]) {
  const of = name.replace(/^(dev|test)\//, "");
  if (of === "step") return words(value);
  if (typeof value === "object" && value !== null) return `${words(of).toLowerCase()}: ${Object.entries(value).map(([part, n]) => `${part} ${number(n)}`).join(", ")}`;
  if (of === "num_parameters") return metric(of, value);
  if (typeof value !== "number") return String(value);
  return `${metricName(of)} ${of === "latency_ms" || of !== name ? metric(of, value) : number(value)}`;
}

/** An event that has no sentence of its own; of scores the headline alone. */
const plainly = (data, headline) => Object.entries(data).filter(([name]) => !name.includes("/") || name.endsWith(`/${headline}`)).map(told).join(", ");

function sentence({ kind, data }, job, headline) {
  const trial = () => h("a", { href: `/jobs/${job}/trials/${data.number}` }, `Trial ${data.number}`);
  const score = (values, prefix) => (headline && values?.[prefix + headline] != null ? `: ${metricName(headline)} ${metric(headline, values[prefix + headline])}` : "");
  const [noun, verb] = kind.split(".");
  if (noun === "job") return [`Job ${verb}`, data.message ? `: ${data.message}` : ""];
  if (noun === "measurement") return [trial(), `, epoch ${data.epoch}`, score(data.values, "dev/")];
  if (noun === "trial") return [trial(), ` ${SAID[verb] ?? verb}`, verb === "failed" ? `: ${data.reason}` : score(data.dev, "")];
  return [`${words(noun)}: ${plainly(data, headline)}`];
}

/** One event as an item of a list. */
export const eventLine = (event, job, headline) => h("li", {},
  h("time", { datetime: event.created_at, title: exactly(event.created_at) }, clock(event.created_at)),
  h("span", {}, sentence(event, job, headline)));
