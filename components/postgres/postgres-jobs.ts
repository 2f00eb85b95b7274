import type * as pulumi from "@pulumi/pulumi";
import { envList } from "../app/workload.ts";
import { Files } from "../docker/files.ts";
import { Job } from "../docker/job.ts";
import type { Platform } from "../docker/platform.ts";
import type { Volume } from "../docker/volume.ts";
import type { BackupRepository } from "./backup-repository.ts";
import { data, dataMount, programs, socketDirectory, superuserOptions, user } from "./postgres-layout.ts";

/** Whose it is, and what it waits for. */
type JobOptions = pulumi.CustomResourceOptions & { parent: pulumi.Resource };

/** Makes the database cluster, where there is none. */
export function clusterJob(name: string, { platform, data: volume }: { platform: Platform; data: Volume }, parent: pulumi.Resource): Job {
  const script = `test -s ${data}/PG_VERSION || exec ${programs}/initdb -D ${data} -U postgres --data-checksums --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256`;
  return new Job(
    name,
    {
      platform,
      image: platform.image("postgres"),
      entrypoint: ["/bin/sh", "-ec"],
      command: [script],
      user: `${user}:${user}`,
      memory: 512,
      mounts: [volume.mount(dataMount)],
    },
    // A cluster is initialised once; a newer image must not count as a reason to run this again.
    { parent, ignoreChanges: ["image"] },
  );
}

/** Runs SQL as the superuser, with `files` readable under /run/secrets. It has no network: it enters by the socket. */
export function sqlJob(name: string, { platform, socket, files, sql, secrets }: { platform: Platform; socket: Volume; files: Files; sql: string; secrets: pulumi.Input<string>[] }, opts: JobOptions): Job {
  return new Job(
    name,
    {
      platform,
      image: platform.image("postgres"),
      entrypoint: [`${programs}/psql`],
      command: ["--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-h", socketDirectory, "-d", "postgres", "-f", "/run/sql/run.sql"],
      env: [`PGOPTIONS=${superuserOptions}`],
      secrets,
      user: `${user}:${user}`,
      // Hides the volume that the image declares there, which would be made for each run.
      loosening: { tmpfs: { "/tmp": 16, [dataMount]: 1 } },
      // The server's own processes count too: they have the same user id.
      processes: 4096,
      mounts: [
        socket.mount(socketDirectory),
        files.mount("/run/secrets"),
        new Files(`${name}-sql`, { platform, files: { "run.sql": sql } }, { parent: opts.parent }).mount("/run/sql"),
      ],
    },
    opts,
  );
}

/** Prepares the repository for this database, before the server archives the first segment. */
export function stanzaJob(name: string, { platform, repository, data: volume, socket }: { platform: Platform; repository: BackupRepository; data: Volume; socket: Volume }, opts: JobOptions): Job {
  return new Job(
    name,
    {
      platform,
      image: repository.image,
      entrypoint: ["/bin/sh", "-ec"],
      // Told here, while the server of before still runs: an image by its digest may be of another version.
      command: [`test -x ${programs}/postgres || { echo "berth:images.postgresBackup has no ${programs}/postgres: take it out of the stack file, and the image is built" >&2; exit 1; }; exec berth-backup stanza`],
      env: envList(repository.env),
      secrets: repository.known,
      user: `${user}:${user}`,
      processes: 4096,
      mounts: [volume.mount(dataMount, true), socket.mount(socketDirectory), ...repository.mounts()],
      ...(repository.networks.length > 0 && { networks: repository.networks }),
    },
    opts,
  );
}
