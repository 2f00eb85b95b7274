import assert from "node:assert/strict";
import type { ContainerInspectInfo } from "dockerode";
import type { Deployer } from "../../../../cli/deploy/deployer.ts";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { parse, stringify } from "yaml";
import { forcedChecks, refusalText, secondsOf, timeOf } from "../../../../cli/promote/check.ts";
import { healthRefusal } from "../../../../cli/promote/health.ts";
import { type History, migrationsRefusal } from "../../../../cli/promote/history.ts";
import { planOf, type PromotedOwn } from "../../../../cli/promote/plan.ts";
import { requireReachable } from "../../../../cli/promote/gather.ts";
import { commitMessage, nextSteps, type Promotion, promotionText, pullRequestBody } from "../../../../cli/promote/report.ts";
import { type Running, runningIn } from "../../../../cli/promote/running.ts";
import { addressOf, prefixOf } from "../../../../config/settings/registry.ts";
import { lackingIn, missingKeys, valuesOf, withPins } from "../../../../cli/promote/stack-file.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const commit = (letter: string) => letter.repeat(40);

describe("the arguments", () => {
  test("--force takes the names of checks", () => {
    assert.deepEqual([...forcedChecks("drift, migrations")], ["drift", "migrations"]);
    assert.deepEqual([...forcedChecks(undefined)], []);
    for (const wrong of ["all", "drift,", ""]) assert.throws(() => forcedChecks(wrong), /takes one or more of healthy, source, drift, migrations/);
  });

  test("--healthy-for takes a time with its unit", () => {
    assert.deepEqual(["0s", "90s", "10m", "2h", "1d"].map(secondsOf), [0, 90, 600, 7200, 86_400]);
    assert.deepEqual([0, 90, 600, 7200, 86_400, 90_000].map(timeOf), ["0s", "90s", "10m", "2h", "1d", "25h"]);
    for (const wrong of ["10", "10 m", "-1s", "1.5h", "1w", ""]) assert.throws(() => secondsOf(wrong), /whole number with s, m, h or d, for example 10m/);
  });
});

