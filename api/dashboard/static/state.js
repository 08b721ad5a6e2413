/** States of jobs and trials: their look, what may be done about them, and doing it. */

import { post } from "./api.js";
import { agreed, h, s, toast } from "./dom.js";
import { moreTrials } from "./extending.js";
import { isCost, words } from "./format.js";

const LOOKS = {
  queued: "idle", preparing: "active", searching: "active", finalising: "active", running: "active",
  requeued: "warn", succeeded: "good", complete: "good", failed: "bad", paused: "warn", cancelling: "active", cancelled: "idle", pruned: "idle",
};
const SAID = { pruned: "Stopped early", requeued: "Tried again" };
const TERMINAL = new Set(["succeeded", "failed", "cancelled"]);

export const isTerminal = (job) => TERMINAL.has(job.state);
export const isBusy = (job) => !isTerminal(job) && job.state !== "paused";
export const badge = (state) => h("span", { class: `state ${LOOKS[state] ?? "idle"}` }, SAID[state] ?? words(state));

/** Whether a job can be taken up again. */
export const renewable = (job) => ["succeeded", "failed", "paused"].includes(job.state);

const ACTIONS = {
  pause: { name: "Pause", when: (job) => isBusy(job) && job.wish === "run" && job.state !== "cancelling" },
  resume: { name: "Resume", when: (job) => !isTerminal(job) && job.wish === "pause" },
  retry: { name: "Retry failed", when: (job) => renewable(job) && job.progress.failed + job.progress.cancelled > 0 },
  extend: { name: "Extend", when: renewable, body: moreTrials },
  cancel: {
    name: "Cancel", danger: true, when: (job) => !isTerminal(job) && job.wish !== "cancel",
    body: (job) => agreed(`Cancel ${jobName(job)}? Its finished trials stay, but it cannot be resumed.`, "Cancel job"),
  },
};

/** Do something to what `path` names, with the button disabled meanwhile; `after` follows when the service has agreed. */
export async function act(path, button, after, body) {
  button.disabled = true;
  try {
    await post(path, body);
    await after();
  } catch (error) {
    toast("bad", error.message);
  }
  button.disabled = false;
}

/** Buttons for what may be done to `job` now, of these `verbs`, and a link to clone it. */
export function actions(job, after, verbs = Object.keys(ACTIONS)) {
  const run = async (verb, { body }, button) => {
    const given = body ? await body(job) : true;
    const seen = isTerminal(job) ? () => location.reload() : after; // a job that had ended is no longer listened to
    if (given) await act(`/v1/jobs/${job.id}/${verb}`, button, seen, given === true ? undefined : given);
  };
  const buttons = Object.entries(ACTIONS).filter(([verb, action]) => verbs.includes(verb) && action.when(job)).map(([verb, action]) =>
    h("button", {
      type: "button", class: action.danger && "danger", "aria-label": `${action.name} ${jobName(job)}`,
      click: (event) => run(verb, action, event.currentTarget),
    }, action.name));
  return [...buttons, h("a", { class: "button", href: `/jobs/new?from=${job.id}`, "aria-label": `Clone ${jobName(job)}` }, "Clone")];
}

const OPEN = new Set(["queued", "running"]);

/** Buttons for what may be done to one trial of `job` now. */
export function trialActions(job, { number, state }, after) {
  const button = (name, path, done, look) => h("button", {
    type: "button", class: `small ${look}`, "aria-label": `${name} trial ${number}`,
    click: (event) => act(`/v1/jobs/${job.id}/${path}`, event.currentTarget, done),
  }, name);
  return [
    OPEN.has(state) && !isTerminal(job) && button("Stop", `trials/${number}/stop`, () => toast("", "It ends after its epoch."), "danger"),
    ["failed", "cancelled"].includes(state) && renewable(job) && button("Run again", `retry?trial=${number}`, after, ""),
  ].filter(Boolean);
}

export const jobName = (job) => job.spec.name || job.id;

/** What the search looks at first: the finished job's word, or its first objective, one that is learnt where there is any. */
export function headline(job) {
  const learnt = job.spec.objectives.map((o) => o.metric).find((m) => !isCost(m));
  return job.result?.metric ?? learnt ?? job.spec.objectives[0].metric;
}

export const finished = ({ complete = 0, pruned = 0, failed = 0, cancelled = 0 }) => complete + pruned + failed + cancelled;

/** Progress against the budget as a bar of trial states. */
export function bar(progress) {
  const of = Math.max(progress.of, 1);
  let x = 0;
  const part = (state) => {
    const width = (100 * (progress[state] ?? 0)) / of;
    const drawn = s("rect", { class: state, x, width, y: 0, height: 6 });
    x += width;
    return drawn;
  };
  return s("svg", { class: "bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    ["complete", "pruned", "failed", "cancelled", "running"].map(part));
}

/** Seconds that are left at the pace so far, or null when it is too early to say. */
export function secondsLeft(job) {
  const done = finished(job.progress);
  if (job.state !== "searching" || !job.started_at || done < 2) return null;
  return ((Date.now() - new Date(job.started_at)) / 1000 / done) * Math.max(job.progress.of - done, 0);
}
