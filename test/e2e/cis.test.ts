import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cisChecks, type Inspected, inspectAll } from "./cis-checks.ts";
import { docker, Project } from "./project.ts";

/** Small, so that its image takes a moment: what is checked is how containers run, not what runs in them. */
const server = `use IO::Socket::INET;
@SIG{qw(TERM PIPE)} = (sub { exit }, "IGNORE");
my $server = IO::Socket::INET->new(LocalPort => 8000, Listen => 64, ReuseAddr => 1) or die "$@\\n";
while (my $client = $server->accept) { while (<$client>) { last unless /\\S/ } print $client "HTTP/1.1 204 No Content\\r\\nConnection: close\\r\\n\\r\\n" }
`;
const app = `export default {
  context: import.meta.dirname,
  web: { port: 8000, command: ["perl", "/server.pl"], health: { path: "/", command: ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000"] } },
  database: true,
  cache: true,
};
`;

let project: Project;
let containers: Inspected[];

before(async () => {
  project = await Project.create("cis");
  project.write("apps/tiny/Dockerfile", "FROM debian:trixie-slim\nCOPY server.pl /\n");
  project.write("apps/tiny/server.pl", server);
  project.write("apps/tiny/app.ts", app);
  await project.configure((config) => {
    config["berth:apps"] = { tiny: { replicas: 2, memory: "32MiB" } };
    delete config["root:ROOT_SECRET"];
    config["berth:environment"] = "dev";
    config["berth:developer"] = { databases: "adminer.localhost" };
  });
  await project.up();
  containers = await inspectAll(docker, `berth.stack=${project.stack}`);
});
after(async () => project[Symbol.asyncDispose]());

/** Every warning that is accepted, why, and for which containers; docs/policy.md has the same list. */
const accepted: Record<string, { reason: string; of: (container: Inspected) => boolean }> = {
  "5.2": { reason: "an engine on a host without AppArmor has no profile; nothing switches one off", of: ({ engine }) => !engine.apparmor },
  "5.3": { reason: "Debian and Ubuntu have AppArmor in place of SELinux", of: ({ engine }) => !engine.selinux },
  "5.9": { reason: "Traefik publishes; the stack's own registry does on 127.0.0.1", of: ({ role }) => role === "traefik" || role === "registry" },
  "5.15": { reason: "unless-stopped: a service that failed five times in a night would stay down; an alert tells of restarts", of: () => true },
  "5.29": { reason: "the provider has no PID limit; RLIMIT_NPROC bounds the processes of each user id", of: ({ info }) => (info.HostConfig.Ulimits ?? []).some(({ Name, Hard }) => Name === "nproc" && Number(Hard) > 0) },
};

test("the stack runs a container of every kind that is looked at", () => {
  const roles = new Set(containers.map(({ role }) => role));
  for (const role of ["web", "postgres", "redis", "traefik", "registry", "prometheus", "adminer"]) assert.ok(roles.has(role), `${role} is not among ${[...roles].join(", ")}`);
});

for (const { id, title, warning } of cisChecks) {
  test(`CIS ${id}: ${title}`, () => {
    const warnings = containers.flatMap((container) => {
      const text = warning(container);
      return text === undefined || accepted[id]?.of(container) === true ? [] : [`${container.name}: ${text}`];
    });
    assert.deepEqual(warnings, []);
  });
}

test("what is accepted is still needed, but for what the host may have", () => {
  const warned = (id: string) => containers.some((container) => cisChecks.find((check) => check.id === id)?.warning(container) !== undefined);
  assert.deepEqual(Object.keys(accepted).filter((id) => !["5.2", "5.3"].includes(id) && !warned(id)), []);
});
