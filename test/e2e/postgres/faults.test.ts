import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { quickMonitoring } from "../monitoring/quick.ts";
import { docker, Project } from "../project.ts";
import { redisFaults } from "../redis/faults.ts";
import { postgresGateway } from "./gateway.ts";
import { slowPostgres } from "./slow.ts";
import { postgresFaults } from "./faults.ts";

// One stack for the whole file: an application with a database and a cache. Postgres' data volume is a small file
// system of its own, where the machine can mount one, so that it can be filled.
let project: Project;
let disk: { folder: string; device: string } | undefined;

before(async () => {
  project = await Project.create("faults");
  quickMonitoring(project);
  disk = smallDisk();
  if (disk !== undefined) {
    await docker.createVolume({
      Name: `berth-${project.stack}-postgres-data`,
      Driver: "local",
      DriverOpts: { type: "ext4", device: disk.device },
      Labels: { "berth.stack": project.stack, "berth.role": "data" },
    });
  }
  await configure();
  await project.up();
});
after(async () => {
  await project[Symbol.asyncDispose]();
  if (disk === undefined) return;
  execFileSync("losetup", ["-d", disk.device]);
  rmSync(disk.folder, { recursive: true });
});

function configure(more: Record<string, unknown> = {}): Promise<void> {
  return project.configure((config) => {
    config["berth:apps"] = { notes: { folder: "services/node", replicas: 2, memory: "192MiB" } };
    config["berth:redis"] = { memory: "32MiB" };
    delete config["members:KEY"];
    Object.assign(config, more);
  });
}

/** 600 MiB in a file, formatted; undefined where there are no loop devices. */
function smallDisk(): typeof disk {
  const folder = mkdtempSync(join(tmpdir(), "berth-disk-"));
  try {
    const image = join(folder, "disk");
    execFileSync("truncate", ["-s", "600M", image]);
    execFileSync("mkfs.ext4", ["-q", image], { stdio: "pipe" });
    return { folder, device: execFileSync("losetup", ["-f", "--show", image], { encoding: "utf8", stdio: "pipe" }).trim() };
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
}

const given = () => ({ project, configure, small: disk !== undefined });
describe("Redis", () => redisFaults(() => project, configure));
describe("Postgres", () => {
  postgresGateway(given);
  slowPostgres(given);
  postgresFaults(given);
});
