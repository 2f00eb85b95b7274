import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Given } from "../deploy/dev-stack.ts";
import { docker } from "../project.ts";
import { cisChecks, type Inspected, inspectAll } from "./cis-checks.ts";

/** Every warning that is accepted, why, and for which containers; docs/policy.md has the same list. */
const accepted: Record<string, { reason: string; of: (container: Inspected) => boolean }> = {
  "5.2": { reason: "an engine on a host without AppArmor has no profile; nothing switches one off", of: ({ engine }) => !engine.apparmor },
  "5.3": { reason: "Debian and Ubuntu have AppArmor in place of SELinux", of: ({ engine }) => !engine.selinux },
  "5.9": { reason: "Traefik publishes; the stack's own registry does on 127.0.0.1", of: ({ role }) => role === "traefik" || role === "registry" },
  "5.15": { reason: "unless-stopped: a service that failed five times in a night would stay down; an alert tells of restarts", of: () => true },
  "5.29": { reason: "the provider has no PID limit; RLIMIT_NPROC bounds the processes of each user id", of: ({ info }) => (info.HostConfig.Ulimits ?? []).some(({ Name, Hard }) => Name === "nproc" && Number(Hard) > 0) },
};

/** Section 5 over every container of the stack. */
export function cis(given: Given): void {
  let containers: Inspected[];
  before(async () => void (containers = await inspectAll(docker, `berth.stack=${given().project.stack}`)));

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
}
