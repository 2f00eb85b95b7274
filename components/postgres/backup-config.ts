/** A bucket of an S3-compatible store. */
export interface S3Target {
  bucket: string;
  /** Host, with a port where it is not 443, for example `s3.eu-central-1.amazonaws.com`. Always HTTPS. */
  endpoint: string;
  region: string;
  /** How the bucket is named in requests: as a part of the host's name or of the path. */
  uriStyle: "host" | "path";
  /** Whether the certificate must be one that the system trusts. */
  verifyTls: boolean;
}

export interface BackupConfig {
  /** `volume`: a volume on the Docker host, which protects from mistakes and not from the loss of the host. */
  target: "volume" | { s3: S3Target };
  /** Directory in the bucket, so that several stacks share one; not used with a volume. */
  prefix: string;
  /** Backups kept; what the oldest full one needs of the log is kept with it. */
  keep: { full: number; differential: number };
  /** Whether there is a passphrase. */
  encrypted: boolean;
}

export const backupPaths = {
  /** The repository, where it is a volume. */
  repository: "/var/lib/pgbackrest",
  config: "/etc/pgbackrest",
  secrets: "/run/pgbackrest",
  /** Where images/postgres/berth-backup.sh restores to in a drill. */
  drill: "/var/lib/berth-drill",
  /** Where it leaves files for Prometheus. */
  metrics: "/var/lib/berth-metrics",
} as const;

/** Environment of every container that calls pgBackRest: where its files are, and nothing secret. */
export const backupEnv: Record<string, string> = {
  PGBACKREST_CONFIG: `${backupPaths.config}/pgbackrest.conf`,
  PGBACKREST_CONFIG_INCLUDE_PATH: backupPaths.secrets,
  PGBACKREST_STANZA: "main",
};

/**
 * pgbackrest.conf without its secrets: one repository, one process, logs on the console.
 *
 * Nothing expires by itself after a backup: images/postgres/berth-backup.sh looks first whether the backup is a good one.
 */
export function renderPgbackrestConf({ target, prefix, keep, encrypted }: BackupConfig, data: string, socket: string): string {
  return ini({
    global: {
      ...(target === "volume" ? { "repo1-type": "posix", "repo1-path": backupPaths.repository } : s3Settings(target.s3, prefix)),
      "repo1-cipher-type": encrypted ? "aes-256-cbc" : "none",
      "repo1-retention-full": keep.full,
      "repo1-retention-diff": keep.differential,
      "compress-type": "zst",
      "process-max": 1,
      "start-fast": "y",
      "archive-async": "n",
      // Without any progress, each try; a store that does not answer is tried several times a file.
      "io-timeout": 20,
      "expire-auto": "n",
      // On a volume that all containers share which call it: one backup at a time.
      "lock-path": `${socket}/pgbackrest`,
      "log-level-console": "info",
      "log-level-file": "off",
    },
    // Called for each segment, by Postgres, whose log this is.
    "global:archive-push": { "log-level-console": "warn" },
    "global:archive-get": { "log-level-console": "warn" },
    // Somebody waits for it, and it runs when little else does.
    "global:restore": { "process-max": 4 },
    "global:info": { "log-level-console": "warn" },
    [backupEnv["PGBACKREST_STANZA"] ?? ""]: { "pg1-path": data, "pg1-socket-path": socket },
  });
}

export interface BackupSecrets {
  /** Passphrase of the repository's cipher. @default not encrypted */
  key?: string | undefined;
  /** Access key and secret key of the bucket. @default none */
  s3?: { key: string; secret: string } | undefined;
}

/** The part of pgbackrest.conf that nobody may see; pgBackRest reads every file of its include path that ends in `.conf`. */
export function renderPgbackrestSecrets({ key, s3 }: BackupSecrets): string {
  return ini({
    global: {
      ...(key !== undefined && { "repo1-cipher-pass": key }),
      ...(s3 !== undefined && { "repo1-s3-key": s3.key, "repo1-s3-key-secret": s3.secret }),
    },
  });
}

/** Settings of postgresql.conf that archive the write-ahead log. A segment that is not full is archived each minute. */
export const archiveSettings: Record<string, string | number> = {
  wal_level: "replica",
  archive_mode: "on",
  archive_command: "'pgbackrest archive-push %p'",
  archive_timeout: "60s",
};

function s3Settings({ bucket, endpoint, region, uriStyle, verifyTls }: S3Target, prefix: string): Record<string, string | number> {
  const [host = "", port] = endpoint.split(":");
  return {
    "repo1-type": "s3",
    "repo1-path": `/${prefix}`,
    "repo1-s3-bucket": bucket,
    "repo1-s3-endpoint": host,
    "repo1-s3-region": region,
    "repo1-s3-uri-style": uriStyle,
    ...(port !== undefined && { "repo1-storage-port": Number(port) }),
    "repo1-storage-verify-tls": verifyTls ? "y" : "n",
  };
}

function ini(sections: Record<string, Record<string, string | number>>): string {
  return Object.entries(sections)
    .map(([section, values]) => `[${section}]\n${Object.entries(values).map(([name, value]) => `${name}=${value}\n`).join("")}`)
    .join("\n");
}
