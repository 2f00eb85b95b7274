import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import { after, before, describe, test } from "node:test";
import lock from "../../../config/images.lock.json" with { type: "json" };
import { onHost } from "../docker-host.ts";
import { eventually } from "../eventually.ts";
import { docker, type Project } from "../project.ts";
import { OutsideWorld } from "../servers/outside-world.ts";

export interface Hostile {
  project: Project;
  /** What a shell in an application's web server prints. */
  inside: (app: string, script: string) => Promise<string>;
}

/** A port of a container of the stack, by address. */
interface Listener {
  /** `application role`, or the part of the platform. */
  whose: string;
  /** Of the network, without the stack's prefix. */
  network: string;
  address: string;
  port: number;
}

// Not shown: UDP, a cloud's own network, and an application with a way out, which reaches what the Docker host reaches.

/** What the hostile application reaches by its networks: everything else is tried as well, and refused. */
export function hostileNetwork(given: () => Hostile): void {
  let world: OutsideWorld;
  before(async () => void (world = await OutsideWorld.create()));
  after(async () => world[Symbol.asyncDispose]());

  describe("on its networks a hostile application", () => {
    test("opens connections to its own data, and to what is on the edge: of all ports of the stack to no other", async () => {
      const { project, inside } = given();
      // A port that no route names, such as a debugger's.
      const unrouted = 'perl -MIO::Socket::INET -e \'my $s = IO::Socket::INET->new(LocalPort => 9999, Listen => 9) or die; close $s->accept while 1\'';
      await inside("members", `trap '' HUP; timeout 300 ${unrouted} >/dev/null 2>&1 </dev/null &`);
      let all: Listener[] = [];
      await eventually("the port that no route names listens", 10_000, async () => {
        all = await listeners(project);
        return all.some(({ port }) => port === 9999) ? undefined : JSON.stringify(all);
      });
      const parts = ["hostile web", "members web", "hostile-gateway", "members-gateway", "postgres", "redis", "traefik", "prometheus", "alertmanager", "node-exporter", "postgres-exporter", "redis-exporter", "registry"];
      assert.deepEqual([...new Set(all.map(({ whose }) => whose))].filter((whose) => parts.includes(whose)).toSorted(), parts.toSorted());
      const seen = await reached(inside, all);
      const open = all.filter((listener) => seen.get(at(listener)) === "open");
      assert.deepEqual([...new Set(open.map(({ whose, network, port }) => `${whose}:${port} on ${network}`))].toSorted(), [
        "hostile web:8000 on app-hostile",
        "hostile web:8000 on edge",
        "hostile-gateway:5432 on app-hostile",
        "members web:8000 on edge",
        "members web:9999 on edge",
        "redis:6379 on app-hostile",
        "traefik:8000 on edge",
        "traefik:8080 on edge",
      ]);
      const others = new Set(all.filter((listener) => !open.includes(listener)).map((listener) => seen.get(at(listener))));
      assert.deepEqual([...others].filter((outcome) => outcome !== "unreachable" && outcome !== "refused"), []);
    });

    test("reads neither Traefik's API nor its metrics: they answer the monitoring alone", async () => {
      const { project, inside } = given();
      const monitoring = (await docker.getNetwork(`berth-${project.stack}-monitoring`).inspect()) as { IPAM: { Config: { Subnet: string }[] } };
      const asker = monitoring.IPAM.Config[0]?.Subnet.replace(/\.\d+\/.*$/, ".9") ?? "";
      for (const path of ["/metrics", "/api/rawdata", "/api/http/routers", "/api/overview"]) {
        const asked = `exec 3<>/dev/tcp/traefik/8080; printf 'GET ${path} HTTP/1.1\\r\\nHost: traefik\\r\\nX-Forwarded-For: ${asker}\\r\\nX-Real-Ip: ${asker}\\r\\nConnection: close\\r\\n\\r\\n' >&3; timeout 5 cat <&3`;
        assert.match(await inside("hostile", asked), /^HTTP\/1.1 403 /, path);
      }
    });

    test("finds no name but those of its own networks", async () => {
      const { project, inside } = given();
      const aliases = ["prometheus", "alertmanager", "grafana", "loki", "registry", "node-exporter", "postgres-exporter", "redis-exporter", "members-metrics", "host.docker.internal", "gateway.docker.internal"];
      const containers = await project.containers();
      const shares = ({ NetworkSettings }: (typeof containers)[number]) => Object.keys(NetworkSettings.Networks).some((name) => name.endsWith("-edge") || name.endsWith("-app-hostile"));
      const named = (list: typeof containers) => list.filter(({ State }) => State === "running").map(({ Names }) => Names[0]?.slice(1) ?? "");
      const away = named(containers.filter((container) => !shares(container)));
      assert.ok(away.some((name) => name.includes("prometheus")) && away.some((name) => name.includes("registry")), away.join());
      const found = async (names: string[]) => (await inside("hostile", names.map((name) => `getent hosts ${name} >/dev/null && echo ${name}`).join("; "))).split("\n").filter(Boolean);
      assert.deepEqual(await found([...aliases, ...away]), []);
      // Not prevented: whoever shares a network is told by its name.
      const beside = named(containers.filter(shares));
      assert.deepEqual((await found(beside)).toSorted(), beside.toSorted());
    });

    test("reaches neither the internet, nor a cloud's metadata, nor any address of the Docker host, the bridges' own among them", async () => {
      const { inside } = given();
      const port = Number(world.host.split(":")[1]);
      const networks = (await docker.listNetworks()) as { IPAM?: { Config?: { Gateway?: string; Subnet?: string }[] | null } }[];
      const bridges = networks.flatMap(({ IPAM }) => (IPAM?.Config ?? []).flatMap(({ Gateway, Subnet }) => (Gateway ? [Gateway] : (Subnet?.replace(/\.\d+\/.*$/, ".1") ?? []))));
      const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []).flatMap(({ family, address }) => (family === "IPv4" && !address.startsWith("127.") ? [address] : []));
      const addresses = [...new Set([...bridges.filter((address) => !address.includes(":")), ...own])];
      assert.ok(addresses.length >= 6, addresses.join());
      const outside = [{ address: "169.254.169.254", port: 80 }, { address: "198.51.100.1", port: 443 }, { address: "1.1.1.1", port: 53 }];
      const seen = await reached(inside, [...addresses.map((address) => ({ address, port })), ...outside]);
      assert.deepEqual([...seen].filter(([, outcome]) => outcome !== "unreachable" && outcome !== "silent"), []);
      for (const { address } of outside) assert.deepEqual([...seen].find(([target]) => target.startsWith(address))?.[1], "unreachable", address);
      // The port is open, to whoever has a way out.
      const beyond = execFileSync("docker", ["run", "--rm", "--pull", "never", "--network", "bridge", lock.toolbox, "bash", "-c", `exec 3<>/dev/tcp/${world.host.replace(":", "/")} && echo open`], { encoding: "utf8" });
      assert.equal(beyond.trim(), "open");
    });

    test("has no Docker socket, and takes no other's address: raw packets and routes are refused", async () => {
      const { inside } = given();
      assert.equal((await inside("hostile", "ls /var/run/docker.sock /run/docker.sock /run/containerd 2>/dev/null")).trim(), "");
      // AF_PACKET and AF_INET: what forging addresses of the edge would need.
      for (const [family, kind, protocol] of [[17, 3, 0x0300], [2, 3, 1]]) {
        assert.match(await inside("hostile", `perl -e 'socket(my $s, ${family}, ${kind}, ${protocol}) or print "$!"'`), /^Operation not permitted/);
      }
      // SIOCADDRT and SIOCSIFADDR, with requests that are empty: who may is told that these are wrong.
      for (const request of [0x890b, 0x8916]) {
        assert.match(await inside("hostile", `perl -e 'socket(my $s, 2, 2, 0) or die; my $of = "eth0" . "\\0" x 124; ioctl($s, ${request}, $of) or print "$!"'`), /^Operation not permitted/);
      }
    });
  });
}

