import assert from "node:assert/strict";
import { outputOf } from "../../../docker/exec.ts";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { docker, type Project } from "../project.ts";

const definition = `import type { AppDefinition } from "../../components/index.ts";

export default {
  context: import.meta.dirname,
  worker: { command: ["sleep", "infinity"], health: ["test", "-d", "/files"], stopGrace: 1 },
  cache: true,
  volumes: { files: "/files" },
} satisfies AppDefinition;
`;

/** An application with a cache and a volume, which does nothing itself; what it holds is written and read here. */
export class Keeper {
  private readonly project: Project;

  constructor(project: Project) {
    this.project = project;
    project.write("apps/keeper/app.ts", definition);
    project.write("apps/keeper/Dockerfile", `FROM ${lock.toolbox}\n`);
  }

  /** Writes one value as a file that only its user may read, in a directory of its own, and as a key without an end. */
  async put(value: string): Promise<void> {
    await this.inWorker(`mkdir -p -m 700 /files/deep; printf %s '${value}' > /files/deep/note; chmod 600 /files/deep/note`);
    await this.inRedis(`SET keeper:note '${value}'`);
  }

  /** What it holds, and whose it is. */
  async held(): Promise<{ file: string; mode: string; files: string; key: string }> {
    const [file, mode, files, key] = await Promise.all([this.inWorker("cat /files/deep/note"), this.inWorker('stat -c "%a %u" /files/deep/note /files | tr "\\n" " "'), this.inWorker("cd /files; find . -type f | sort | tr '\\n' ' '"), this.inRedis("GET keeper:note")]);
    return { file, mode, files, key };
  }

  async inWorker(script: string): Promise<string> {
    return this.inside("worker", ["sh", "-euc", script], "keeper");
  }

  async inRedis(command: string): Promise<string> {
    return this.besideRedis(`redis-cli --user admin --raw ${command}`);
  }

  /** A shell in Redis's container, where redis-cli is let in as admin. */
  async besideRedis(script: string): Promise<string> {
    return this.inside("redis", ["sh", "-euc", `export REDISCLI_AUTH=$(cat /run/secrets/admin-password); ${script}`]);
  }

  private async inside(role: string, command: string[], app?: string): Promise<string> {
    const found = (await this.project.containers(role)).find(({ Labels, State }) => State === "running" && (app === undefined || Labels["berth.app"] === app));
    assert.ok(found, `no ${role} runs`);
    return (await outputOf(docker, found.Id, { command })).trim();
  }
}
