import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type Dockerode from "dockerode";
import { divide, parseArguments, type Syntax } from "../../../../cli/arguments.ts";
import { command as exec } from "../../../../cli/sessions/exec.ts";
import { OpsError } from "../../../../cli/exit.ts";
import { commandHelp } from "../../../../cli/help.ts";
import { replicaOf, runningPart } from "../../../../cli/sessions/parts.ts";
import { copyOf } from "../../../../docker/one-off.ts";
import { inWayOf } from "../../../../docker/one-off.ts";

const syntax: Syntax = { name: "exec", options: { stack: { type: "string", short: "s", help: "" } }, positionals: ["app"], rest: "command" };

describe("a command that passes arguments on", () => {
  test("takes what stands before the first word too many, or before --, as its own", () => {
    const rest = ["ls", "-s", "x", "--help"];
    for (const args of [["root", "-s", "prod", ...rest], ["-s", "prod", "root", "--", ...rest], ["-s", "prod", "root", ...rest]]) {
      assert.deepEqual(parseArguments(syntax, args), { flags: {}, values: { stack: "prod" }, positionals: ["root"], rest });
    }
    assert.deepEqual(parseArguments(syntax, ["root"]).rest, []);
    assert.deepEqual(parseArguments(syntax, ["root", "--", "--", "x"]).rest, ["--", "x"]);
    assert.deepEqual(divide(syntax, ["root", "--help"]).own, ["root", "--help"]);
    assert.throws(() => parseArguments(syntax, ["root", "-c", "ls"]), /berth exec has no option -c/);
  });

  test("says so in its help", () => {
    assert.match(commandHelp("exec", exec), /^Usage: \.\/berth exec \[app\|part\] \[options\] \[--\] \[command…\]/);
  });
});

let created = 0;
const container = (role: string, name: string, app?: string, State = "running") =>
  ({ Id: name, State, Created: created++, Names: [`/${name}`], Labels: { "berth.role": role, ...(app !== undefined && { "berth.app": app }) } }) as unknown as Dockerode.ContainerInfo;

describe("the container that a name means", () => {
  const all = [
    container("files", "shop-secrets-filler-0000001", undefined, "created"),
    container("schedule-backup", "postgres-backup-00000b0", "postgres"),
    container("postgres", "postgres-00000b1"),
    container("worker", "shop-worker-0-0000002", "shop"),
    container("web", "shop-web-1-0000003", "shop"),
    container("web", "shop-web-0-0000004", "shop"),
    container("web", "shop-web-0-0000005", "shop"),
    container("job", "shop-migrate-0000006", "shop", "exited"),
    container("web", "blog-web-0-0000007", "blog", "exited"),
    container("worker-mail", "shop-worker-mail-0-0000008", "shop"),
    container("worker-mail", "shop-worker-mail-1-0000009", "shop"),
    container("schedule-a", "robot-schedule-a-000000a", "robot"),
    container("worker-import", "robot-worker-import-0-000000b", "robot"),
    container("worker-mail", "robot-worker-mail-0-000000c", "robot"),
  ];
  const id = (wanted: string, replica?: number) => runningPart("dev", all, wanted, replica).Id;

  test("is the first replica of the web server, the newer of two; or that which is named", () => {
    assert.equal(id("shop"), "shop-web-0-0000005");
    assert.equal(id("shop", 1), "shop-web-1-0000003");
    assert.equal(id("shop/worker"), "shop-worker-0-0000002");
    assert.equal(id("shop/worker-mail", 1), "shop-worker-mail-1-0000009");
    assert.equal(id("robot"), "robot-worker-import-0-000000b", "of workers alone the first by name");
    assert.equal(id("postgres"), "postgres-00000b1");
    assert.equal(id("shop-web-0-0000004"), "shop-web-0-0000004");
    assert.equal(replicaOf({ Names: ["/postgres-0000001"] }), 0);
  });

  test("is none of a job or a volume's filler; the message has what there is", () => {
    const refused = (wanted: string, message: RegExp, replica?: number) =>
      assert.throws(() => id(wanted, replica), (error) => error instanceof OpsError && error.code === 2 && message.test(error.message));
    refused("shop/job", /stack "dev" has no part "shop\/job": did you mean shop\/web\?/);
    refused("elsewhere", /it has postgres, postgres\/schedule-backup, shop, shop\/worker, shop\/web, blog, blog\/web, shop\/worker-mail, robot, /);
    refused("blog", /blog is not running in stack "dev" \(exited\)/);
    refused("shop", /shop has no replica 7 in stack "dev": it has 0, 1/, 7);
  });
});

test("a command gets its secrets as the container's own does", () => {
  const wrapper = ["/tools/sh", "-ec", 'export A; exec "$@"', "sh"];
  assert.deepEqual(inWayOf([...wrapper, "python3", "app.py"], ["ls"]), [...wrapper, "ls"]);
  for (const own of [undefined, null, ["root"]]) assert.deepEqual(inWayOf(own, ["ls"]), ["ls"]);
});

test("a container of berth run has the replica's configuration, and nothing that routes, restarts or checks it", () => {
  const HostConfig = { ReadonlyRootfs: true, CapDrop: ["ALL"], PortBindings: { "80/tcp": [{ HostPort: "80" }] }, RestartPolicy: { Name: "unless-stopped" } };
  const Config = {
    Image: "shop@sha256:1", User: "10001:10001", Env: ["A=1"], WorkingDir: "/app", Entrypoint: ["shop"], Cmd: ["serve"], StopTimeout: 30,
    Labels: { "berth.stack": "dev", "berth.app": "shop", "berth.role": "web" }, Healthcheck: { Test: ["CMD", "true"] },
  };
  const like = { Config, HostConfig } as unknown as Parameters<typeof copyOf>[0];
  assert.deepEqual(copyOf(like, { stack: "dev", app: "shop", command: ["shop", "migrate"] }, false), {
    Image: "shop@sha256:1",
    User: "10001:10001",
    WorkingDir: "/app",
    StopSignal: undefined,
    StopTimeout: 30,
    Env: ["A=1"],
    Entrypoint: ["shop"],
    Cmd: ["migrate"],
    Healthcheck: { Test: ["NONE"] },
    Labels: { "berth.stack": "dev", "berth.app": "shop", "berth.role": "run" },
    HostConfig: { ReadonlyRootfs: true, CapDrop: ["ALL"], AutoRemove: true, RestartPolicy: { Name: "no" }, PortBindings: {} },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
    Tty: false,
  });
});
