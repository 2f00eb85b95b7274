import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { docker, Project } from "./project.ts";

let project: Project;
let printed: string;

before(async () => {
  project = await Project.create("secrets");
  const preview = await project.berth(["preview", "-s", project.stack]);
  const up = await project.berth(["up", "-s", project.stack]);
  assert.equal(up.code, 0, up.output);
  const again = await project.berth(["preview", "-s", project.stack, "--json"]);
  printed = preview.output + up.output + again.output;
});
after(async () => project[Symbol.asyncDispose]());

test("the application has the secret, as a file that it may read", async () => {
  assert.equal((await project.addMember("ada")).errors, undefined);
});

test("the canary is in no container's settings, environment, command or log", async () => {
  const containers = await project.containers();
  assert.ok(containers.length > 20);
  for (const { Id, Names } of containers) {
    const container = docker.getContainer(Id);
    absent(JSON.stringify(await container.inspect()), `docker inspect ${Names[0]}`);
    absent((await container.logs({ stdout: true, stderr: true })).toString(), `docker logs ${Names[0]}`);
  }
});

test("the canary is in no image: neither history nor layers", async () => {
  const [web] = await project.containers("web");
  const image = web?.ImageID ?? "";
  absent(JSON.stringify(await docker.getImage(image).history()), "docker history");
  absent(execFileSync("docker", ["save", image], { maxBuffer: 1024 ** 3, encoding: "latin1" }), "docker save");
});

test("the canary is in nothing that preview and up printed, nor in any file below the project", () => {
  absent(printed, "the output of preview and up");
  const files = readdirSync(project.dir, { recursive: true, encoding: "utf8" })
    .filter((file) => !file.startsWith("node_modules"))
    .map((file) => join(project.dir, file))
    .filter((path) => statSync(path).isFile());
  assert.ok(files.some((file) => file.includes(".berth")));
  for (const file of files) absent(readFileSync(file, "latin1"), file);
});

test("labels and names of volumes and networks say nothing of it", async () => {
  const filters = { label: [`berth.stack=${project.stack}`] };
  absent(JSON.stringify([await docker.listVolumes({ filters }), await docker.listNetworks({ filters })]), "volumes and networks");
});

function absent(text: string, where: string): void {
  for (const form of [project.rootSecret, Buffer.from(project.rootSecret).toString("base64").replace(/=+$/, "")]) {
    assert.ok(!text.includes(form), `the canary is in ${where}`);
  }
}
