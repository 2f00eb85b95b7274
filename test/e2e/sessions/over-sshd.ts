import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { hasPulumi } from "../engine/engines.ts";
import { engine, type Project } from "../project.ts";
import { Sshd } from "../servers/sshd.ts";
import { leftToTheNight } from "../slow.ts";
import { typed } from "./typed.ts";

/** A command, what it must print, and what is piped into it. */
type Row = readonly [line: string, printed: RegExp, input?: string];

/**
 * Every command over ssh, by a real sshd, on a stack with the application members, a database, a cache and backups. The last
 * takes it down. On the embedded engine's stack, which the CLI takes over, and so once. Not doctor, which asks the local engine
 * too: it builds the images. It leads to the machine's own engine, so none of these shows that files and ports are on another
 * machine.
 */
export function overSshd(given: () => Project): void {
  if (engine !== "embedded") return;
  const skip = Sshd.missing() ?? leftToTheNight;
  describe("over ssh, by a real sshd", { skip }, () => {
    let sshd: Sshd;
    before(async () => void (sshd = await Sshd.create()));
    after(async () => sshd[Symbol.asyncDispose]());

    const shows = async ([line, printed, input]: Row, more: NodeJS.ProcessEnv) => {
      const project = given();
      const [before = "", inside] = line.split(" -- ");
      const words = [...before.split(" "), "-s", project.stack, ...(inside === undefined ? [] : ["--", ...inside.split(" ")])];
      const environment = { ...more, BERTH_ENGINE: more["BERTH_ENGINE"] ?? engine };
      const run = input === undefined ? await project.berth(words, { environment }) : await typed(project, words, input, false, environment);
      assert.equal(run.code, 0, `${line}: ${run.output}`);
      assert.match(run.output, printed, line);
    };

    describe("with berth:docker alone", () => {
      let before = "";
      const file = () => join(given().dir, `Pulumi.${given().stack}.yaml`);
      beforeEach(() => {
        before = readFileSync(file(), "utf8");
        given().edit(`Pulumi.${given().stack}.yaml`, "config:\n", `config:\n  berth:docker: ${sshd.host}\n`);
      });
      afterEach(() => writeFileSync(file(), before));

      const rows: Row[] = [
        ["status", /members\/web/],
        ["logs members --tail 5", /members\/web/],
        ["exec members -- echo there", /^there$/m],
        ["exec members -- cat", /^piped$/m, "piped\n"],
        ["run members -- cat", /^piped$/m, "piped\n"],
        ["psql members -- -XAtc SELECT(session_user)", /^members$/m],
        ["psql -- -XAt", /^42$/m, "SELECT 40 + 2"],
        ["redis members -- PING", /^PONG$/m],
        ["schedules", /backup-full/],
        ["images sizes", /members/],
        ["backup --type full", /full/],
        ["backup drill", /database members: \d+ rows/],
        ["restore", /members/],
        ["restore --discard", /removed/],
      ];
      for (const row of rows) test(row[0], () => shows(row, sshd.environment("nowhere")));
    });

    describe("on the Pulumi CLI, with DOCKER_HOST", { skip: hasPulumi() ? false : "no Pulumi CLI here" }, () => {
      const cli = () => ({ ...sshd.environment("ssh"), BERTH_ENGINE: "pulumi" });
      const served = async () => (await given().get("/")).body;
      let before = "";

      // The embedded engine refuses such a host. By this update the providers get the other address, so it changes something.
      test("up takes the stack over", () => shows(["up", /is the Pulumi CLI's now/], cli()));
      for (const row of [["preview", /0 changes/], ["drift", /no drift/], ["releases", /./]] as Row[]) test(row[0], () => shows(row, cli()));

      test("up with another environment of an application", async () => {
        const project = given();
        before = await served();
        project.edit(`Pulumi.${project.stack}.yaml`, "    members:\n", "    members:\n      env: { VERSION: over-ssh }\n");
        await shows(["up", /replaced +container members-web-0/i], cli());
        assert.equal(await served(), '"over-ssh"');
      });

      test("rollback", async () => {
        await shows(["rollback --yes", /release/], cli());
        assert.equal(await served(), before);
      });

      test("down, with the data", async () => {
        const project = given();
        await shows(["down --volumes --yes", /volumes removed/], cli());
        assert.deepEqual(await project.containers(), []);
        assert.deepEqual(await project.volumes("data"), []);
        assert.ok(sshd.logins > 20, `${sshd.logins} logins for all of this`);
      });
    });
  });
}
