import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { Ajv } from "ajv";
import { addressOf, type Forge, forgeOf } from "../../../../cli/forge/forge.ts";
import { nextPage } from "../../../../cli/forge/github-api.ts";

/**
 * GitHub's own description of its API, cut from @octokit/openapi 23.0.2 (385 MB) to the operations that are used. A
 * request that it does not describe, or whose parameters or body it refuses, fails the test. What this does not prove:
 * that GitHub does what its description says, and how it words a refusal.
 */
interface Operation {
  parameters: { name: string; in: string; schema: { type: string; enum?: string[] } }[];
  requestBody?: { content: { "application/json": { schema: { properties: Record<string, unknown> } } } };
}
const description = JSON.parse(readFileSync(join(import.meta.dirname, "openapi.json"), "utf8")) as { paths: Record<string, Record<string, Operation>> };
const ajv = new Ajv({ strict: false, validateFormats: false });

interface Comment { id: number; body: string; html_url: string; user: { login: string; type: string } | null }
interface Pull { number: number; html_url: string; title: string; body: string; head: string; base: string; state: string }

let server: Server;
let api = "";
let comments: Comment[] = [];
let pulls: Pull[] = [];
let login: string | undefined;
let requests: string[] = [];
let wrong: string[] = [];
let refuse: { status: number; headers: Record<string, string>; body: unknown } | undefined;
const byAda = { login: "ada", type: "User" };
const byBot = { login: "github-actions[bot]", type: "Bot" };

