/** What every page of a job shows on top. */

import { show } from "./dom.js";
import { ago } from "./format.js";
import { labelOf, studentName } from "./names.js";
import { actions, badge, jobName } from "./state.js";

let drawn = "";

/** Draw title, state and buttons; `extra` buttons come before those that steer the job. */
export function head(job, name, after, extra = []) {
  const now = [job.version, job.state, job.wish].join();
  if (now === drawn) return; // a button that is pressed must not be replaced under the finger
  drawn = now;
  document.title = `${jobName(job)} · AutoDistiller`;
  show("#title", jobName(job));
  show("#state", badge(job.state));
  show("#actions", extra, actions(job, after));
  const students = job.spec.students.map((s) => studentName(labelOf(s), name));
  show("#subtitle", `${name(job.spec.dataset)} · teacher ${name(job.spec.teacher.model)} · ${students.length > 1 ? "students" : "student"} ${students.join(", ")} · created ${ago(job.created_at)}`);
}
