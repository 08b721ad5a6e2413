/** Events of a job's log as sentences. */

import { h } from "./dom.js";
import { clock, exactly, metric, metricName, number, words } from "./format.js";

const SAID = { pruned: "was stopped early", running: "started", complete: "finished", queued: "was proposed", failed: "failed", cancelled: "was cancelled", requeued: "went back to the queue" };

/** The rest of an event that has no sentence of its own. */
const plainly = (data) => Object.entries(data).map(([name, value]) => {
  const of = name.replace(/^(dev|test)\//, "");
  const said = typeof value === "number" ? (of === "latency_ms" || of !== name || of === "num_parameters" ? metric(of, value) : number(value)) : String(value);
  return of === "step" ? words(said) : `${metricName(of)} ${said}`;
}).join(", ");

function sentence({ kind, data }, job, headline) {
  const trial = () => h("a", { href: `/jobs/${job}/trials/${data.number}` }, `Trial ${data.number}`);
  const score = (values, prefix) => (headline && values?.[prefix + headline] != null ? `: ${metricName(headline)} ${metric(headline, values[prefix + headline])}` : "");
  const [noun, verb] = kind.split(".");
  if (noun === "job") return [`Job ${verb}`, data.message ? `: ${data.message}` : ""];
  if (noun === "measurement") return [trial(), `, epoch ${data.epoch}`, score(data.values, "dev/")];
  if (noun === "trial") return [trial(), ` ${SAID[verb] ?? verb}`, verb === "failed" ? `: ${data.reason}` : score(data.dev, "")];
  return [`${words(noun)}: ${plainly(data)}`];
}

/** One event as an item of a list. */
export const eventLine = (event, job, headline) => h("li", {},
  h("time", { datetime: event.created_at, title: exactly(event.created_at) }, clock(event.created_at)),
  h("span", {}, sentence(event, job, headline)));
