import assert from "node:assert/strict";
import { test } from "node:test";
import { docker } from "../project.ts";
import { canary, type Given } from "./kinds.ts";

/** An image that nobody prepared. */
export function unprepared(given: Given): void {
  test("an image is built from a commit of a git address, and says so", async () => {
    const { project } = given();
    assert.equal((await project.get("/", "remote")).body, "remote,4,none,0");
    const web = (await project.containers("web")).find(({ Labels }) => Labels["berth.app"] === "remote");
    const { Config } = await docker.getImage(web?.ImageID ?? "").inspect();
    assert.match(Config.Labels?.["org.opencontainers.image.revision"] ?? "", /^[0-9a-f]{40}$/);
  });

  test("runs as root with a writable root, reads its secret as a plain variable and its configuration as a file", async () => {
    const { project } = given();
    assert.equal((await project.get("/", "shop")).body, `hello,${canary.length},file,0`);
  });

  test("has each loosened field named in the preview", () => {
    const { printed } = given();
    for (const field of ["root", "writableRoot", "plainSecrets"]) assert.match(printed, new RegExp(`unprepared\\.${field}:`));
    assert.match(printed, /shop is less hardened/);
  });

  test("has its secret in no setting of a container, though its process has it", async () => {
    const { project } = given();
    for (const { Id } of await project.containers()) assert.ok(!JSON.stringify(await docker.getContainer(Id).inspect()).includes(canary));
  });

  test("keeps the rest of the hardening", async () => {
    const { project } = given();
    const web = (await project.containers("web")).find(({ Labels }) => Labels["berth.app"] === "shop");
    const { HostConfig } = await docker.getContainer(web?.Id ?? "").inspect();
    assert.deepEqual([HostConfig.CapDrop, HostConfig.CapAdd ?? [], HostConfig.SecurityOpt, HostConfig.Privileged], [["ALL"], [], ["no-new-privileges:true"], false]);
  });
}
