import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";

type Body = Record<string, unknown>;

interface PretendContainer {
  Id: string;
  name: string;
  spec: Body & { HostConfig?: { Mounts?: { Type: string; Source: string }[]; PortBindings?: Record<string, { HostPort: string }[]>; LogConfig?: unknown } };
  running: boolean;
  networks: Set<string>;
}

/** Refused by the host, with the status that a Docker Engine answers. */
class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * A Docker Engine on which nothing runs: it keeps volumes, networks and containers, and refuses what a real one refuses,
 * such as a network that a container is on, a volume that one mounts, a name or a port that is taken. Every image is there,
 * every container is healthy at once, and every job ends well. So a whole stack is made and changed in a second.
 *
 * It does not show that an image does what the program expects of it.
 */
export class PretendHost implements AsyncDisposable {
  readonly volumes = new Map<string, { Name: string; Labels: Record<string, string>; Driver: string; Mountpoint: string; CreatedAt: string; Options: null }>();
  readonly networks = new Map<string, { Id: string; Name: string; Labels: Record<string, string> } & Body>();
  readonly containers = new Map<string, PretendContainer>();
  readonly #server: Server;
  #made = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(
        (body) => (request.method === "DELETE" ? response.writeHead(204).end() : Buffer.isBuffer(body) ? response.writeHead(200).end(body) : response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body ?? {}))),
        (error: unknown) => response.writeHead(error instanceof Refused ? error.status : 500, { "content-type": "application/json" }).end(JSON.stringify({ message: String(error) })),
      );
    });
  }

  static async at(socket: string): Promise<PretendHost> {
    const host = new PretendHost();
    await new Promise<void>((resolve) => void host.#server.listen(socket, resolve));
    return host;
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "", "http://host");
    const archive = request.headers["content-type"]?.includes("tar") === true;
    const text = Buffer.concat(chunks).toString();
    const body = (archive || text === "" ? {} : JSON.parse(text)) as Body;
    const [, kind = "", id = "", action = ""] = url.pathname.split("/").map(decodeURIComponent);
    if (url.pathname.startsWith("/images/")) return { Id: "sha256:1", RepoDigests: [] };
    if (kind === "volumes") return this.#volume(request.method, id, body);
    if (kind === "networks") return this.#network(request.method, id, action, body, url.searchParams);
    if (kind === "containers") return this.#container(request.method, id, action, body, url.searchParams);
    throw new Refused(404, `no ${request.method} ${url.pathname} here`);
  }

  /** A name that is there already is the same volume, as Docker has it. */
  #volume(method: string | undefined, id: string, { Name = "", Labels = {}, Driver = "local" }: Body): unknown {
    if (method === "POST") {
      const name = String(Name);
      const made = { Name: name, Labels: Labels as Record<string, string>, Driver: String(Driver), Mountpoint: `/volumes/${name}`, CreatedAt: `made ${(this.#made += 1)}`, Options: null };
      if (!this.volumes.has(name)) this.volumes.set(name, made);
      return this.volumes.get(name);
    }
    if (id === "") return { Volumes: [...this.volumes.values()] };
    const user = [...this.containers.values()].find(({ spec }) => mountsOf(spec).includes(id));
    if (method === "DELETE" && user !== undefined) throw new Refused(409, `volume is in use by ${user.name}`);
    const found = this.volumes.get(id);
    if (found === undefined) throw new Refused(404, `no such volume: ${id}`);
    if (method === "DELETE") this.volumes.delete(id);
    return found;
  }

  #network(method: string | undefined, id: string, action: string, body: Body, query: URLSearchParams): unknown {
    if (id === "create") {
      const Id = randomBytes(32).toString("hex");
      const given = (body["IPAM"] as { Config?: { Subnet?: string }[] } | undefined)?.Config?.[0]?.Subnet;
      this.networks.set(Id, { ...body, Id, Name: String(body["Name"]), Labels: body["Labels"] as Record<string, string>, Scope: "local", Ingress: false, Containers: {}, IPAM: { Driver: "default", Config: [{ Subnet: given ?? `10.0.${this.networks.size}.0/24` }] } });
      return { Id };
    }
    if (id === "") {
      const { name } = JSON.parse(query.get("filters") ?? "{}") as { name?: string[] };
      return [...this.networks.values()].filter(({ Name }) => name?.includes(Name) !== false);
    }
    const found = this.networks.get(id) ?? [...this.networks.values()].find(({ Name }) => Name === id);
    if (found === undefined && id !== "bridge") throw new Refused(404, `no such network: ${id}`);
    if (action === "connect") this.#one(String(body["Container"])).networks.add(found?.Name ?? id);
    if (action === "disconnect") this.#one(String(body["Container"])).networks.delete(found?.Name ?? id);
    if (method === "DELETE" && found !== undefined) {
      const guest = [...this.containers.values()].find(({ networks, running }) => running && networks.has(found.Name));
      if (guest !== undefined) throw new Refused(403, `network ${found.Name} has active endpoints: ${guest.name}`);
      this.networks.delete(found.Id);
    }
    return found;
  }

  #container(method: string | undefined, id: string, action: string, body: Body, query: URLSearchParams): unknown {
    if (id === "create") return this.#create(query.get("name") ?? "", body);
    if (id === "json") return [...this.containers.values()].map(({ Id, name, running, spec }) => ({ Id, Names: [`/${name}`], Labels: spec["Labels"], State: running ? "running" : "exited", Status: running ? "Up 1 second (healthy)" : "Exited (0)" }));
    const found = this.#one(id);
    if (method === "DELETE") this.containers.delete(found.Id);
    if (action === "start") this.#start(found);
    if (action === "stop") found.running = false;
    if (action === "wait") {
      found.running = false;
      return { StatusCode: 0 };
    }
    return action === "logs" ? Buffer.alloc(0) : action === "json" ? inspected(found) : {};
  }

  #create(name: string, spec: PretendContainer["spec"]): unknown {
    if ([...this.containers.values()].some((container) => container.name === name)) throw new Refused(409, `the name ${name} is in use`);
    for (const Name of mountsOf(spec)) this.#volume("POST", "", { Name });
    const Id = randomBytes(32).toString("hex");
    this.containers.set(Id, { Id, name, spec, running: false, networks: new Set() });
    return { Id };
  }

  #start(container: PretendContainer): void {
    const ports = portsOf(container.spec);
    const taken = [...this.containers.values()].find((other) => other.running && portsOf(other.spec).some((port) => ports.includes(port)));
    if (taken !== undefined) throw new Refused(500, `a port of ${container.name} is already allocated, by ${taken.name}`);
    container.running = true;
  }

  #one(id: string): PretendContainer {
    const found = this.containers.get(id) ?? [...this.containers.values()].find(({ name }) => name === id);
    if (found === undefined) throw new Refused(404, `no such container: ${id}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => void this.#server.close(resolve));
  }
}

function mountsOf({ HostConfig }: PretendContainer["spec"]): string[] {
  return (HostConfig?.Mounts ?? []).filter(({ Type }) => Type === "volume").map(({ Source }) => Source);
}

function portsOf({ HostConfig }: PretendContainer["spec"]): string[] {
  return Object.values(HostConfig?.PortBindings ?? {}).flatMap((bindings) => bindings.map(({ HostPort }) => HostPort));
}

function inspected({ Id, name, spec, running, networks }: PretendContainer): unknown {
  return {
    Id,
    Name: `/${name}`,
    Created: new Date().toISOString(),
    Platform: "linux",
    Config: { Domainname: "", Hostname: "", User: "", WorkingDir: "", ...spec },
    HostConfig: { RestartPolicy: {}, ...spec.HostConfig },
    State: { Running: running, Status: running ? "running" : "exited", ExitCode: 0, Health: { Status: "healthy", Log: [] } },
    NetworkSettings: { Networks: Object.fromEntries([...networks].map((network) => [network, { IPAddress: "", IPPrefixLen: 0, Gateway: "", GlobalIPv6Address: "", GlobalIPv6PrefixLen: 0, IPv6Gateway: "", MacAddress: "" }])) },
    Mounts: [],
  };
}
