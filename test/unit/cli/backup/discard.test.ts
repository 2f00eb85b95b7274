import assert from "node:assert/strict";
import { test } from "node:test";
import type Dockerode from "dockerode";
import { backupParts, serverParts } from "../../../../cli/backup/container.ts";
import { discardAside } from "../../../../cli/backup/restore-aside.ts";

test("a server that was restored aside can be removed after backups were switched off", async () => {
  const containers = [
    { Id: "live", Names: ["/postgres-1"], Labels: { "berth.role": "postgres", "berth.stack": "dev" }, Created: 1 },
    { Id: "aside", Names: ["/berth-dev-postgres-restore"], Labels: { "berth.role": "restore", "berth.stack": "dev" }, Created: 2 },
  ];
  const removed: string[] = [];
  const Env: string[] = [];
  const docker = {
    listContainers: ({ filters = {} }: { filters?: { name?: string[] } }) => Promise.resolve(containers.filter(({ Names: [name = ""] }) => filters.name?.some((pattern) => new RegExp(pattern).test(name)) !== false)),
    getContainer: (id: string) => ({
      inspect: () => Promise.resolve({ Id: id, Config: { Env }, Mounts: [{ Destination: "/var/lib/postgresql/data", Name: "berth-dev-postgres-data" }] }),
      remove: () => Promise.resolve(void removed.push(id)),
    }),
    getVolume: (name: string) => ({ remove: () => Promise.resolve(void removed.push(name)) }),
  } as unknown as Dockerode;
  await assert.rejects(backupParts(docker, "dev"), /stack "dev" has no backups/);
  assert.equal(await discardAside(docker, await serverParts(docker, "dev")), true);
  assert.deepEqual(removed, ["aside", "berth-dev-postgres-restore"]);
  // On a new host the schedules wait for the restore, so the server that archives has to do for it.
  Env.push("PGBACKREST_CONFIG=/etc/pgbackrest/pgbackrest.conf");
  const { backup, drill } = await backupParts(docker, "dev");
  assert.deepEqual([backup.Id, drill.Id], ["live", "live"]);
});
