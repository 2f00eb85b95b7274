import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { pathsOf } from "./inputs.ts";
import type { Recorded } from "./recorder.ts";
import { appsOf, canariesOf, recordStack, stackFile } from "./stack-program.ts";
import lock from "../../config/images.lock.json" with { type: "json" };

/** Inputs of a container that the rules below look at. */
interface Container {
  image: string;
  user?: string;
  envs?: string[];
  command?: string[];
  entrypoints?: string[];
  labels: { label: string; value: string }[];
  networkMode?: string;
  networksAdvanced?: { name: string }[];
  ports?: { ip: string; external: number; internal: number }[];
  mounts: { type: string; source: string; target: string; readOnly?: boolean }[];
  capabilities?: { adds: string[]; drops: string[] };
  healthcheck?: { tests: string[] };
  start?: boolean;
  attach?: boolean;
  [name: string]: unknown;
}

const type = {
  container: "docker:index/container:Container",
  network: "docker:index/network:Network",
  volume: "docker:index/volume:Volume",
  remoteImage: "docker:index/remoteImage:RemoteImage",
};

for (const stack of ["dev", "prod"]) {
  describe(`the ${stack} stack, as the program asks for it`, () => {
    let resources: Recorded[] = [];
    let outputs: Record<string, unknown> = {};
    let apps: Awaited<ReturnType<typeof appsOf>> = [];
    let canaries: string[] = [];
    before(async () => {
      apps = await appsOf(stack);
      canaries = Object.values(await canariesOf(stack));
      ({ resources, outputs } = await recordStack(stack));
    });
    /** What applications have, by the name of the application. */
    const each = (names: (app: (typeof apps)[number]) => string[]) => apps.flatMap(names);
    const keys = (record: object | undefined) => Object.keys(record ?? {});
    const replicas = () => each(({ name, definition, replicas: count }) => (definition.web === undefined ? [] : Array.from({ length: count }, (_, index) => `${name}-web-${index}`)));
    const workers = () => each(({ name, definition }) => (definition.worker === undefined ? [] : [`${name}-worker-0`]));
    const schedules = () => each(({ name, definition }) => keys(definition.schedules).map((schedule) => `${name}-${schedule}`));
    const appJobs = () => each(({ name, definition }) => keys(definition.jobs).map((job) => `${name}-${job}`));
    const gateways = () => each(({ name, definition }) => (definition.database === true ? [`${name}-gateway`] : []));
    const appVolumes = () => each(({ name, definition }) => keys(definition.volumes).map((volume) => `${name}-volume-${volume}`));
    const reachesOut = () => apps.some(({ definition }) => definition.egress === true);
    /** What the committed prod asks for beyond Prometheus. */
    const watching = stack === "dev" ? [] : ["alertmanager", "grafana", "log-collector", "loki"];
    const developer = stack === "dev" ? ["adminer", "mail"] : [];
    const routes = () => {
      const parts = stack === "dev" ? [...developer, "prometheus"] : ["grafana"];
      return ["routes-shared", "routes-write", ...[...parts, ...each(({ name, definition }) => (definition.web === undefined ? [] : [name]))].map((name) => `route-${name}`)];
    };
    const of = (wanted: string) => resources.filter((resource) => resource.type === wanted);
    const containers = () => of(type.container).map((resource) => [resource.name, resource.inputs as Container, resource] as const);
    const role = ({ labels }: Container) => labels.find(({ label }) => label === "berth.role")?.value;
    const appOf = (name: string) => containers().find(([other]) => other === name)?.[1].labels.find(({ label }) => label === "berth.app")?.value;
    const fillers = () => containers().filter(([, container]) => role(container) === "files");
    const jobs = () => containers().filter(([, container]) => role(container) === "job");
    const services = () => containers().filter(([, container]) => !["files", "job"].includes(role(container) ?? ""));

    test("has no empty word in a command, which the Pulumi CLI's provider refuses", () => {
      const found = resources.filter(({ inputs }) => Array.isArray(inputs["command"]) && inputs["command"].includes(""));
      assert.deepEqual(found.map(({ name }) => name), []);
    });

    test("has all its parts", () => {
      assert.deepEqual(
        services().map(([name]) => name).toSorted(),
        [
          ...developer,
          ...watching,
          "node-exporter",
          "postgres",
          "postgres-backup-differential",
          "postgres-backup-drill",
          "postgres-backup-full",
          "postgres-exporter",
          "prometheus",
          "redis",
          "redis-exporter",
          "snapshots-differential",
          "snapshots-drill",
          "snapshots-full",
          ...(stack === "dev" ? ["registry"] : []),
          "traefik",
          ...replicas(),
          ...workers(),
          ...schedules(),
          ...gateways(),
        ].toSorted(),
      );
      assert.deepEqual(
        jobs().map(([name]) => name).toSorted(),
        [
          "exporter-role",
          "postgres-backup-check",
          "postgres-backup-drill-owner",
          "postgres-backup-metrics-owner",
          "postgres-backup-stanza",
          ...(stack === "dev" ? ["postgres-backups-owner", "registry-data-owner", "snapshots-repository-owner"] : ["traefik-certificates-owner", ...watching.map((part) => `${part}-data-owner`)]),
          "postgres-data-owner",
          "postgres-init",
          "postgres-socket-owner",
          "prometheus-data-owner",
          "redis-data-owner",
          "snapshots-drill-owner",
          "snapshots-init",
          "snapshots-metrics-owner",
          ...routes(),
          "tools-fill",
          "tools-owner",
          "traefik-routes-owner",
          ...each(({ name, definition }) => (definition.database === true ? [`${name}-database`] : [])),
          ...appJobs(),
          ...appVolumes().map((volume) => `${volume}-owner`),
        ].toSorted(),
      );
    });

    test("publishes Traefik alone, and on 127.0.0.1 what the host's Docker Engine itself talks to: dev's registry, prod's log collector", () => {
      const published = containers().flatMap(([name, { ports }]) => (ports ?? []).map(({ ip, external, internal }) => `${name} ${ip}:${external} → ${internal}`));
      const expected =
        stack === "dev"
          ? ["registry 127.0.0.1:5555 → 5000", "traefik 127.0.0.1:8080 → 8000"]
          : ["log-collector 127.0.0.1:24224 → 24224", "traefik 0.0.0.0:443 → 8443", "traefik 0.0.0.0:80 → 8000"];
      assert.deepEqual(published.toSorted(), expected);
    });

    test("hardens every container that runs", () => {
      for (const [name, container] of [...services(), ...jobs()]) {
        assert.ok(Number(container["memory"]) >= 6, `${name} has a memory limit`);
        assert.equal(container["memorySwap"], container["memory"], `${name} has no swap`);
        assert.match(String(container["cpus"]), /^\d+\.\d+$/, `${name} has a limit of cores, as the provider writes it`);
        assert.deepEqual(container.capabilities?.drops, ["ALL"], `${name} drops all capabilities`);
        assert.deepEqual(container["securityOpts"], ["no-new-privileges:true"], `${name} gains no privileges`);
        assert.equal(container["readOnly"], true, `${name} has a read-only root`);
        assert.equal(container["privileged"], undefined, `${name} is not privileged`);
        const { labels, ...rotated } = container["logOpts"] as Record<string, string>;
        const collected = stack === "prod" && name !== "log-collector" && name !== "loki";
        assert.deepEqual([container["logDriver"], labels], [collected ? "fluentd" : "json-file", "berth.stack,berth.app,berth.role"], name);
        const [size, files] = collected ? ["cache-max-size", "cache-max-file"] : ["max-size", "max-file"];
        assert.deepEqual([rotated[size], rotated[files]], ["10m", "3"], `${name} rotates its log`);
        const limits = container["ulimits"] as { name: string; hard: number }[];
        assert.ok(limits.some((limit) => limit.name === "nproc" && limit.hard <= 4096), `${name} has a bound on processes`);
        for (const namespace of ["pidMode", "ipcMode", "usernsMode", "hosts", "devices", "volumes"]) assert.equal(container[namespace], undefined, `${name}: ${namespace}`);
      }
    });

    test("runs nothing as root but the jobs that give a volume to its owner, with CHOWN alone, that fill the tools' or begin the snapshots, with nothing, and what reads and writes files of any owner", () => {
      for (const [name, { user, capabilities }] of [...services(), ...jobs()]) {
        assert.match(user ?? "", /^\d+:\d+$/, `${name} has a numeric user and group`);
        const owner = name.endsWith("-owner");
        const snapshots: Record<string, string[]> = { "snapshots-full": ["CAP_DAC_OVERRIDE"], "snapshots-differential": ["CAP_DAC_OVERRIDE"], "snapshots-drill": ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"], "snapshots-init": [] };
        assert.equal(user === "0:0", owner || name.endsWith("tools-fill") || name in snapshots, `${name} is ${user}`);
        assert.deepEqual(capabilities?.adds, owner ? ["CAP_CHOWN"] : (snapshots[name] ?? []), name);
      }
    });

    test("never starts the containers that fill volumes, and gives them no network", () => {
      for (const [name, container] of fillers()) {
        assert.equal(container.start, false, name);
        assert.equal(container["mustRun"], false, name);
        assert.equal(container.networkMode, "none", name);
      }
    });

    test("waits for the health of everything that stays, and restarts it", () => {
      for (const [name, container] of services()) {
        assert.ok((container.healthcheck?.tests.length ?? 0) >= 2, `${name} has a health check`);
        assert.equal(container["wait"], true, `${name} is waited for`);
        const limited = apps.some((app) => app.name === appOf(name) && app.definition.maxRestarts !== undefined) && !schedules().includes(name);
        assert.equal(container["restart"], limited ? "on-failure" : "unless-stopped", name);
        assert.ok(Number(container["destroyGraceSeconds"]) >= 10, `${name} is given time to stop`);
      }
    });

    test("runs jobs once, attached, and does not restart them", () => {
      for (const [name, container] of jobs()) {
        assert.deepEqual([container.attach, container["mustRun"], container["restart"], container["logs"]], [true, false, "no", true], name);
      }
    });

    test("mounts volumes of its own alone: no folder of the host, no Docker socket", () => {
      const volumes = of(type.volume).map(({ inputs }) => inputs["name"]);
      for (const [name, { mounts = [] }] of containers()) {
        for (const mount of mounts) {
          assert.equal(mount.type, "volume", name);
          assert.ok(volumes.includes(mount.source), `${name} mounts ${mount.source}`);
        }
      }
      assert.equal(new Set(volumes).size, volumes.length, "names of volumes are unique");
    });

    test("mounts configuration and secrets read-only wherever it is used", () => {
      const immutable = new Set(fillers().map(([, { mounts }]) => mounts[0]?.source));
      for (const [name, { mounts = [] }] of [...services(), ...jobs()]) {
        for (const { source, readOnly } of mounts) if (immutable.has(source)) assert.equal(readOnly, true, `${name} mounts ${source}`);
      }
    });

    test("gives only Traefik a network with a way out, and one to what writes backups to a bucket", () => {
      const open = of(type.network).filter(({ inputs }) => inputs["internal"] !== true).map(({ inputs }) => String(inputs["name"]));
      const expected = ["public", ...(stack === "dev" ? ["registry"] : ["backup", "logs", "snapshots"]), ...(stack === "prod" || reachesOut() ? ["egress"] : [])];
      assert.deepEqual(open.toSorted(), expected.map((name) => `berth-${stack}-${name}`).toSorted());
      const on = (network: string) =>
        containers().filter(([, { networksAdvanced = [] }]) => networksAdvanced.some(({ name }) => name === network)).map(([name]) => name).toSorted();
      assert.deepEqual(on(`berth-${stack}-public`), ["traefik"]);
      assert.deepEqual(on(`berth-${stack}-edge`), [...developer, ...replicas(), ...routes(), "traefik"].toSorted());
      for (const { name, definition } of apps) {
        const own = [...replicas(), ...workers(), ...schedules(), ...appJobs()].filter((container) => container.startsWith(`${name}-`));
        const parts = [definition.database === true && `${name}-gateway`, definition.cache === true && "redis", (definition.metrics ?? definition.schedules ?? definition.worker) !== undefined && "prometheus"];
        const others = on(`berth-${stack}-app-${name}`).filter((container) => !developer.includes(container));
        assert.deepEqual(others, [...own.filter((container) => appOf(container) === name), ...parts.filter((part) => part !== false)].toSorted(), name);
        const outside = on(`berth-${stack}-egress`).filter((container) => appOf(container) === name);
        if (definition.egress !== true) assert.deepEqual(outside, [], `${name} has no way out`);
      }
      const backups = ["postgres-backup-differential", "postgres-backup-drill", "postgres-backup-full"];
      assert.deepEqual(on("berth-prod-backup"), stack === "dev" ? [] : ["postgres", "postgres-backup-check", ...backups, "postgres-backup-stanza"]);
      const snapshots = ["snapshots-differential", "snapshots-drill", "snapshots-full"];
      assert.deepEqual(on("berth-prod-snapshots"), stack === "dev" ? [] : [...snapshots, "snapshots-init"]);
      const browser = developer.filter((part) => part === "adminer");
      assert.deepEqual(on(`berth-${stack}-data`), [...browser, ...gateways(), "postgres", "postgres-exporter"].toSorted());
      assert.deepEqual(on(`berth-${stack}-monitoring`), [
        ...watching,
        "node-exporter",
        ...backups,
        "postgres-exporter",
        "prometheus",
        "redis",
        "redis-exporter",
        ...routes().toSorted(),
        ...snapshots,
        "traefik",
      ]);
      assert.deepEqual(on(`berth-${stack}-registry`), stack === "dev" ? ["registry"] : []);
    });

    test("puts every container on a named network or on none", () => {
      for (const [name, { networksAdvanced = [], networkMode }] of containers()) {
        assert.ok(networksAdvanced.length > 0 !== (networkMode === "none"), name);
      }
    });

    test("keeps the volumes with data, and no others, and protects the one that it can't be without", () => {
      const kept = of(type.volume).filter(({ retainOnDelete }) => retainOnDelete).map(({ name }) => name);
      assert.deepEqual(resources.filter(({ protect }) => protect).map(({ name }) => name), ["postgres-data-volume"]);
      const data = of(type.volume).filter(({ inputs }) => role(inputs as unknown as Container) === "data").map(({ name }) => name);
      const own = stack === "dev" ? ["postgres-backups", "registry-data", "snapshots-repository"] : ["traefik-certificates", ...watching.filter((part) => part !== "alertmanager").map((part) => `${part}-data`)];
      const expected = ["postgres-data", "prometheus-data", "redis-data", ...own, ...appVolumes()].map((name) => `${name}-volume`).toSorted();
      assert.deepEqual(kept.toSorted(), expected);
      assert.deepEqual(data.toSorted(), expected);
      for (const { name, inputs } of of(type.volume)) {
        if (expected.includes(name)) assert.equal(inputs["name"], `berth-${stack}-${name.replace(/-volume$/, "")}`, "a fixed name");
      }
    });

    test("starts new replicas and jobs beside the old ones, and stops first what owns a port or data", () => {
      for (const [name, , { deleteBeforeReplace, replaceOnChanges }] of containers()) {
        const exclusive = apps.filter(({ definition }) => definition.volumes !== undefined).map(({ name: app }) => app);
        const staying = [...replicas(), ...workers()].includes(name) && !exclusive.includes(appOf(name) ?? "");
        const createFirst = staying || name === "adminer" || gateways().includes(name) || name.endsWith("-filler") || jobs().some(([job]) => job === name);
        assert.equal(deleteBeforeReplace, !createFirst, name);
        assert.deepEqual(replaceOnChanges, ["healthcheck", "mounts", "tmpfs", "#initerror"], name);
      }
      for (const [name, { name: fixed }] of containers()) assert.equal(fixed, undefined, `${name} has an automatic name`);
    });

    test("pins every image by digest, as the lock file or the build names it", () => {
      for (const [role, reference] of Object.entries(lock)) {
        const pulled = of(type.remoteImage).find(({ name }) => name === `images-${role}`);
        const used = containers().some(([, { image }]) => image.startsWith(`${reference.split(":")[0]}@`));
        assert.deepEqual(pulled?.inputs, used ? { name: reference, keepLocally: true } : undefined, `${role}: pulled where a container runs it`);
      }
      for (const [name, { image }] of containers()) assert.match(image, /@sha256:[0-9a-f]{64}$/, name);
      const repository = stack === "dev" ? "127.0.0.1:5555" : "ghcr.io/acme";
      for (const name of [...replicas(), ...workers(), ...schedules(), ...appJobs()]) {
        const image = containers().find(([other]) => other === name)?.[1].image ?? "";
        assert.ok(image.startsWith(`${repository}/${appOf(name)}:build@sha256:`), `${name}: ${image}`);
      }
    });

    test("labels every container, volume and network with its stack and its role", () => {
      for (const { name, inputs } of [...of(type.container), ...of(type.volume), ...of(type.network)]) {
        const labels = Object.fromEntries((inputs as Container).labels.map(({ label, value }) => [label, value]));
        assert.equal(labels["berth.stack"], stack, name);
        assert.ok(labels["berth.role"], name);
      }
      const web = containers().filter(([, container]) => role(container) === "web");
      for (const [name] of web) assert.ok(apps.some((app) => app.name === appOf(name)), name);
    });

    test("hands the explicit providers on: everything of Docker to the host's, the application's image with the login", () => {
      for (const { type: of, name, provider } of resources) {
        if (!of.startsWith("docker:")) continue;
        assert.equal(provider, name.endsWith("-image-pulled") ? "pull" : "host", name);
      }
      const [pull] = resources.filter(({ type: of, name }) => of === "pulumi:providers:docker" && name === "pull");
      assert.ok(pull?.secretInputs.some((path) => path.startsWith("registryAuth")), "the login is a secret");
    });

    test("names the Docker host that the stack file names", () => {
      const hosts = resources.filter(({ type: of }) => of === "pulumi:providers:docker").map(({ inputs }) => inputs["host"]);
      const expected = stackFile(stack)["berth:docker"] ?? process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
      assert.deepEqual(hosts, [expected, expected]);
    });

    test("hands a secret over as a secret wherever it goes, and puts none into a container's settings", () => {
      // Configured ones, and those that the mocks generate.
      const secrets = [...canaries, "password-of-", "bcrypt-of-"];
      let seen = 0;
      for (const { name, inputs, secretInputs } of resources) {
        for (const secret of secrets) {
          for (const path of pathsOf(inputs, secret)) {
            seen++;
            assert.ok(secretInputs.some((of) => path === of || path.startsWith(`${of}.`)), `${name}: ${path} shows ${secret} in plain text`);
          }
        }
      }
      assert.ok(seen > 10, "the secrets were used at all");
      for (const [name, container, { secretInputs }] of containers()) {
        for (const path of secretInputs) assert.match(path, /^uploads\.\d+\.content$/, `${name}: Docker would show ${path} to anybody who may inspect`);
        for (const field of ["envs", "labels", "command", "entrypoints", "healthcheck", "hosts"]) {
          for (const secret of secrets) assert.deepEqual(pathsOf(container[field], secret), [], `${name}: ${field}`);
        }
      }
    });

    test("has outputs without a secret but the password and the releases: addresses, images, and how to reach each part", () => {
      const address = (name: string) => (stack === "dev" ? `http://${name}.localhost:8080` : `https://${name}.example.com`);
      const sites = each(({ name, definition }) => (definition.web === undefined ? [] : [name]));
      const tools = stack === "dev" ? { prometheus: address("prometheus"), databases: address("adminer"), mail: address("mail") } : { grafana: address("grafana") };
      assert.deepEqual(outputs["urls"], { ...Object.fromEntries(sites.map((name) => [name, address(name)])), ...tools });
      const digests = outputs["imageDigests"] as Record<string, string>;
      assert.deepEqual(Object.keys(digests), apps.map(({ name }) => name));
      for (const digest of Object.values(digests)) assert.match(digest, /@sha256:[0-9a-f]{64}$/);
      const own = outputs["ownImages"] as Record<string, string>;
      assert.deepEqual(Object.entries(own).map(([key, image]) => `${key} ${image.replace(/^.*\/(.*):build@sha256:[0-9a-f]{64}$/, "$1")}`), ["tools berth-tools", "postgresBackup berth-postgres", "snapshots berth-snapshots"]);
      assert.deepEqual(Object.keys(outputs["reach"] as object).toSorted(), [...watching.slice(0, 1), "postgres", "prometheus", "redis"]);
      const { releases, ...shown } = outputs;
      const [first] = releases as { number: number; images: object; secrets: Record<string, string> }[];
      assert.equal(first?.number, 1);
      assert.deepEqual(Object.keys(first.images), Object.keys(digests));
      assert.deepEqual(new Set(Object.values(first.secrets)), new Set(canaries));
      for (const secret of [...canaries, "password-of-"]) assert.deepEqual(pathsOf(shown, secret), secret === "password-of-" ? ["prometheusPassword"] : []);
    });
  });
}

test("the prod stack with berth:runtime swarm: pcf is a service with its replicas, replaced one by one, rolled back, restarted and reserved for as its list says", async () => {
  const { resources } = await recordStack("prod", { "berth:runtime": "swarm" });
  const services = resources.filter(({ type: of }) => of === "docker:index/service:Service");
  const { taskSpec, ...pcf } = services.find(({ name }) => name === "pcf-web")!.inputs as Record<string, unknown> & { taskSpec: TaskSpec };
  const careful = { parallelism: 1, monitor: "5s", order: "start-first" };
  assert.deepEqual([pcf["mode"], pcf["updateConfig"]], [{ replicated: { replicas: 3 } }, { ...careful, delay: "10s", failureAction: "rollback" }]);
  assert.deepEqual(taskSpec.restartPolicy, { condition: "any", delay: "5s", maxAttempts: 0, window: "2m" });
  const memoryBytes = 512 * 1024 ** 2;
  assert.deepEqual(taskSpec.resources, { limits: { nanoCpus: 1e9, memoryBytes }, reservation: { nanoCpus: 5e8, memoryBytes: memoryBytes / 2 } });
  const secrets = taskSpec.containerSpec.secrets.map(({ fileName }) => fileName);
  for (const file of ["/run/secrets/DATABASE_URL", "/run/secrets/JWT_SECRET", "/opt/pcf/config/production.toml"]) assert.ok(secrets.includes(file), `${file} is none of ${secrets.join(", ")}`);
  const networks = resources.filter(({ type: of, name }) => of === type.network && /edge|app-pcf/.test(name)).map(({ inputs }) => [inputs["driver"], inputs["attachable"]]);
  assert.deepEqual(networks, [["overlay", true], ["overlay", true]]);
});

interface TaskSpec {
  containerSpec: { secrets: { fileName: string }[] };
  resources: unknown;
  restartPolicy: unknown;
}
