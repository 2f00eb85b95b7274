import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";
import { ask, type Project } from "../project.ts";

/** Key of the signatures of root's mutations. */
export const rootSecret = `canary-${randomBytes(12).toString("hex")}`;

/** What the load of a deploy asks root by turns. Not its health view, which says 503 where Postgres takes more than 0.9 s, as on a busy machine. */
export const rootQuestions: [path: string, body?: string][] = ["{ members { handle } }", "{ __typename }"].map((query) => ["/graphql", JSON.stringify({ query })]);

async function graphql(port: number, query: string, variables: Record<string, unknown> = {}) {
  const { status, body } = await ask(port, "POST", "/graphql", "root", JSON.stringify({ query, variables }));
  assert.equal(status, 200, body);
  return JSON.parse(body) as { data?: { members: { handle: string }[] }; errors?: { extensions: { code: string } }[] };
}

/** Writes a row by the signed mutation. */
function addMember(port: number, handle: string, secret = rootSecret) {
  const at = new Date().toISOString();
  const by = createHmac("sha256", secret).update(["root.v1", "addMember", at, "Ada Example", handle, "2025-03-01", "web"].join("\n")).digest("hex");
  const mutation = "mutation ($input: NewMember!, $at: String, $by: String) { addMember(input: $input, signedAt: $at, signature: $by) { handle } }";
  return graphql(port, mutation, { at, by, input: { name: "Ada Example", handle, joinedOn: "2025-03-01", track: "web" } });
}

/** root, from its folder. */
export function root(given: () => Project): void {
  test("root: a row that is signed is written through Traefik to Postgres, and a wrong signature writes nothing", async () => {
    const { http } = given();
    const health = await given().get("/health", "root");
    assert.deepEqual([health.status, (JSON.parse(health.body) as { database: string }).database], [200, "connected"]);
    assert.equal((await addMember(http, "ada")).errors, undefined);
    const refused = await addMember(http, "eve", "another-secret-of-good-length");
    assert.equal(refused.errors?.[0]?.extensions.code, "UNAUTHORIZED");
    const { data } = await graphql(http, "{ members { handle } }");
    assert.deepEqual(data?.members.map(({ handle }) => handle), ["ada"]);
  });
}
