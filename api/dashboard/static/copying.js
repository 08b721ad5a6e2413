/** A job's request as a command or a program. */

const shell = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

export const curl = (request) =>
  `curl -X POST ${location.origin}/v1/jobs \\\n  -H 'Content-Type: application/json' \\\n  -d ${shell(JSON.stringify(request, null, 2))}`;

export const cli = (request) => `autodistill submit --url ${location.origin} --file - --watch <<'JSON'\n${JSON.stringify(request, null, 2)}\nJSON`;

/** JSON as Python writes it. */
function literal(value, depth = 1) {
  const [pad, end] = ["    ".repeat(depth + 1), "    ".repeat(depth)];
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const items = Array.isArray(value) ? value.map((v) => literal(v, depth + 1)) : Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${literal(v, depth + 1)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return items.length ? `${open}\n${items.map((item) => `${pad}${item},\n`).join("")}${end}${close}` : `${open}${close}`;
}

export const python = (request) => `from autodistill.client import Client

with Client(${JSON.stringify(location.origin)}) as client:
    job = client.submit(${literal(request)})
    for event in client.watch(job.id):
        print(event.kind, event.data)
    print(client.result(job.id))
`;