describe("the stack file", () => {
  const text = `# yaml-language-server: $schema=./config/stack.schema.json
config:
  berth:domain: example.com # ours
  berth:apps:
    root:
      replicas: 3 # for the load
      # Where errors go.
      env:
        SITE_CHECKS: >-
          [{"name": "root"},
           {"name": "pcf"}]
    pcf: { folder: pcf } # as it is
    deliver:
    empty: {}
encryptionsalt: v1:x
`;
  const pin = (name: string) => ({ image: `ghcr.io/acme/${name}@${digest("a")}`, revision: commit("b"), folder: name });

  test("gets image and revision of each, and keeps every other line as it is", () => {
    const changed = withPins(text, { root: pin("root") });
    const added = changed.split("\n").filter((line) => !text.split("\n").includes(line));
    assert.deepEqual(added, [`      image: ghcr.io/acme/root@${digest("a")}`, `      revision: ${commit("b")}`]);
    assert.deepEqual(changed.split("\n").filter((line) => !added.includes(line)), text.split("\n"));
    const again = withPins(changed, { root: { ...pin("root"), revision: commit("c") } });
    assert.equal(again, changed.replace(commit("b"), commit("c")));
    assert.doesNotMatch(withPins(changed, { root: { ...pin("root"), revision: undefined } }), /revision/);
  });

  test("an application on one line is written on several; one without settings, and one that is not there, is added", () => {
    const changed = withPins(text, { pcf: pin("pcf"), deliver: pin("deliver"), empty: pin("empty"), shop: { ...pin("shop"), folder: "services/node" }, plain: pin("plain") });
    const { config } = parse(changed) as { config: { "berth:apps": Record<string, object> } };
    const pinned = (name: string) => ({ image: pin(name).image, revision: pin(name).revision });
    assert.deepEqual(config["berth:apps"]["pcf"], { folder: "pcf", ...pinned("pcf") });
    assert.deepEqual(config["berth:apps"]["deliver"], pinned("deliver"));
    assert.deepEqual(config["berth:apps"]["empty"], pinned("empty"));
    assert.deepEqual(config["berth:apps"]["shop"], { folder: "services/node", ...pinned("shop") });
    assert.deepEqual(config["berth:apps"]["plain"], pinned("plain"));
    assert.deepEqual(Object.keys(config["berth:apps"]), ["root", "pcf", "deliver", "empty", "shop", "plain"]);
    for (const comment of ["# ours", "# for the load", "# Where errors go.", "# as it is", "# yaml-language-server"]) assert.ok(changed.includes(comment), comment);
    assert.equal(Math.max(...changed.split("\n").map((line) => line.length)) < 130, true);
  });

  test("is one line for every reader of YAML: a value with another line end in it is no key", () => {
    const from = valuesOf(JSON.stringify({ config: { "berth:apps": { root: { env: { TITLE: "x\u2028  berth:docker: ssh://evil\u0085" } } } } }));
    assert.deepEqual(lackingIn(valuesOf("config: {}\n"), "dev", from)("root"), ['not set here; dev has env: {"TITLE":"x\\u2028  berth:docker: ssh://evil\\u0085"}']);
  });

  test("what the other stack sets and this one does not is written as comments, once, and no more once it is set", () => {
    const from = valuesOf("config:\n  berth:apps: { root: { env: { A: '1', B: x y }, replicas: 2, memory: { secure: v1:x } }, shop: { cpus: 1 } }\n");
    const file = "config:\n  berth:apps:\n    root:\n      env: { A: '9' }\n      # ours\n    shop: {}\n";
    const lacking = (text: string) => lackingIn(valuesOf(text), "dev", from)("root");
    const promoted = (text: string, letter: string) => withPins(text, { root: { image: `ghcr.io/acme/root@${digest(letter)}`, revision: commit("b"), folder: "root", lacking: lacking(text) } });
    const first = promoted(file, "a");
    const told = ["# ours", '# not set here; dev has env.B: "x y"', "# not set here; dev has replicas: 2", "# not set here; dev has memory: a secret"];
    const comments = (text: string) => text.split("\n").map((line) => line.trim()).filter((line) => line.startsWith("#"));
    assert.deepEqual(comments(first), told);
    assert.deepEqual(valuesOf(first).apps, { root: { env: { A: "9" }, image: `ghcr.io/acme/root@${digest("a")}`, revision: commit("b") }, shop: {} });
    assert.deepEqual(comments(promoted(first, "c")), told);
    const answered = first.replace("{ A: '9' }", "{ A: '9', B: z }");
    assert.deepEqual(comments(promoted(answered, "c")), told.filter((line) => !line.includes("env.B")));
    const deleted = first.replace(/ *# not set here; dev has replicas.*\n/, "");
    assert.equal(promoted(deleted, "a"), deleted, "the same promotion writes none again");
  });

  test("a file without applications, or without anything, gets them", () => {
    for (const file of ["", "config:\n", "config:\n  berth:apps:\n", "config:\n  berth:apps: {}\n", "encryptionsalt: x\n"]) {
      const values = valuesOf(withPins(file, { root: pin("root") }));
      assert.deepEqual(values.apps, { root: { image: pin("root").image, revision: pin("root").revision } }, file);
    }
  });

  test("images of Berth's own are named beside those that are there; what else the group has stays", () => {
    const own = { tools: `ghcr.io/acme/berth-tools@${digest("a")}`, postgresBackup: `ghcr.io/acme/berth-postgres@${digest("b")}` };
    const added = Object.entries(own).map(([key, image]) => `    ${key}: ${image}`);
    const apps = "  berth:apps:\n    root: {} # ours\n";
    assert.equal(withPins(`config:\n${apps}`, {}, own), ["config:", "  berth:apps:", "    root: {} # ours", "  berth:images:", ...added, ""].join("\n"));
    const group = `config:\n  berth:images: { redis: valkey/valkey:8.1, tools: ghcr.io/acme/berth-tools@${digest("0")} } # faster\n${apps}`;
    const changed = withPins(group, {}, own);
    assert.deepEqual((parse(changed) as { config: Record<string, object> }).config["berth:images"], { redis: "valkey/valkey:8.1", ...own });
    assert.deepEqual(added.filter((line) => !changed.includes(line)), []);
    assert.ok(changed.includes("# faster") && changed.includes("# ours"), changed);
    assert.deepEqual(valuesOf(changed).own, own);
    assert.equal(withPins(changed, {}, own), changed);
    assert.doesNotMatch(withPins(text, { root: pin("root") }), /berth:images/);
  });

  test("whatever is in it, only image and revision of those named differ", () => {
    const name = fc.constantFrom("root", "pcf", "a-1", "shop");
    const app = fc.oneof(fc.constant(null), fc.record({ replicas: fc.nat(9), env: fc.dictionary(fc.constantFrom("A", "B"), fc.string(), { noNullPrototype: true }), memory: fc.constant("64MiB") }, { requiredKeys: [], noNullPrototype: true }));
    fc.assert(
      fc.property(fc.dictionary(name, app, { noNullPrototype: true }), fc.uniqueArray(name), fc.constantFrom(0, 40, 80), fc.constantFrom("BLOCK_FOLDED", "QUOTE_DOUBLE", "PLAIN"), (apps, named, lineWidth, defaultStringType) => {
        const text = stringify({ config: { "berth:domain": "example.com", "berth:apps": apps } }, { lineWidth, defaultStringType });
        // As the text says it: in a folded block the package writes a single space as nothing.
        const before = (parse(text) as { config: { "berth:apps": typeof apps } }).config["berth:apps"];
        const changed: unknown = parse(withPins(text, Object.fromEntries(named.map((each) => [each, pin(each)]))));
        const expected = { ...before, ...Object.fromEntries(named.map((each) => [each, { ...before[each], image: pin(each).image, revision: pin(each).revision }])) };
        assert.deepEqual(changed, { config: { "berth:domain": "example.com", "berth:apps": { ...expected } } });
      }),
      { numRuns: 200 },
    );
  });

  test("keys that are missing are named as they are written, without what promotion writes itself", () => {
    const from = { "berth:apps": { root: { image: "x", folder: "f", env: { A: "1", B: "2" }, replicas: 2 }, shop: { env: { A: "1" } } }, "berth:logs": { driver: "loki" }, "root:KEY": { secure: "v1:x" }, "berth:list": [1], "berth:environment": "dev", "berth:builds": "quick", "berth:developer": { mail: "m" }, "berth:registry": { port: 1 } };
    const to = { "berth:apps": { root: { env: { A: "9" } } }, "berth:list": [], "berth:registry": { owner: "acme" } };
    assert.deepEqual(missingKeys(from, to), ["berth:apps.root.env.B", "berth:apps.root.replicas", "berth:apps.shop.env", "berth:logs", "root:KEY"]);
    assert.deepEqual(missingKeys({}, {}), []);
    assert.deepEqual(missingKeys({ "berth:images": { tools: "x", postgresBackup: "y", redis: "valkey/valkey:8.1" } }, {}), ["berth:images.redis"]);
    assert.deepEqual(missingKeys({ "berth:apps": { root: null } }, { "berth:apps": { root: { env: {} } } }), []);
  });

  test("names the registry that its images are pulled from", () => {
    const registry = (yaml: string) => valuesOf(`config:\n  berth:registry: ${yaml}\n`).registry;
    assert.deepEqual([prefixOf(registry("{ owner: acme, username: bot }")), addressOf(registry("{ owner: acme, username: bot }"))], ["ghcr.io/acme", "ghcr.io"]);
    assert.deepEqual([prefixOf(registry("{ port: 5001 }")), addressOf(registry("{ port: 5001 }"))], ["127.0.0.1:5001", "127.0.0.1:5001"]);
    const own = valuesOf("config: {}\n");
    assert.throws(() => requireReachable("unix:///var/run/docker.sock", "prod", "ssh://deploy@host", own), /prod" has a registry of its own, 127\.0\.0\.1:5555 of its Docker host/);
    requireReachable(undefined, "prod", undefined, own);
  });
});

describe("the plan", () => {
  const running = (images: Record<string, string>, revisions: Record<string, string> = {}): Running => ({ images, revisions, remote: new Set(), own: {}, state: {} });
  const values = (apps: string, registry = "{ owner: acme, username: bot }") => valuesOf(`config:\n  berth:registry: ${registry}\n  berth:apps: ${apps}\n`);
  const nothing = running({});

  test("takes the digest that runs to the other stack's registry, and leaves alone what is the same", () => {
    const dev = running({ root: `127.0.0.1:5555/root:latest@${digest("a")}`, pcf: `127.0.0.1:5555/pcf:latest@${digest("b")}`, shop: `127.0.0.1:5555/shop@${digest("c")}` }, { root: commit("1"), pcf: commit("2"), shop: `${commit("3")}-dirty` });
    const to = values(`{ root: {}, pcf: { image: "ghcr.io/acme/pcf:latest@${digest("b")}", revision: "${commit("2")}" }, old: {} }`);
    const plan = planOf(dev, running({ root: `ghcr.io/acme/root@${digest("f")}` }, { root: commit("0") }), values("{ shop: { folder: services/node } }"), to);
    assert.deepEqual(plan.same, ["pcf"]);
    assert.deepEqual(plan.others, ["old"]);
    assert.deepEqual(plan.promoted, [
      { name: "root", folder: "root", source: `127.0.0.1:5555/root@${digest("a")}`, target: `ghcr.io/acme/root@${digest("a")}`, revision: commit("1"), remote: false, before: { image: `ghcr.io/acme/root@${digest("f")}`, revision: commit("0") } },
      { name: "shop", folder: "services/node", source: `127.0.0.1:5555/shop@${digest("c")}`, target: `ghcr.io/acme/shop@${digest("c")}`, revision: `${commit("3")}-dirty`, remote: false, before: undefined },
    ]);
  });

  test("copies nothing where both have one registry; an image that was built elsewhere has the stack file's commit", () => {
    const from = values(`{ root: { image: "ghcr.io/acme/team/root@${digest("a")}", revision: "${commit("1")}" } }`);
    const [root] = planOf(running({ root: `ghcr.io/acme/team/root@${digest("a")}` }), nothing, from, values("{ root: { revision: x } }")).promoted;
    assert.deepEqual([root?.source, root?.target, root?.revision], [`ghcr.io/acme/team/root@${digest("a")}`, `ghcr.io/acme/team/root@${digest("a")}`, commit("1")]);
  });

  test("takes Berth's own images too, unless they are named there; one that was promoted before says no commit", () => {
    const dev = { ...nothing, own: { tools: { image: `127.0.0.1:5555/dev/berth-tools:latest@${digest("a")}`, revision: commit("1"), isBuilt: true }, postgresBackup: { image: `127.0.0.1:5555/dev/berth-postgres@${digest("b")}`, revision: undefined, isBuilt: false } } };
    const there = { ...nothing, own: { tools: { image: `ghcr.io/acme/berth-tools:latest@${digest("c")}`, revision: commit("0"), isBuilt: true } } };
    const plan = (images: string) => planOf(dev, there, values("{}"), valuesOf(`config:\n  berth:registry: { owner: acme, username: bot }\n  berth:images: ${images}\n`));
    const [tools, postgres]: PromotedOwn[] = [
      { name: "berth-tools", key: "tools", source: `127.0.0.1:5555/dev/berth-tools@${digest("a")}`, target: `ghcr.io/acme/berth-tools@${digest("a")}`, revision: commit("1"), isBuilt: true, before: { image: `ghcr.io/acme/berth-tools:latest@${digest("c")}`, revision: commit("0") } },
      { name: "berth-postgres", key: "postgresBackup", source: `127.0.0.1:5555/dev/berth-postgres@${digest("b")}`, target: `ghcr.io/acme/berth-postgres@${digest("b")}`, revision: undefined, isBuilt: false, before: undefined },
    ];
    assert.deepEqual(plan("{}").own, [tools, postgres]);
    assert.deepEqual(plan(`{ tools: "ghcr.io/acme/berth-tools@${digest("a")}" }`).own, [postgres]);
    assert.deepEqual(plan(`{ tools: "ghcr.io/acme/berth-tools@${digest("a")}", postgresBackup: "ghcr.io/acme/berth-postgres:x@${digest("b")}" }`).own, []);
    assert.deepEqual(plan(`{ postgresBackup: "ghcr.io/acme/berth-postgres@${digest("f")}" }`).own[1]?.before, { image: `ghcr.io/acme/berth-postgres@${digest("f")}`, revision: undefined });
  });

  test("names what the other stack goes on building: images for its backups, where only it has any", () => {
    const built = (yaml: string, own: Running["own"] = {}) => planOf({ ...nothing, own }, nothing, values("{}"), valuesOf(`config:\n  berth:registry: { owner: acme, username: bot }\n${yaml}`)).built;
    const backups = "  berth:postgres: { backup: { target: volume } }\n";
    assert.deepEqual(built(backups), ["tools", "postgresBackup", "snapshots"]);
    assert.deepEqual(planOf({ ...nothing, own: {} }, nothing, valuesOf(`config:\n${backups}`), valuesOf(`config:\n  berth:registry: { owner: acme, username: bot }\n${backups}`)).built, ["tools", "postgresBackup"], "of what has backups and no snapshots, nothing is to be had");
    assert.deepEqual(built(backups, { tools: { image: `r/berth-tools@${digest("a")}`, revision: undefined, isBuilt: true } }), ["postgresBackup", "snapshots"]);
    assert.deepEqual(built(`${backups}  berth:images: { tools: x, postgresBackup: y, snapshots: z }\n`), []);
    assert.deepEqual(built("  berth:postgres: { memory: 1GiB }\n"), []);
  });

  test("takes another commit of the same digest for a change", () => {
    const to = values(`{ root: { image: "ghcr.io/acme/root@${digest("a")}", revision: "${commit("1")}" } }`);
    assert.equal(planOf(running({ root: `ghcr.io/acme/root@${digest("a")}` }, { root: commit("2") }), nothing, values("{}"), to).promoted.length, 1);
  });
});

describe("health", () => {
  const now = new Date("2026-11-22T12:00:00Z");
  const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();
  const container = (state: object, restarts = 0) => ({ Id: "1", RestartCount: restarts, State: { Status: "running", Running: true, StartedAt: ago(3600), ExitCode: 0, Health: { Status: "healthy", Log: [] }, ...state } }) as unknown as ContainerInspectInfo;
  const resource = (inputs: object, id = "1") => ({ urn: `urn::x`, type: "docker:index/container:Container", custom: true, id, inputs: { name: "root-web-0", ...inputs }, outputs: {} });
  const look = (found: ContainerInspectInfo | undefined, inputs: object = {}, healthyFor = 600) =>
    healthRefusal({ stack: "dev", state: { resources: [resource(inputs)] }, containers: found === undefined ? [] : [found], now, healthyFor });
  const log = (...codes: number[]) => ({ Health: { Status: "healthy", FailingStreak: 0, Log: codes.map((ExitCode, index) => ({ ExitCode, Start: `2026-11-22T11:5${index}:00Z`, End: "", Output: "" })) } });

  test("holds where each container has run, and been healthy, long enough", () => {
    for (const state of [{}, { Health: undefined }, { Health: { Status: "none", Log: [] } }, { StartedAt: ago(600) }, log(1, 1, 1, 0, 0), log(0), log(1, 1, 1), log(0, 1, 1, 0, 1)]) assert.equal(look(container(state)), undefined);
    assert.equal(look(container({ StartedAt: ago(0) }), {}, 0), undefined);
    assert.equal(look(undefined, { attach: true, mustRun: false }), undefined);
    assert.equal(look(undefined, { start: false, mustRun: false }), undefined);
  });

  test("does not hold for one that is gone, stopped, young, unhealthy, or was so a while ago", () => {
    const says = (found: ContainerInspectInfo | undefined) => look(found)?.because.join();
    assert.equal(says(undefined), "root-web-0 is gone");
    assert.equal(says(container({ Running: false, Status: "exited", ExitCode: 137 })), "root-web-0 is exited, with code 137");
    assert.equal(says(container({ Restarting: true }, 4)), "root-web-0 is restarting, for the 4. time");
    assert.equal(says(container({ Paused: true })), "root-web-0 is paused");
    assert.equal(says(container({ Health: { Status: "starting", Log: [] } })), "root-web-0 is starting");
    assert.equal(says(container({ Health: { Status: "unhealthy", Log: [] } })), "root-web-0 is unhealthy");
    assert.equal(says(container(log(0, 1, 1, 1, 0))), "root-web-0 was unhealthy at 2026-11-22T11:53:00Z");
    assert.equal(look(container(log(0, 1, 1, 1, 0)), {}, 300), undefined);
    assert.equal(says({ ...container(log(0, 1, 0)), Config: { Healthcheck: { Retries: 1 } } } as unknown as ContainerInspectInfo), "root-web-0 was unhealthy at 2026-11-22T11:51:00Z");
    assert.equal(says(container({ StartedAt: ago(599) }, 2)), "root-web-0 has run since 9 min 59 s only, and must for 10 min 0 s; the Docker Engine has restarted it 2 times");
    assert.equal(look(container({ StartedAt: ago(500) }))?.remedy, "wait for 1 min 40 s, or ask for less: --healthy-for");
    assert.match(look(undefined)?.remedy ?? "", /berth status -s dev/);
  });
});

describe("what is told", () => {
  const migration = { name: "0003_x.sql", path: "apps/root/migrations/0003_x.sql", kind: "sql" as const, text: "", compatible: { ok: false, reasons: [{ line: 4, text: "drops the table members" }] }, undoable: { ok: false, reasons: [] } };
  const history: History = { name: "root", commits: ["1a2b3c4 fix: `code` | and @acme", "0f3c1a2 feat: more"], migrations: { added: [migration], altered: [{ path: "apps/root/migrations/0001.sql", how: "changed" }] } };
  const promotion: Promotion = {
    from: "dev",
    to: "prod",
    plan: {
      promoted: [{ name: "root", folder: "root", source: "", target: `ghcr.io/acme/root@${digest("a")}`, revision: commit("2"), remote: false, before: { image: undefined, revision: commit("1") } }],
      own: [], same: [], others: ["old"], missing: ["berth:logs"], built: [],
    },
    histories: [history],
    healthyFor: 600,
    forced: [{ check: "drift", because: ["container root-web-0: stopped\n(the state says: running)", "network x"], remedy: "" }],
    secrets: ["./berth secret root:ROOT_SECRET -s prod"],
  };

  test("a migration that is not compatible, changed, or not known is refused", () => {
    const refusal = migrationsRefusal([history, { name: "pcf", commits: [], migrations: undefined, unknown: "no such commit" }], "prod");
    assert.deepEqual(refusal?.because, ["apps/root/migrations/0003_x.sql:4: drops the table members", "apps/root/migrations/0001.sql was released, and is changed now; a released migration never is", "pcf: no such commit"]);
    assert.equal(migrationsRefusal([{ name: "root", commits: [], migrations: { added: [{ ...migration, compatible: { ok: true, reasons: [] } }], altered: [] } }], "prod"), undefined);
  });

  test("every refusal says how to go on, and the name that overrides it", () => {
    const text = refusalText("dev", "prod", [{ check: "drift", because: ["a", "b"], remedy: "repair it" }, { check: "source", because: ["c"], remedy: "commit" }]);
    assert.equal(
      text,
      ["dev is not promoted to prod: nothing was copied, committed or pushed.", "drift:", "  - a", "  - b", "  To go on: repair it", "  Or override it, on record: --force drift", "source:", "  - c", "  To go on: commit", "  Or override it, on record: --force source"].join("\n"),
    );
  });

  test("the commit ends in trailers of one line each", () => {
    assert.equal(
      commitMessage(promotion),
      ["chore(prod): promote root from dev", "", "root: 1111111 → 2222222, sha256:aaaaaaaaaaaa", "", "Promoted-from: dev", "Healthy-for: 10m", "Forced: drift because container root-web-0: stopped (the state says: running); network x", ""].join("\n"),
    );
  });

  test("the time that all had been healthy is on record, unless that was overridden", () => {
    const forced: Promotion = { ...promotion, forced: [{ check: "healthy", because: ["x"], remedy: "" }] };
    assert.match(pullRequestBody(promotion), /^Every container of `dev` had been healthy for 10m at least\.$/m);
    assert.doesNotMatch(`${commitMessage(forced)}${pullRequestBody(forced)}`, /Healthy-for|had been healthy/);
  });

  test("the pull request shows applications, commits, migrations, and what was overridden; subjects as code", () => {
    const body = pullRequestBody(promotion);
    assert.match(body, /\| root \| 1111111 → 2222222 \| `sha256:aaaaaaaaaaaa` \|/);
    assert.match(body, /- `1a2b3c4 fix: 'code' \| and @acme`/);
    assert.match(body, /- `root: 0003_x\.sql, not compatible with what runs, cannot be undone`/);
    assert.match(body, /\*\*Overridden with `--force`:\*\*\n\n- drift: `container root-web-0: stopped \(the state says: running\)`, `network x`/);
    assert.match(body, /`\.\/berth preview -s prod`/);
    assert.match(body, /- `berth:logs`/);
  });

  test("Berth's own images stand beside the applications, and in the title where they go alone", () => {
    const own: PromotedOwn = { name: "berth-tools", key: "tools", source: "", target: `ghcr.io/acme/berth-tools@${digest("b")}`, revision: commit("3"), isBuilt: true, before: undefined };
    const both = { ...promotion, plan: { ...promotion.plan, own: [own] } };
    assert.match(commitMessage(both), /^chore\(prod\): promote root from dev\n\nroot: .*\nberth-tools: 3333333, sha256:bbbbbbbbbbbb\n\n/);
    assert.match(pullRequestBody(both), /by digest\. Nothing is built for `prod`\.\n(.*\n)*\| berth-tools \(new\) \| 3333333 \| `sha256:bbbbbbbbbbbb` \|/);
    assert.match(promotionText(both), /berth-tools +3333333 +sha256:bbbbbbbbbbbb +new/);
    const alone = { ...both, plan: { ...both.plan, promoted: [], built: ["postgresBackup" as const] }, histories: [] };
    assert.match(commitMessage(alone), /^chore\(prod\): promote berth-tools from dev\n\nberth-tools: /);
    for (const text of [pullRequestBody(alone), promotionText(alone)]) assert.match(text, /prod builds berth:images\.postgresBackup itself, as dev runs no such image/);
    assert.doesNotMatch(pullRequestBody(alone), /Nothing is built/);
  });

  test("the terminal shows the same", () => {
    const text = promotionText(promotion);
    for (const part of [/root {2}1111111 → 2222222 {2}sha256:aaaaaaaaaaaa {2}2 commits/, /berth:logs/, /\.\/berth secret root:ROOT_SECRET -s prod/, /stay as they are, as dev does not run them:\n {2}old/, /drift: container root-web-0/]) assert.match(text, part);
    assert.match(nextSteps("prod", "main", "promote/prod-1", false, undefined), /git show promote\/prod-1.*git switch main && git merge --ff-only promote\/prod-1\nThen \.\/berth preview -s prod/);
    assert.match(nextSteps("prod", "main", "b", true, { number: 1, url: "https://x", created: false }), /^Updated https:\/\/x\n/);
  });
});

test("what runs says its commit by the build's label, by the release's record, or not at all; a git address is another repository", async () => {
  const build = (name: string, location: string, revision?: string, parents = "") => ({
    urn: `urn:pulumi:dev::berth::${parents}docker-build:index:Image::${name}-image`,
    type: "docker-build:index:Image",
    custom: true,
    inputs: { context: { location }, labels: revision === undefined ? {} : { "org.opencontainers.image.revision": revision } },
  });
  const own = { tools: `r/berth-tools@${digest("e")}`, postgresBackup: `r/berth-postgres@${digest("f")}` };
  // Of old and gone an update that failed has built newer images than those that run.
  const images = { old: `r/old@${digest("1")}`, gone: `r/gone@${digest("2")}`, root: `r/root@${digest("a")}`, pcf: `r/pcf@${digest("b")}`, shop: `r/shop@${digest("c")}`, far: `r/far@${digest("d")}` };
  const deployer = {
    outputs: () => Promise.resolve({ imageDigests: { value: images, secret: false }, ownImages: { value: own, secret: false } }),
    state: () => Promise.resolve({ resources: [build("root", "/x/apps/root", commit("1")), build("shop", "/x/apps/shop"), { ...build("old", "/x/apps/old", commit("7")), outputs: { digest: digest("0") } }, { ...build("gone", "/x/apps/gone", commit("7")), outputs: { digest: digest("0") } }, build("far", "https://git.example.com/far.git#abc", commit("3")), build("tools", "/x/images/tools", commit("4"), "berth:index:Tools$berth:index:Image$")] }),
    secretOutput: () => Promise.resolve([{ images: { pcf: images.pcf, old: images.old }, revisions: { pcf: commit("2"), old: commit("5") } }, { images: { root: images.root, pcf: `r/pcf@${digest("9")}` }, revisions: { root: commit("8"), pcf: commit("9") } }]),
  } as unknown as Deployer;
  const { revisions, remote, images: found, own: ownFound } = await runningIn(deployer);
  assert.deepEqual(ownFound, { tools: { image: own.tools, revision: commit("4"), isBuilt: true }, postgresBackup: { image: own.postgresBackup, revision: undefined, isBuilt: false } });
  assert.deepEqual([revisions, [...remote], found], [{ old: commit("5"), root: commit("1"), pcf: commit("2"), far: commit("3") }, ["far"], images]);
});
