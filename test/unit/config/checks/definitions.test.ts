import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AppDefinition } from "../../../../components/index.ts";
import { checkConfig } from "../../../../config/config.ts";
import { definitionProblems } from "../../../../config/checks/definitions.ts";
import { rawConfig } from "../raw-config.ts";

const shop = (more: Partial<AppDefinition>): AppDefinition => ({ context: "/apps/shop", ...more });
const problemsOf = (definition: AppDefinition) => definitionProblems([["shop", { folder: "trade/shop", env: {} }]], { shop: definition });

describe("an app.ts", () => {
  test("with a right cron expression and time zone has no problem", () => {
    assert.deepEqual(problemsOf(shop({ schedules: { a: { cron: "15 3 * * 1-5", timeZone: "Europe/Vienna", command: ["a"] }, b: { cron: "@daily", command: ["b"] } } })), []);
  });

  test("with wrong ones is told which, where, and what is allowed", () => {
    const problems = problemsOf(shop({ schedules: { backup: { cron: "61 3 * * *", timeZone: "Europe/Wien", command: ["a"] } } }));
    assert.deepEqual(
      problems.map(({ field, value, fix }) => [field, value, fix]),
      [
        ["schedules.backup.cron of apps/trade/shop/app.ts", '"61 3 * * *"', "correct it in apps/trade/shop/app.ts"],
        ["schedules.backup.timeZone of apps/trade/shop/app.ts", '"Europe/Wien"', "correct it in apps/trade/shop/app.ts"],
      ],
    );
    assert.match(problems[0]?.allowed ?? "", /minute/);
  });

  test("of a git address has no login in it, and no Dockerfile of another name; what is told does not repeat the login", () => {
    const address = `https://me:canary@git.invalid/shop.git#${"0".repeat(40)}`;
    const problems = problemsOf(shop({ context: address, dockerfile: "docker/Dockerfile" }));
    assert.deepEqual(problems.map(({ field }) => field), ["context of apps/trade/shop/app.ts", "dockerfile of apps/trade/shop/app.ts"]);
    assert.doesNotMatch(JSON.stringify(problems), /canary/);
    assert.deepEqual(problemsOf(shop({ context: address.replace("me:canary@", "") })), []);
    assert.deepEqual(problemsOf(shop({ dockerfile: "docker/Dockerfile" })), []);
  });

  test("whose plain secrets need the image's command has to name it", () => {
    const web = { port: 80, health: { path: "/" } };
    assert.deepEqual(problemsOf(shop({ web, unprepared: { plainSecrets: true } })).map(({ field }) => field), ["web.command of apps/trade/shop/app.ts"]);
    assert.deepEqual(problemsOf(shop({ web: { ...web, command: ["shopd"] }, unprepared: { plainSecrets: true } })), []);
    assert.deepEqual(problemsOf(shop({ web })), []);
  });

  test("whose derived secrets are made of what it is not given is told so", () => {
    const derived = { DB_PASSWORD: "${POSTGRES_PASSWORD}", BROKER: "${REDIS_URL}" };
    const problems = problemsOf(shop({ database: true, derived }));
    assert.deepEqual(problems.map(({ field, value }) => [field, value]), [["derived.BROKER of apps/trade/shop/app.ts", "${REDIS_URL}"]]);
    assert.match(problems[0]?.allowed ?? "", /one of POSTGRES_HOST, /);
    assert.deepEqual(problemsOf(shop({ database: true, cache: true, derived })), []);
    assert.match(problemsOf(shop({ derived }))[0]?.allowed ?? "", /it has neither/);
  });

  test("with headers or ports that Traefik can't set or reach is told which", () => {
    const web = { port: 80, health: { path: "/" } };
    const fields = (more: object) => problemsOf(shop({ web: { ...web, ...more } })).map(({ field, value }) => [field.split(" ")[0], value]);
    assert.deepEqual(fields({ headers: { "X-Frame-Options": false, "Permissions-Policy": "camera=(), usb=()" }, ports: { admin: 81 } }), []);
    assert.deepEqual(fields({ headers: { "X Y": "a", A: "b\nC: d", D: "", E: true } }), [["web.headers", '"X Y"'], ["web.headers.A", '"b\\nC: d"'], ["web.headers.D", '""'], ["web.headers.E", "true"]]);
    assert.deepEqual(fields({ ports: { Admin: 81, same: 80, far: 70_000 } }), [["web.ports", '"Admin"'], ["web.ports.same", "80"], ["web.ports.far", "70000"]]);
  });

  test("with a limit on bodies that is no number of MiB is told so", () => {
    const of = (bodyLimit: unknown) => problemsOf(shop({ web: { port: 80, health: { path: "/" }, bodyLimit: bodyLimit as number } })).map(({ field }) => field);
    for (const wrong of [0, -1, 1.5, "10MiB", Number.NaN]) assert.deepEqual(of(wrong), ["web.bodyLimit of apps/trade/shop/app.ts"], String(wrong));
    assert.deepEqual([of(1), of(1_048_576)], [[], []]);
  });

  test("stops the preview of a stack that has it", () => {
    const { problems } = checkConfig(rawConfig({ values: { "berth:apps": { shop: {} } } }), { shop: shop({ schedules: { a: { cron: "daily", command: ["a"] } } }) });
    assert.deepEqual(problems.map(({ field }) => field), ["schedules.a.cron of apps/shop/app.ts"]);
  });
});
