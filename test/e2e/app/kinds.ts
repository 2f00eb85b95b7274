import { execFileSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Taken } from "../init/taken.ts";
import type { Project } from "../project.ts";

// One image that nobody prepared (Debian's own, root, Perl) in four parts: a web server that reads a plain variable, a
// worker with a volume, jobs, and schedules.
// The image has a /data of another user, as a Dockerfile with a VOLUME of its own would.
const dockerfile = "FROM debian:trixie-slim\nRUN install -d -o 1 -g 1 /data\nCOPY . /app/\nWORKDIR /app\n";
const server = `use IO::Socket::INET;
@SIG{qw(TERM PIPE)} = (sub { exit }, "IGNORE");
open(my $note, ">", "/app/written") or die "read-only: $!\\n";
open(my $config, "<", "/etc/shop/greeting") or die "no configuration: $!\\n";
my $text = join ",", <$config> =~ /(\\w+)/, length($ENV{PLAIN} // ""), -e "/run/secrets/PLAIN" ? "file" : "none", $<;
my $server = IO::Socket::INET->new(LocalPort => 8000, Listen => 64, ReuseAddr => 1) or die "$@\\n";
while (my $client = $server->accept) {
  my @leak;
  while (<$client>) { if (/^GET .leak /) { push @leak, "x" x 1_000_000 while 1 } last unless /\\S/ }
  print $client "HTTP/1.1 200 OK\\r\\nContent-Length: " . length($text) . "\\r\\nConnection: close\\r\\n\\r\\n$text";
  close $client;
}
`;
const shop = `
export default {
  context: import.meta.dirname,
  web: { port: 8000, command: ["perl", "/app/server.pl"], health: { path: "/" } },
  config: { directory: "config", target: "/etc/shop" },
  secrets: { PLAIN: "a password" },
  unprepared: { root: true, writableRoot: true, plainSecrets: true },
};
`;
// The worker appends its own start to a file; the schedules tell when they run. Seven fields: the first are seconds, so
// that a test need not wait for minutes.
const robot = `
export default {
  context: import.meta.dirname,
  worker: { command: ["perl", "-e", "$SIG{TERM} = sub { exit }; open(my $log, '>>', '/data/starts'); print $log \\"$$\\\\n\\"; close $log; until (-e '/data/fail') { sleep 1 } exit 1"], health: ["test", "-s", "/data/starts"] },
  maxRestarts: 2,
  volumes: { data: "/data" },
  secrets: { TOKEN: "a token" },
  tmpfs: { "/var/run": 4 },
  jobs: { migrate: ["sh", "-c", "echo migrate >> /data/jobs"], seed: ["sh", "-c", "echo seed >> /data/jobs"] },
  schedules: {
    slow: { cron: "*/2 * * * * * *", timeZone: "Asia/Tokyo", command: ["sh", "-c", "mkdir /data/running || echo twice >> /data/overlap; date +%z >> /data/zones; sleep 5; rmdir /data/running"] },
    good: { cron: "*/2 * * * * * *", command: ["true"] },
    broken: { cron: "*/2 * * * * * *", timeZone: "Asia/Tokyo", command: ["sh", "-c", "echo it broke; exit 3"] },
    rare: { cron: "0 0 29 2 *", timeZone: "Europe/Vienna", command: ["true"] },
  },
  env: { VERSION: "1" },
};
`;

// Of a commit in a repository elsewhere, with no folder of its own beside app.ts.
const remote = (address: string) => `
export default {
  context: "${address}",
  web: { port: 8000, command: ["perl", "/app/server.pl"], health: { path: "/" } },
  env: { PLAIN: "four" },
  unprepared: { root: true, writableRoot: true },
};
`;

/** A stack of applications of every kind. */
export interface Kinds {
  project: Project;
  /** By the preview before the first update. */
  printed: string;
  /** Digest of services/go, and the commit that it was built from. */
  digest: string;
  commit: string;
  /** What `berth init` took over, and the folder of its repository. */
  taken: Taken;
}

export type Given = () => Kinds;

/** Value of every secret of the stack. */
export const canary = "canary-plain-0123456789";

/** Writes the applications; the repository that one of them is built from is served until `served` is closed. */
export async function writeKinds(project: Project): Promise<Server> {
  for (const name of ["shop", "robot"]) project.write(`apps/${name}/Dockerfile`, dockerfile);
  project.write("apps/shop/server.pl", server);
  project.write("apps/shop/config/greeting", "hello\n");
  project.write("apps/shop/app.ts", shop);
  project.write("apps/robot/app.ts", robot);
  project.write("remote/shop/Dockerfile", dockerfile.replace("WORKDIR", "RUN mkdir /etc/shop && echo remote > /etc/shop/greeting\nWORKDIR"));
  project.write("remote/shop/server.pl", server);
  const { address, served } = await serve(join(project.dir, "remote"));
  project.write("apps/remote/app.ts", remote(address));
  return served;
}

/** The stack file; another version is another environment of the worker, and none is a stack without it. */
export async function configureKinds(project: Project, version: string | undefined, notes?: object): Promise<void> {
  const secret = await project.encrypted(canary);
  await project.configure((config) => {
    config["berth:apps"] = {
      shop: { memory: "64MiB" },
      remote: {},
      ...(version !== undefined && { robot: { memory: "64MiB", env: { VERSION: version } } }),
      "service-go": { folder: "services/go", replicas: 1 },
      ...(notes !== undefined && { notes }),
    };
    for (const key of ["shop:PLAIN", ...(version === undefined ? [] : ["robot:TOKEN"]), "notes:NOTES_PASSWORD", "notes:token"]) config[key] = secret;
    delete config["members:KEY"];
  });
}

/** Lines of a file of the worker's volume. */
export async function readData(project: Project, file: string): Promise<string[]> {
  const [worker] = await project.containers("worker");
  const text = execFileSync("docker", ["exec", worker?.Id ?? "", "sh", "-c", `cat /data/${file} 2>/dev/null || true`], { encoding: "utf8" });
  return text.split("\n").filter(Boolean);
}

/** A repository made of the folder `shop`, served by HTTP, and its address with the commit and the folder in it. */
async function serve(folder: string): Promise<{ address: string; served: Server }> {
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.c", ...args], { encoding: "utf8" }).trim();
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "first");
  git("update-server-info");
  const served = createServer((request, response) => {
    createReadStream(join(folder, ".git", (request.url ?? "").replace(/^\/shop\.git/, "").replace(/\?.*/, "")))
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });
  await new Promise<void>((resolve) => void served.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${(served.address() as AddressInfo).port}/shop.git#${git("rev-parse", "HEAD")}:shop`, served };
}
