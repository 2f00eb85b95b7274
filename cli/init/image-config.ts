/** What a built image says of itself, from its own configuration. Times are in seconds. */
export interface ImageFacts {
  entrypoint: string[];
  command: string[];
  /** As USER has it: a name, an id, or one of each with a colon; empty for root. */
  user: string;
  /** By number. */
  ports: { port: number; protocol: string }[];
  volumes: string[];
  health?: HealthFacts;
  /** Undefined for SIGTERM. */
  stopSignal?: string;
  /** @default "/" */
  directory: string;
  env: Record<string, string>;
}

export interface HealthFacts {
  /** As it runs in the container; the shell form with the shell before it. */
  command: string[];
  /** Undefined where the image leaves it to Docker, which takes 30. */
  interval?: number;
  /** Docker takes 30. */
  timeout?: number;
  /** Failures in it don't count. Docker takes 0. */
  startPeriod?: number;
  /** Docker takes 3. */
  retries?: number;
}

/** `Config` of `docker image inspect`, as far as it is read here. */
export interface ImageConfig {
  Entrypoint?: string[] | string | null;
  Cmd?: string[] | string | null;
  User?: string;
  ExposedPorts?: Record<string, unknown> | null;
  Volumes?: Record<string, unknown> | null;
  Healthcheck?: { Test?: string[] | null; Interval?: number; Timeout?: number; StartPeriod?: number; Retries?: number } | null;
  StopSignal?: string;
  WorkingDir?: string;
  Env?: string[] | null;
  Shell?: string[] | null;
}

/**
 * @example
 * imageFacts({ Cmd: ["nginx"], ExposedPorts: { "80/tcp": {}, "53/udp": {} } }).ports; // [{ port: 53, protocol: "udp" }, { port: 80, protocol: "tcp" }]
 */
export function imageFacts(config: ImageConfig): ImageFacts {
  const health = healthFacts(config);
  return {
    entrypoint: words(config.Entrypoint),
    command: words(config.Cmd),
    user: config.User ?? "",
    ports: Object.keys(config.ExposedPorts ?? {}).flatMap(portsIn).toSorted((a, b) => a.port - b.port),
    volumes: Object.keys(config.Volumes ?? {}).toSorted(),
    ...(health !== undefined && { health }),
    ...(config.StopSignal && config.StopSignal !== "SIGTERM" && { stopSignal: config.StopSignal }),
    directory: config.WorkingDir || "/",
    env: Object.fromEntries((config.Env ?? []).map((pair) => [pair.replace(/=.*$/s, ""), pair.replace(/^[^=]*=?/s, "")])),
  };
}

/** `8000-8002/tcp` is three. */
function portsIn(text: string): ImageFacts["ports"] {
  const [, first = "", last = first, protocol = "tcp"] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text) ?? [];
  const count = Math.min(Number(last) - Number(first) + 1, 100);
  return first === "" ? [] : Array.from({ length: count }, (_, index) => ({ port: Number(first) + index, protocol }));
}

function healthFacts({ Healthcheck, Shell }: ImageConfig): HealthFacts | undefined {
  const [kind, ...rest] = Healthcheck?.Test ?? [];
  if (Healthcheck === undefined || Healthcheck === null || kind === undefined || kind === "NONE" || rest.length === 0) return undefined;
  const { Interval, Timeout, StartPeriod, Retries } = Healthcheck;
  return {
    command: kind === "CMD-SHELL" ? [...(Shell ?? ["/bin/sh", "-c"]), ...rest] : rest,
    ...(Interval && { interval: seconds(Interval) }),
    ...(Timeout && { timeout: seconds(Timeout) }),
    ...(StartPeriod && { startPeriod: seconds(StartPeriod) }),
    ...(Retries && { retries: Retries }),
  };
}

function words(list: string[] | string | null | undefined): string[] {
  return typeof list === "string" ? [list] : (list ?? []);
}

/** From nanoseconds, rounded up. */
function seconds(nanoseconds: number): number {
  return Math.ceil(nanoseconds / 1e9);
}
