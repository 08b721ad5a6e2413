/** Numbers and times as people read them, always with their unit. */

const METRICS = JSON.parse(document.body.dataset.metrics ?? "{}");
const UNITS = { nll: "nats", forward_kl: "nats", reverse_kl: "nats", js: "nats", latency_ms: "ms" };

export const lowerIsBetter = (metric) => METRICS[metric]?.lower_is_better ?? false;
export const meaning = (metric) => METRICS[metric]?.meaning ?? "";
/** Whether a metric compares the student with its teacher, or its confidence with what is right. */
export const isFidelity = (metric) => Boolean(METRICS[metric]?.fidelity) || ["nll", "ece"].includes(metric);
/** Whether a student has it before training. */
export const isCost = (metric) => ["latency_ms", "num_parameters"].includes(metric);
/** Positive when `a` is better than `b`. */
export const better = (metric, a, b) => (lowerIsBetter(metric) ? b - a : a - b);

export const metricName = (metric) => METRICS[metric]?.label ?? words(metric).toLowerCase();
export const words = (name) => {
  const text = name.replaceAll("_", " ").replace(/^num /i, "number of ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};

/** Significant digits without an exponent where one can be avoided. */
export function number(value, digits = 3) {
  if (value == null || !Number.isFinite(value)) return "–";
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e7)) return value.toExponential(digits - 1).replace(/\.?0*e\+?/, "e");
  return Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(digits)));
}

/** A value and its unit apart, for those who set them apart. */
function parts(name, value) {
  if (METRICS[name]?.share) return [(100 * value).toFixed(2), "%"];
  return [name === "latency_ms" ? number(value, 2) : number(value, 4), UNITS[name] ?? ""];
}

export function metric(name, value) {
  if (value == null || !Number.isFinite(value)) return "–";
  if (name === "num_parameters") return parameters(value);
  return parts(name, value).join(" ").trim();
}

/** In what a bound of a metric is given. */
export const unit = (name) => (METRICS[name]?.share ? "as a share: 0.9 is 90 %" : name === "num_parameters" ? "parameters" : UNITS[name] ?? "");

/** A limit in words. */
export const limit = ({ metric: name, bound }) => `${metricName(name)} at ${lowerIsBetter(name) ? "most" : "least"} ${metric(name, bound)}`;

/** How a chart writes a metric on its axis: the unit is in its name. */
export const axis = (name) => ({
  name: [metricName(name), METRICS[name]?.share ? "in %" : UNITS[name] && `in ${UNITS[name]}`].filter(Boolean).join(" "),
  tick: (value) => number(METRICS[name]?.share ? 100 * value : value, 4),
  format: (value) => metric(name, value),
});

/** A difference, signed, in points for shares. */
export function difference(name, value) {
  if (value == null || !Number.isFinite(value)) return "–";
  const sign = value < 0 ? "−" : "+";
  const size = Math.abs(value);
  return METRICS[name]?.share ? `${sign}${(100 * size).toFixed(2)} points` : `${sign}${metric(name, size)}`;
}

/** Mean ± standard deviation of a `Score`. */
export function score(name, { mean, sd }) {
  if (sd == null) return metric(name, mean);
  return METRICS[name]?.share ? `${(100 * mean).toFixed(2)} ± ${(100 * sd).toFixed(2)} %` : `${mean.toFixed(3)} ± ${sd.toFixed(3)}`;
}
export const seeds = (n) => (n === 1 ? "one seed" : `${n} seeds`);

export function parameters(n) {
  if (n >= 1e9) return `${(n / 1e9).toFixed(1)} B parameters`;
  if (n >= 1e6) return `${(n / 1e6).toFixed(1)} M parameters`;
  return n >= 1e3 ? `${(n / 1e3).toFixed(0)} k parameters` : `${n} parameters`;
}

export function duration(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** When something happened: how long ago, with the exact time on hover. */
export function ago(iso, now = Date.now()) {
  const seconds = (now - new Date(iso)) / 1000;
  if (seconds < 45) return "just now";
  return seconds < 7 * 86400 ? `${duration(seconds)} ago` : new Date(iso).toLocaleDateString("en", { dateStyle: "medium" });
}
export const exactly = (iso) => new Date(iso).toLocaleString("en", { dateStyle: "medium", timeStyle: "medium" });
export const clock = (iso) => new Date(iso).toLocaleTimeString("en", { hour12: false });
