// A client of the licence API that is only compiled: what it takes for granted of the OpenAPI
// document, the compiler finds in the types that are generated of it.
import createClient from "openapi-fetch";

import type { components, paths } from "./generated/api.js";

type Code = components["schemas"]["Problem"]["code"];
type Problem = components["schemas"]["Problem"];
type Kind = components["schemas"]["Grant"]["kind"];

// The edge answers 403, 429 and 502 with a page of HTML, which has no code.
function told(error: Problem | string): Problem | undefined {
  return typeof error === "string" ? undefined : error;
}

const api = createClient<paths>({ baseUrl: "https://licenses.coditect.ai" });

// Codes are an enumeration, so a switch over them is checked.
export function retryable(code: Code): boolean {
  switch (code) {
    case "no_seats_available":
    case "too_many_requests":
    case "dependency_unavailable":
    case "idempotency_in_progress":
      return true;
    default:
      return false;
  }
}

export async function acquire(token: string, license: string, fingerprint?: string): Promise<{ lease: string; kind: Kind } | { retryAfter: string | null }> {
  const { data, error, response } = await api.POST("/v1/licenses/{license_id}/acquire", {
    params: { path: { license_id: license }, header: { "Idempotency-Key": crypto.randomUUID() } },
    headers: { Authorization: `Bearer ${token}` },
    body: fingerprint === undefined ? {} : { fingerprint },
  });
  if (data !== undefined) {
    return { lease: data.leaseId, kind: data.kind };
  }
  const problem = told(error);
  if (problem !== undefined && !retryable(problem.code)) {
    throw new Error(problem.detail);
  }
  return { retryAfter: response.headers.get("Retry-After") };
}

// The next of one page is the cursor of the following one.
export async function audit(): Promise<components["schemas"]["Event"][]> {
  const events: components["schemas"]["Event"][] = [];
  for (let cursor: string | undefined = undefined, more = true; more; ) {
    const query: { limit: number; cursor?: string } = cursor === undefined ? { limit: 200 } : { limit: 200, cursor };
    const { data, error } = await api.GET("/v1/audit", { params: { query } });
    if (error !== undefined) {
      throw new Error(told(error)?.code ?? "the edge");
    }
    events.push(...data.items);
    cursor = data.next;
    more = cursor !== undefined;
  }
  return events;
}

export async function create(id: string): Promise<string> {
  // @ts-expect-error product and seats are required
  const incomplete: components["schemas"]["CreateInputBody"] = { id };
  const { data, error } = await api.POST("/v1/licenses", { body: { ...incomplete, product: "coditect-ide", seats: 5 } });
  if (error !== undefined) {
    const problem = told(error);
    throw new Error(problem?.errors?.map((e) => `${e.field} ${e.message}`).join(", ") ?? problem?.detail);
  }
  return data.status satisfies "active" | "suspended" | "revoked";
}

// What needs no token.
export async function published(): Promise<string[]> {
  const ready = await api.GET("/ready");
  if (ready.data?.ready !== true) {
    return [];
  }
  const keys = await api.GET("/.well-known/jwks.json", { parseAs: "json" });
  return (keys.data?.keys ?? []).map((key) => key.kid);
}
