import type { S3Target } from "../postgres/backup-config.ts";

export interface SnapshotConfig {
  /** `volume`: a volume on the Docker host, which protects from mistakes and not from the loss of the host. */
  target: "volume" | { s3: S3Target };
  /** Directory in the bucket, so that several stacks share one; not used with a volume. */
  prefix: string;
  /** Snapshots that are kept of each source: of the full schedule, and of the differential one. */
  keep: { full: number; differential: number };
  /** Whether there is a passphrase. */
  encrypted: boolean;
  /** What is backed up: `redis`, or `<application>/<volume>`. */
  sources: readonly string[];
}

/** The source that is Redis; every other one has a slash. */
export const redisSource = "redis";

export const snapshotPaths = {
  /** The repository, where it is a volume. */
  repository: "/var/lib/restic",
  secrets: "/run/restic",
  /** Above the directory of each source. */
  sources: "/backup",
  /** Where images/snapshots/berth-snapshots.sh restores to in a drill. */
  drill: "/var/lib/berth-drill",
  /** Where it leaves files for Prometheus. */
  metrics: "/var/lib/berth-metrics",
} as const;

/** Where the files of a source are, in every container that works with them: a snapshot has them under this path. */
export function sourcePath(source: string): string {
  return `${snapshotPaths.sources}/${source}`;
}

/** Environment of every container that calls restic, and nothing secret: see {@link renderSnapshotSecrets}. */
export function renderSnapshotEnv({ target, prefix, keep, encrypted, sources }: SnapshotConfig): Record<string, string> {
  const bucket = target === "volume" ? undefined : target.s3;
  const options = [
    "--no-cache",
    ...(encrypted ? [] : ["--insecure-no-password"]),
    ...(bucket === undefined ? ["-o local.connections=2"] : [`-o s3.connections=2 -o s3.region=${bucket.region} -o s3.bucket-lookup=${bucket.uriStyle === "path" ? "path" : "dns"}`]),
    ...(bucket?.verifyTls === false ? ["--insecure-tls"] : []),
  ];
  return {
    // Below what pgBackRest has there, which looks at directories of its own alone.
    RESTIC_REPOSITORY: bucket === undefined ? snapshotPaths.repository : `s3:https://${bucket.endpoint}/${bucket.bucket}/${prefix}/restic`,
    ...(encrypted && { RESTIC_PASSWORD_FILE: `${snapshotPaths.secrets}/password` }),
    ...(bucket !== undefined && { AWS_SHARED_CREDENTIALS_FILE: `${snapshotPaths.secrets}/bucket` }),
    // MiB. With two connections, at most six of them are in /tmp at a time.
    RESTIC_PACK_SIZE: "8",
    BERTH_RESTIC_OPTIONS: options.join(" "),
    BERTH_STACK: prefix,
    BERTH_SOURCES: sources.join(","),
    BERTH_KEEP_FULL: String(keep.full),
    BERTH_KEEP_DIFFERENTIAL: String(keep.differential),
  };
}

export interface SnapshotSecrets {
  /** Passphrase of the repository. @default not encrypted */
  key?: string | undefined;
  /** Access key and secret key of the bucket. @default none */
  s3?: { key: string; secret: string } | undefined;
}

/** File name to content: what nobody may see. The bucket's keys are as Amazon's own programs have them. */
export function renderSnapshotSecrets({ key, s3 }: SnapshotSecrets): Record<string, string> {
  return {
    ...(key !== undefined && { password: `${key}\n` }),
    ...(s3 !== undefined && { bucket: `[default]\naws_access_key_id=${s3.key}\naws_secret_access_key=${s3.secret}\n` }),
  };
}