const at = ({ address, port }: Pick<Listener, "address" | "port">) => `${address}:${port}`;

/** Every TCP port that a running container of the stack listens on, at each of its addresses: whether it does so on all of them is for the attempt to see. */
async function listeners(project: Project): Promise<Listener[]> {
  const running = (await project.containers()).filter(({ State }) => State === "running");
  const inspected = await Promise.all(running.map(({ Id }) => docker.getContainer(Id).inspect()));
  const tables = onHost(inspected.map(({ State }) => `echo "of ${State.Pid}"; cat /proc/${State.Pid}/net/tcp /proc/${State.Pid}/net/tcp6 2>/dev/null`).join("; "), "--pid", "host");
  const ports = new Map(tables.split("of ").slice(1).map((table) => [Number.parseInt(table, 10), listening(table)]));
  return inspected.flatMap(({ State, Config, NetworkSettings }) => {
    const { "berth.app": app, "berth.role": role = "" } = Config.Labels;
    return Object.entries(NetworkSettings.Networks).flatMap(([network, { IPAddress: address }]) =>
      (ports.get(State.Pid) ?? []).map((port) => ({ whose: app === undefined ? role : `${app} ${role}`, network: network.replace(`berth-${project.stack}-`, ""), address, port })),
    );
  });
}

/** Ports of the sockets in state 0A, without Docker's own on the loopback. */
function listening(table: string): number[] {
  const found = [...table.matchAll(/^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F:]+ 0A /gm)].filter(([, address = ""]) => !address.endsWith("7F"));
  return [...new Set(found.map(([, , port = ""]) => Number.parseInt(port, 16)))];
}

/** Tries all at once from the hostile application: `open`, `refused`, `unreachable`, or `silent`: nobody has the address, or nothing came within 3 s. */
async function reached(inside: Hostile["inside"], targets: readonly Pick<Listener, "address" | "port">[]): Promise<Map<string, string>> {
  const attempts = [...new Set(targets.map(at))].map((target) => {
    const [address, port] = target.split(":");
    return `(said=$(timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/${port}' 2>&1); echo "${target} $? $said") &`;
  });
  const words = { open: / 0 $/, refused: /Connection refused/, unreachable: /Network is unreachable/, silent: / 124 |No route to host/ };
  const lines = (await inside("hostile", `${attempts.join("\n")}\nwait`)).split("\n").filter(Boolean);
  const outcomes = lines.map((line): [string, string] => [line.split(" ")[0] ?? "", Object.entries(words).find(([, words]) => words.test(line))?.[0] ?? line]);
  return new Map(outcomes.filter(([target]) => /^[\d.]+:\d+$/.test(target)));
}
