/** Scales and their ticks. */

/** Round levels between two bounds; `least` is the smallest step, 1 for whole numbers. */
function evenTicks(low, high, count, least) {
  const raw = Math.max((high - low) / count, least) || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, least ? 5 : 2.5, 5, 10].map((m) => m * power).find((v) => v >= raw * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) found.push(i * step + 0); // no -0
  return found;
}

/** Powers of ten, with 2 and 5 between them where there are few. */
function logTicks(low, high) {
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  const steps = to - from > 3 ? [1] : [1, 2, 5];
  return Array.from({ length: to - from + 1 }, (_, i) => steps.map((s) => s * 10 ** (from + i))).flat();
}

/** A function from values to pixels that knows its ticks. */
export function scale(low, high, from, to, { log = false, whole = false } = {}) {
  const turn = log && low > 0 ? Math.log10 : (v) => v;
  const [a, b] = [turn(low), turn(high)];
  const at = (v) => Math.round(10 * (from + ((turn(v) - a) / (b - a || 1)) * (to - from))) / 10;
  at.ticks = (count) => (turn === Math.log10 ? logTicks(low, high) : evenTicks(low, high, count, whole ? 1 : 0)).filter((v) => v >= low - 1e-12 && v <= high + 1e-12);
  at.back = (pixel) => {
    const v = a + ((pixel - from) / (to - from)) * (b - a);
    return turn === Math.log10 ? 10 ** v : v;
  };
  return at;
}

/** The range of `values`; with `trimmed` given, far outliers on the losing side are left outside. */
export function extent(values, { trimmed = null, log = false } = {}) {
  const sorted = values.filter((v) => Number.isFinite(v) && (!log || v > 0)).sort((a, b) => a - b);
  if (!sorted.length) return log ? [0.1, 1] : [0, 1];
  let [low, high] = [sorted[0], sorted.at(-1)];
  if (log) return low === high ? [low / 2, high * 2] : [low / (high / low) ** 0.05, high * (high / low) ** 0.05];
  if (trimmed && sorted.length > 4) {
    const quarter = (share) => sorted[Math.floor(share * (sorted.length - 1))];
    const reach = 2 * (quarter(0.75) - quarter(0.25));
    if (trimmed === "low") low = Math.max(low, quarter(0.25) - reach);
    else high = Math.min(high, quarter(0.75) + reach);
  }
  const pad = (high - low || Math.abs(high) * 0.1 || 1) * 0.08;
  return [low - pad, high + pad];
}
