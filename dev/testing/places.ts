/** Where an end-to-end file runs. */
export interface Place {
  /** What it mostly does: apply stacks, or wait for clocks, alerts and schedules. `alone`: it measures the whole host. */
  lane: "applies" | "waits" | "alone";
  /** On two cores with the images there, roughly: the longest begins first. Of what only `--slow` runs, the time there: by day it has ended at once. */
  seconds: number;
  /**
   * `quick`: the embedded one, which takes a third of the time, for what no engine changes; each night on both.
   * `embedded`: only that one, its subject. @default the Pulumi CLI where it is there, else the embedded engine
   */
  engines?: "both" | "quick" | "embedded";
  /** What it does to the whole host: two files of one word never run side by side. */
  apart?: string;
}

/** A test file on one engine. */
export interface Task extends Place {
  file: string;
  engine: "pulumi" | "embedded";
}

/**
 * Every end-to-end file by its path in test/e2e, without `.test.ts`.
 *
 * What both engines do alike is in engine/engine.test.ts, which runs on both by itself; so another file needs one of them.
 * In images/ and standins/ no engine has a part.
 */
export const places: Record<string, Place> = {
  "app/app-kinds": { lane: "waits", seconds: 240, engines: "quick", apart: "out of memory" },
  "app/hostile": { lane: "applies", seconds: 190, engines: "quick" },
  "app/swarm": { lane: "applies", seconds: 250 },
  "app/systems": { lane: "applies", seconds: 125, engines: "quick" },
  "backup/backup": { lane: "waits", seconds: 330, engines: "quick" },
  "backup/backup-s3": { lane: "waits", seconds: 500, engines: "quick" },
  "deploy/backends": { lane: "applies", seconds: 260 },
  "deploy/cut-over": { lane: "applies", seconds: 380 },
  "deploy/dev-stack": { lane: "applies", seconds: 260, engines: "quick" },
  "deploy/earlier-version": { lane: "applies", seconds: 400, engines: "both" },
  "deploy/interrupted": { lane: "applies", seconds: 150, engines: "quick" },
  "deploy/refusals": { lane: "applies", seconds: 50 },
  "drift/drift": { lane: "applies", seconds: 85, engines: "quick" },
  "engine/build": { lane: "applies", seconds: 15, engines: "embedded" },
  "engine/engine": { lane: "waits", seconds: 250, engines: "embedded" },
  "engine/images": { lane: "applies", seconds: 30, engines: "embedded" },
  "engine/import": { lane: "applies", seconds: 25, engines: "embedded" },
  "engine/refusals": { lane: "waits", seconds: 25, engines: "embedded" },
  "engine/restart": { lane: "applies", seconds: 50, engines: "embedded" },
  "images/sizes": { lane: "applies", seconds: 900, engines: "embedded" },
  "monitoring/alerts": { lane: "waits", seconds: 220, engines: "quick", apart: "out of memory" },
  // Measures the memory of the engine, which whatever else runs takes too.
  "monitoring/logs": { lane: "alone", seconds: 90, engines: "quick" },
  "new/new": { lane: "applies", seconds: 210, engines: "quick" },
  "policy/policy": { lane: "applies", seconds: 30 },
  "postgres/faults": { lane: "waits", seconds: 265, engines: "quick" },
  "preview/preview": { lane: "applies", seconds: 90, engines: "quick" },
  "preview/prod-preview": { lane: "applies", seconds: 30 },
  "promote/promote": { lane: "applies", seconds: 170, engines: "quick" },
  "promote/story": { lane: "applies", seconds: 295, engines: "quick" },
  "releases/rollback": { lane: "applies", seconds: 280, engines: "quick" },
  "standins/images": { lane: "applies", seconds: 75, engines: "embedded" },
  "standins/validators": { lane: "waits", seconds: 55, engines: "embedded" },
  "traefik/tls": { lane: "waits", seconds: 65, engines: "quick" },
};

export interface Engines {
  /** Whether the Pulumi CLI is there. */
  cli: boolean;
  /** `--engine`: nothing runs on the other. */
  only?: string;
  /** `--slow`: every file on each engine. */
  slow?: boolean;
}

/**
 * The files, each with the engines that it runs on here.
 *
 * @throws Error naming the files that have no place
 */
export function tasksOf(files: readonly string[], { cli, only, slow = false }: Engines): Task[] {
  const without = files.filter((file) => places[keyOf(file)] === undefined);
  if (without.length > 0) throw new Error(`${without.join(", ")} has no place in dev/testing/places.ts: say there how it runs`);
  return files.flatMap((file) => {
    const place = places[keyOf(file)] as Place;
    const one: Task["engine"] = only === "embedded" || !cli || (place.engines === "quick" && only !== "pulumi") ? "embedded" : "pulumi";
    const engines: Task["engine"][] = place.engines === "embedded" ? ["embedded"] : place.engines === "both" || slow ? ["pulumi", "embedded"] : [one];
    return engines.filter((engine) => (only === undefined || engine === only) && (cli || engine !== "pulumi")).map((engine) => ({ ...place, file, engine }));
  });
}

/** `test/e2e/app/systems.test.ts` is `app/systems`. */
export function keyOf(file: string): string {
  return file.replace(/^test\/e2e\//, "").replace(/\.test\.ts$/, "");
}
