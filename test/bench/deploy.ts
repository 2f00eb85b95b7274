// npm run bench [-- <runs>]: Berth beside docker compose, in one run on this machine.
//
// Both run the same image with two replicas behind the same Traefik; compose has these three containers only, and
// uses Postgres, network and secrets of the Berth stack, which has some forty more. So the figures favour compose.
// A deploy is a change of one environment variable, under load: GETs and POSTs on eight connections.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import lock from "../../config/images.lock.json" with { type: "json" };
import { startLoad } from "../e2e/load.ts";
import { docker, engine, freePort, Project } from "../e2e/project.ts";

interface Rival {
  name: string;
  port: number;
  /** Brings the stack up with this value of RUST_LOG. */
  up: (log: string) => Promise<void>;
}

interface Figures {
  noChange: number[];
  deploy: number[];
  failed: number;
  requests: number;
}

const runs = Number(process.argv[2] ?? 5);
await using project = await Project.create("bench");
const berth: Rival = { name: `berth (${engine})`, port: project.http, up: (log) => berthUp(log) };
await berth.up("info");
const compose = await composeRival();
try {
  await compose.up("info");
  const results = new Map<Rival, Figures>();
  for (const rival of [compose, berth]) results.set(rival, { noChange: [], deploy: [], failed: 0, requests: 0 });
  for (let run = 0; run < runs; run += 1) {
    for (const [rival, figures] of results) await measure(rival, figures, run);
  }
  print(results);
} finally {
  await composeCommand("down", "--timeout", "5");
}

async function measure(rival: Rival, figures: Figures, run: number): Promise<void> {
  const log = run % 2 === 0 ? "info,sqlx=warn" : "info";
  const load = startLoad(rival.port, "root.localhost");
  figures.deploy.push(await seconds(() => rival.up(log)));
  const { answered, failures } = await load.stop();
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  figures.failed += failed;
  figures.requests += answered + failed;
  figures.noChange.push(await seconds(() => rival.up(log)));
  console.error(`run ${run + 1} of ${runs}: ${rival.name}: deploy ${figures.deploy.at(-1)?.toFixed(1)} s, ${failed} of ${answered + failed} requests failed`);
}

async function berthUp(log: string): Promise<void> {
  await project.configure((config) => {
    config["berth:apps"] = { root: { replicas: 2, memory: "128MiB", env: { RUST_ENV: "development", RUST_LOG: log } } };
  });
  await project.up();
}

async function composeRival(): Promise<Rival> {
  const port = await freePort();
  const [web] = await project.containers("web");
  const { Config, Mounts, NetworkSettings } = await docker.getContainer(web?.Id ?? "").inspect();
  const network = Object.keys(NetworkSettings.Networks).find((name) => name.endsWith("-app-root")) ?? "";
  const file = (log: string) => ({
    name: "berth-bench",
    services: {
      web: {
        image: Config.Image,
        user: Config.User,
        environment: Config.Env.filter((variable) => !/^(RUST_LOG|PATH)=/.test(variable)).concat(`RUST_LOG=${log}`),
        deploy: { replicas: 2 },
        networks: ["data", "edge"],
        volumes: ["secrets:/run/secrets:ro"],
        healthcheck: { test: ["CMD", "root", "health"], interval: "30s", start_period: "60s", start_interval: "500ms" },
      },
      traefik: {
        image: lock.traefik,
        entrypoint: ["traefik", "--entryPoints.web.address=:8000", "--providers.file.filename=/routes.yml"],
        configs: [{ source: "routes", target: "/routes.yml" }],
        networks: ["edge"],
        ports: [`127.0.0.1:${port}:8000`],
      },
    },
    configs: {
      routes: {
        content: stringify({
          http: {
            routers: { root: { rule: "Host(`root.localhost`)", service: "root" } },
            services: { root: { loadBalancer: { servers: [{ url: "http://web:3000" }] } } },
          },
        }),
      },
    },
    networks: { edge: {}, data: { external: true, name: network } },
    volumes: { secrets: { external: true, name: Mounts[0]?.Name } },
  });
  return {
    name: "docker compose",
    port,
    up: (log) => {
      project.write("compose.yaml", stringify(file(log)));
      return composeCommand("up", "--detach", "--wait");
    },
  };
}

async function composeCommand(...args: string[]): Promise<void> {
  await promisify(execFile)("docker", ["compose", "--file", join(project.dir, "compose.yaml"), ...args]);
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function print(results: Map<Rival, Figures>): void {
  const [first] = results.values();
  const ratio = (values: number[], base: number[] = []) => (median(values) / median(base)).toFixed(1);
  console.log("| | no change | against compose | deploy of 2 replicas | against compose | failed requests |\n|---|---|---|---|---|---|");
  for (const [{ name }, { noChange, deploy, failed, requests }] of results) {
    console.log(
      `| ${name} | ${spread(noChange)} | ${ratio(noChange, first?.noChange)} | ${spread(deploy)} | ${ratio(deploy, first?.deploy)} | ${failed} of ${requests} |`,
    );
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Median, with the smallest and the greatest. */
function spread(values: number[]): string {
  return `${median(values).toFixed(1)} s (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;
}
