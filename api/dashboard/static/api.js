/** Calls of the JSON API. What it refuses is thrown as a `Refusal` that carries the problem body. */

export class Refusal extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The service answered with status ${status}.`);
    this.status = status;
    this.problems = Array.isArray(body.problems) ? body.problems : [];
  }
}

async function call(method, path, { body, headers = {}, signal } = {}) {
  const form = body instanceof FormData;
  const sent = form || body === undefined ? body : JSON.stringify(body);
  const typed = sent && !form ? { "Content-Type": "application/json", ...headers } : headers;
  let response;
  try {
    response = await fetch(path, { method, body: sent, headers: typed, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, { detail: "The service cannot be reached; it may be restarting. Try again in a moment." });
  }
  const text = await response.text();
  let answer = {};
  try { answer = text ? JSON.parse(text) : {}; } catch { answer = { detail: text.slice(0, 300) }; }
  if (response.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

export const get = (path, options) => call("GET", path, options);
export const remove = (path) => call("DELETE", path);
export const post = (path, body, options) => call("POST", path, { ...options, body });

/** Everything of a listing that pages by cursor, up to `most` items. */
export async function all(path, most = 1000) {
  const items = [];
  let after = null;
  do {
    const page = await get(after === null ? path : `${path}${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(after)}`);
    items.push(...page.items);
    after = page.next ?? null;
  } while (after !== null && items.length < most);
  return items;
}

/** A key that makes a repeated POST harmless; `crypto.randomUUID` does not exist on plain HTTP. */
export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
