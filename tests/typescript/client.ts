// A job is submitted twice under one key, read, and cancelled, with the types of the description.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type JobRequest = components["schemas"]["JobRequest"];

declare const process: { argv: string[]; exit(code: number): never };
const client = createClient<paths>({ baseUrl: process.argv[2] });

function fail(problem: unknown): never {
  console.error(JSON.stringify(problem));
  process.exit(1);
}

const body: JobRequest = {
  dataset: "reviews",
  teacher: { model: "teacher", preparation: { kind: "fine_tuned" } },
  students: [{ kind: "cut", num_layers: 2 }],
};
const params = { header: { "Idempotency-Key": "typescript" } };
const first = await client.POST("/v1/jobs", { body, params });
if (first.error) fail(first.error.detail);
const again = await client.POST("/v1/jobs", { body, params });
if (again.error || again.data.id !== first.data.id) fail(again.error ?? "two jobs under one key");

const job = first.data.id;
const read = await client.GET("/v1/jobs/{job}", { params: { path: { job } } });
if (read.error || read.data.progress.of !== 20) fail(read);
const cancelled = await client.POST("/v1/jobs/{job}/cancel", { params: { path: { job } } });
if (cancelled.error) fail(cancelled.error.problems);

const missing = await client.GET("/v1/jobs/{job}", { params: { path: { job: "nope" } } });
if (missing.error?.status !== 404) fail(missing);
console.log(cancelled.data.state);
