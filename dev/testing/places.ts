/** Where an end-to-end file runs. */
export interface Place {
  /** What it mostly does: apply stacks, or wait for clocks, alerts and schedules. `alone`: it measures the whole host. */
  lane: "applies" | "waits" | "alone";
  /** On two cores with the images there, roughly: the longest begins first. */
  seconds: number;
  /**
   * `night`: with `--slow`, or where `--files` asks for it. `with the CLI`: by day only where the CLI is there, whose users it is
   * for; a machine without it is for trying, and its day is shorter. @default in every run
   */
  when?: "night" | "with the CLI";
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
 * By day each promise is shown once, on the shortest way; its variants, the damage and the other engine come each night.
 * What both engines do alike is in engine/engine.test.ts, which runs on both by itself; so another file needs one of them.
 * In images/ and standins/ no engine has a part.
 */
export const places: Record<string, Place> = {
  "app/app-kinds": { lane: "waits", seconds: 240, engines: "quick", apart: "out of memory" },
  "app/hostile": { lane: "applies", seconds: 190, engines: "quick", when: "with the CLI" },
  "app/swarm": { lane: "applies", seconds: 250, when: "night" },
  "app/systems": { lane: "applies", seconds: 125, engines: "quick", when: "with the CLI" },
  "backup/backup": { lane: "waits", seconds: 330, engines: "quick" },
  "backup/backup-s3": { lane: "waits", seconds: 500, engines: "quick", when: "night" },
  "deploy/backends": { lane: "applies", seconds: 260, when: "night" },
  "deploy/cut-over": { lane: "applies", seconds: 380, when: "with the CLI" },
  "deploy/dev-stack": { lane: "applies", seconds: 260, engines: "quick" },
  "deploy/earlier-version": { lane: "applies", seconds: 400, engines: "both", when: "night" },
  "deploy/interrupted": { lane: "applies", seconds: 150, engines: "quick", when: "night" },
  "deploy/refusals": { lane: "applies", seconds: 50 },
  "drift/drift": { lane: "applies", seconds: 85, engines: "quick", when: "night" },
  "engine/build": { lane: "applies", seconds: 15, engines: "embedded" },
  "engine/engine": { lane: "waits", seconds: 250, engines: "embedded" },
  "engine/images": { lane: "applies", seconds: 30, engines: "embedded", when: "night" },
  "engine/import": { lane: "applies", seconds: 25, engines: "embedded" },
  "engine/refusals": { lane: "waits", seconds: 25, engines: "embedded" },
  "engine/restart": { lane: "applies", seconds: 50, engines: "embedded", when: "night" },
  "images/sizes": { lane: "applies", seconds: 900, engines: "embedded", when: "night" },
  "monitoring/alerts": { lane: "waits", seconds: 220, engines: "quick", apart: "out of memory", when: "with the CLI" },
  // Measures the memory of the engine, which whatever else runs takes too.
  "monitoring/logs": { lane: "alone", seconds: 90, engines: "quick", when: "night" },
  "new/new": { lane: "applies", seconds: 210, engines: "quick", when: "with the CLI" },
  "policy/policy": { lane: "applies", seconds: 30 },
  "postgres/faults": { lane: "waits", seconds: 265, engines: "quick" },
  "preview/preview": { lane: "applies", seconds: 90, engines: "quick", when: "night" },
  "preview/prod-preview": { lane: "applies", seconds: 30 },
  "promote/promote": { lane: "applies", seconds: 170, engines: "quick", when: "night" },
  "promote/story": { lane: "applies", seconds: 295, engines: "quick" },
  "releases/rollback": { lane: "applies", seconds: 280, engines: "quick", when: "night" },
  "standins/images": { lane: "applies", seconds: 75, engines: "embedded", when: "night" },
  "standins/validators": { lane: "waits", seconds: 55, engines: "embedded" },
  "traefik/tls": { lane: "waits", seconds: 65, engines: "quick", when: "with the CLI" },
};

export interface Engines {
  /** Whether the Pulumi CLI is there. */
  cli: boolean;
  /** `--engine`: nothing runs on the other. */
  only?: string;
  /** `--slow`: every file on each engine. */
  slow?: boolean;
  /** `--files` names what runs: of that nothing waits for the night. */
  named?: boolean;
}

/** Whether a run leaves a file to the night. */
export function isLeft(file: string, { cli, slow = false, named = false }: Engines): boolean {
  const when = places[keyOf(file)]?.when;
  return !slow && !named && (when === "night" || (when === "with the CLI" && !cli));
}

/**
 * The files, each with the engines that it runs on here.
 *
 * @throws Error naming the files that have no place
 */
export function tasksOf(files: readonly string[], engines: Engines): Task[] {
  const { cli, only, slow = false } = engines;
  const without = files.filter((file) => places[keyOf(file)] === undefined);
  if (without.length > 0) throw new Error(`${without.join(", ")} has no place in dev/testing/places.ts: say there how it runs`);
  return files.filter((file) => !isLeft(file, engines)).flatMap((file) => {
    const place = places[keyOf(file)] as Place;
    const one: Task["engine"] = only === "embedded" || !cli || (place.engines === "quick" && only !== "pulumi") ? "embedded" : "pulumi";
    const each: Task["engine"][] = place.engines === "embedded" ? ["embedded"] : place.engines === "both" || slow ? ["pulumi", "embedded"] : [one];
    return each.filter((engine) => (only === undefined || engine === only) && (cli || engine !== "pulumi")).map((engine) => ({ ...place, file, engine }));
  });
}

/** `test/e2e/app/systems.test.ts` is `app/systems`. */
export function keyOf(file: string): string {
  return file.replace(/^test\/e2e\//, "").replace(/\.test\.ts$/, "");
}
