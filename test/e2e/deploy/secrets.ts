import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { docker, type Project } from "../project.ts";
import type { Given } from "./dev-stack.ts";

/** Where the application's secret is, and where it is not. */
export function secrets(given: Given): void {
  test("the application has the secret, as a file that it may read", async () => {
    const { project } = given();
    assert.equal(await project.addMember("grace"), 201);
  });

  test("the canary is in no container's settings, environment, command or log", async () => {
    const { project } = given();
    const containers = await project.containers();
    assert.ok(containers.length > 20);
    for (const { Id, Names } of containers) {
      const container = docker.getContainer(Id);
      absent(project, JSON.stringify(await container.inspect()), `docker inspect ${Names[0]}`);
      absent(project, (await container.logs({ stdout: true, stderr: true })).toString(), `docker logs ${Names[0]}`);
    }
  });

  test("the canary is in no image: neither history nor layers", async () => {
    const { project } = given();
    const [web] = await project.containers("web");
    const image = web?.ImageID ?? "";
    absent(project, JSON.stringify(await docker.getImage(image).history()), "docker history");
    absent(project, execFileSync("docker", ["save", image], { maxBuffer: 1024 ** 3, encoding: "latin1" }), "docker save");
  });

  test("the canary is in nothing that preview and up printed, nor in any file below the project", () => {
    const { project, printed } = given();
    absent(project, printed, "the output of preview and up");
    const files = readdirSync(project.dir, { recursive: true, encoding: "utf8" })
      .filter((file) => !file.startsWith("node_modules"))
      .map((file) => join(project.dir, file))
      .filter((path) => statSync(path).isFile());
    assert.ok(files.some((file) => file.includes(".berth")));
    for (const file of files) absent(project, readFileSync(file, "latin1"), file);
  });

  test("labels and names of volumes and networks say nothing of it", async () => {
    const { project } = given();
    const filters = { label: [`berth.stack=${project.stack}`] };
    absent(project, JSON.stringify([await docker.listVolumes({ filters }), await docker.listNetworks({ filters })]), "volumes and networks");
  });
}

function absent(project: Project, text: string, where: string): void {
  for (const form of [project.key, Buffer.from(project.key).toString("base64").replace(/=+$/, "")]) {
    assert.ok(!text.includes(form), `the canary is in ${where}`);
  }
}
