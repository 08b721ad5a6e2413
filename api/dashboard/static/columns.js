/** Columns of a job's trials, downsampled by the service, as rows for pictures. */

import { get } from "./api.js";

/** Trials as objects of the asked columns, with the leaders and the front of the job. */
export async function columns(job, names, { where = [], most = null } = {}) {
  const query = new URLSearchParams([...names.map((n) => ["name", n]), ...where.map((w) => ["where", w]), ...(most ? [["most", most]] : [])]);
  const found = await get(`/v1/jobs/${job}/columns?${query}`);
  const length = found.columns[names[0]]?.length ?? 0;
  const rows = Array.from({ length }, (_, i) => Object.fromEntries(names.map((n) => [n, found.columns[n][i]])));
  return { rows, total: found.num_trials, leaders: new Set(found.leaders), front: new Set(found.front), hypervolume: found.hypervolume };
}