before(async () => {
  server = createServer((request, response) => {
    void (async () => {
      const { status, headers, body } = await answer(request);
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  api = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`;
});
after(() => server.close());
beforeEach(() => {
  [comments, pulls, requests, wrong, login, refuse] = [[], [], [], [], "ada", undefined];
});

/** The part of GitHub that is asked, on the data above. */
async function answer(request: IncomingMessage): Promise<{ status: number; headers?: Record<string, string>; body: unknown }> {
  const url = new URL(request.url ?? "", api);
  const path = url.pathname.replace("/api/v3", "");
  let text = "";
  for await (const part of request) text += String(part);
  const body = text === "" ? undefined : (JSON.parse(text) as Record<string, string>);
  requests.push(`${request.method} ${path}${url.search}`);
  wrong.push(...violations(request, path, url.searchParams, body));
  if (request.headers.authorization !== "Bearer canary-token") return { status: 401, body: { message: "Bad credentials" } };
  if (path === "/user") return login === undefined ? { status: 403, body: { message: "Resource not accessible by integration" } } : { status: 200, body: { login } };
  if (refuse !== undefined) return refuse;
  const [, issue, comment, pull] = /issues\/(\d+)\/comments$|issues\/comments\/(\d+)$|pulls(?:\/(\d+))?$/.exec(path) ?? [];
  if (issue !== undefined && request.method === "GET") {
    const page = Number(url.searchParams.get("page") ?? 1);
    const size = Number(url.searchParams.get("per_page"));
    const more = comments.length > page * size;
    const link = `<${api}${path}?per_page=${size}&page=${page + 1}>; rel="next", <${api}${path}?page=9>; rel="last"`;
    return { status: 200, headers: more ? { link } : {}, body: comments.slice((page - 1) * size, page * size) };
  }
  if (issue !== undefined) {
    comments.push({ id: 1000 + comments.length, body: body?.["body"] ?? "", html_url: `https://github.com/c/${1000 + comments.length}`, user: login === undefined ? byBot : byAda });
    return { status: 201, body: comments.at(-1) };
  }
  if (comment !== undefined) {
    const found = comments.find(({ id }) => id === Number(comment));
    if (found === undefined) return { status: 404, body: { message: "Not Found" } };
    found.body = body?.["body"] ?? "";
    return { status: 200, body: found };
  }
  if (request.method === "GET") {
    const { head, base, state } = Object.fromEntries(url.searchParams);
    return { status: 200, body: pulls.filter((each) => `acme:${each.head}` === head && each.base === base && each.state === state) };
  }
  if (pull === undefined) {
    const made = { title: "", body: "", head: "", base: "", ...body, number: 7 + pulls.length, state: "open", html_url: `https://github.com/acme/berth/pull/${7 + pulls.length}` };
    pulls.push(made);
    return { status: 201, body: made };
  }
  const found = pulls.find(({ number }) => number === Number(pull));
  return { status: 200, body: Object.assign(found ?? {}, body) };
}

function violations(request: IncomingMessage, path: string, query: URLSearchParams, body: Record<string, unknown> | undefined): string[] {
  const template = Object.keys(description.paths).find((known) => new RegExp(`^${known.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path));
  const operation = template === undefined ? undefined : description.paths[template]?.[(request.method ?? "").toLowerCase()];
  if (template === undefined || operation === undefined) return [`${request.method} ${path} is not described`];
  const given = [...query].map(([name, value]) => ({ name, value, in: "query" }));
  const parts = path.split("/");
  template.split("/").forEach((part, index) => {
    if (part.startsWith("{")) given.push({ name: part.slice(1, -1), value: parts[index] ?? "", in: "path" });
  });
  const problems = given.flatMap(({ name, value, in: where }) => {
    const parameter = operation.parameters.find((each) => each.name === name && each.in === where);
    if (parameter === undefined) return [`${path} has no parameter ${name}`];
    const typed = parameter.schema.type === "integer" ? Number(value) : value;
    return ajv.validate(parameter.schema, typed) ? [] : [`${name} of ${path}: ${ajv.errorsText()}`];
  });
  if (request.headers.accept !== "application/vnd.github+json") problems.push(`accept is ${request.headers.accept}`);
  if (!request.headers["user-agent"]) problems.push("no user-agent, which GitHub refuses");
  const schema = operation.requestBody?.content["application/json"].schema;
  if (schema === undefined) return body === undefined ? problems : [...problems, `${path} takes no body`];
  if (!ajv.validate({ ...schema, additionalProperties: false }, body)) problems.push(`body of ${path}: ${ajv.errorsText()}`);
  return problems;
}

function forge(environment: NodeJS.ProcessEnv = {}): Forge {
  const found = forgeOf({ GITHUB_TOKEN: "canary-token", GITHUB_REPOSITORY: "acme/berth", GITHUB_API_URL: api, ...environment });
  assert.ok(found);
  return found;
}

describe("one comment", () => {
  test("is posted once, then updated, and left alone where nothing has changed", async () => {
    assert.equal(await forge().upsertComment(7, "berth preview prod", "3 to create"), "https://github.com/c/1000");
    await forge().upsertComment(7, "berth preview prod", "4 to create");
    await forge().upsertComment(7, "berth preview dev", "nothing");
    assert.deepEqual(comments.map(({ body }) => body), ["<!-- berth preview prod -->\n4 to create", "<!-- berth preview dev -->\nnothing"]);
    requests = [];
    comments[0]!.body = comments[0]!.body.replaceAll("\n", "\r\n");
    await forge().upsertComment(7, "berth preview prod", "4 to create");
    assert.deepEqual(requests, ["GET /user", "GET /repos/acme/berth/issues/7/comments?per_page=100"]);
    assert.deepEqual(wrong, []);
  });

  test("is found on the last of many pages, and never in the words of others", async () => {
    const text = "<!-- berth preview prod -->\n1 to create";
    comments = Array.from({ length: 230 }, (_, id) => ({ id, body: `comment ${id}\n<!-- berth preview prod -->`, html_url: `https://github.com/c/${id}`, user: byAda }));
    comments[3] = { ...comments[3]!, body: text, user: { login: "mallory", type: "User" } };
    comments[4] = { ...comments[4]!, body: text, user: null };
    comments[229] = { ...comments[229]!, body: text };
    assert.equal(await forge().upsertComment(7, "berth preview prod", "new"), "https://github.com/c/229");
    assert.deepEqual([3, 4, 229].map((index) => comments[index]?.body), [text, text, "<!-- berth preview prod -->\nnew"]);
    assert.equal(comments.length, 230);
    assert.deepEqual(wrong, []);
  });

  test("of a workflow's token, which has no user, is a bot's", async () => {
    login = undefined;
    comments = [{ id: 1, body: "<!-- m -->\nold", html_url: "", user: { login: "mallory", type: "User" } }];
    await forge().upsertComment(7, "m", "new");
    await forge().upsertComment(7, "m", "newer");
    assert.deepEqual(comments.map(({ body }) => body), ["<!-- m -->\nold", "<!-- m -->\nnewer"]);
  });
});

test("a pull request is opened once for a branch, then brought up to date", async () => {
  const request = { branch: "promote/prod-0f3c1a2", base: "main", title: "Promote", body: "root" };
  assert.deepEqual(await forge().openPullRequest(request), { number: 7, url: "https://github.com/acme/berth/pull/7", created: true });
  assert.deepEqual(await forge().openPullRequest({ ...request, title: "Again" }), { number: 7, url: "https://github.com/acme/berth/pull/7", created: false });
  assert.deepEqual(pulls.map(({ title, head, base, body }) => ({ title, head, base, body })), [{ title: "Again", head: "promote/prod-0f3c1a2", base: "main", body: "root" }]);
  assert.equal((await forge().openPullRequest({ ...request, branch: "other" })).created, true);
  assert.deepEqual(wrong, []);
});

describe("a refusal", () => {
  const refused = async (status: number, body: unknown, headers: Record<string, string> = {}) => {
    refuse = { status, headers, body };
    return forge().openPullRequest({ branch: "b", base: "main", title: "t", body: "" }).then(() => "", (error: Error) => error.message);
  };

  test("names the permission that is missing, as GitHub's header does", async () => {
    const header = { "x-accepted-github-permissions": "pull_requests=write" };
    assert.match(await refused(403, { message: "Resource not accessible by integration" }, header), /needs the permission "pull-requests: write" .*under permissions:/);
    assert.match(await refused(404, { message: "Not Found" }), /404 Not Found. The token .* needs the permission/);
    assert.match(await refused(403, { message: "GitHub Actions is not permitted to create or approve pull requests." }), /Allow GitHub Actions to create/);
  });

  test("says when to try again, that a token is of no use, or what was wrong", async () => {
    assert.match(await refused(403, { message: "API rate limit exceeded" }, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1900000000" }), /after 2030-03-17T/);
    assert.match(await refused(422, { message: "Validation Failed", errors: [{ message: "No commits between main and b" }] }), /Validation Failed; No commits between main and b/);
    assert.match(await refused(502, "bad gateway"), /502/);
    await assert.rejects(forge({ GITHUB_TOKEN: "other" }).upsertComment(7, "m", "x"), /401 Bad credentials.*make a new one/);
    await assert.rejects(forge({ GITHUB_API_URL: "http://127.0.0.1:1" }).upsertComment(7, "m", "x"), /can't be reached at http:\/\/127\.0\.0\.1:1/);
  });

  test("never shows the token", async () => {
    assert.doesNotMatch(await refused(403, { message: "no" }), /canary-token/);
  });
});

test("a page of another server is not asked: the token stays", async () => {
  refuse = { status: 200, headers: { link: '<https://evil.example/steal>; rel="next"' }, body: [] };
  await assert.rejects(forge().upsertComment(7, "m", "x"), /evil\.example.*not below/);
});

test("the next page is the one that link names, whatever the order", () => {
  assert.equal(nextPage('<https://a/1>; rel="prev", <https://a/3>; rel="next"'), "https://a/3");
  assert.equal(nextPage('<https://a/1>; rel="first"'), undefined);
  assert.equal(nextPage(null), undefined);
});

test("the repository is the environment's, or origin's; without a token there is no forge", () => {
  const of = (environment: NodeJS.ProcessEnv, origin?: string) => forgeOf(environment, origin)?.name;
  assert.equal(of({ GITHUB_TOKEN: "t" }, "git@github.com:acme/berth.git"), "github.com/acme/berth");
  assert.equal(of({ GH_TOKEN: "t" }, "https://x:y@github.com/acme/berth"), "github.com/acme/berth");
  assert.equal(of({ GITHUB_TOKEN: "t", GITHUB_API_URL: "https://git.acme.com/api/v3" }, "ssh://git@git.acme.com:22/acme/berth.git"), "git.acme.com/acme/berth");
  assert.equal(of({ GITHUB_TOKEN: "t", GITHUB_REPOSITORY: "acme/other" }), "github.com/acme/other");
  assert.equal(of({}, "https://github.com/acme/berth"), undefined);
  assert.equal(of({ GITHUB_TOKEN: "t" }, "https://gitlab.com/acme/berth.git"), undefined);
  assert.equal(of({ GITHUB_TOKEN: "t" }, "/srv/berth.git"), undefined);
  assert.equal(of({ GITHUB_TOKEN: "t" }), undefined);
  assert.deepEqual(addressOf("git@GitHub.com:acme/b.e_r-th.git"), { host: "github.com", repository: "acme/b.e_r-th" });
});
