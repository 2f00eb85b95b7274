import { z } from "zod";
import { cron, group, text, timeZone, whole, yesOrNo } from "./values.ts";

/** Backups of Postgres; without this group there are none. */
export const backup = group({
  target: z
    .union(
      [
        group({
          s3: group({
            bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket's name: 3 to 63 small letters, digits, . and -"),
            endpoint: text(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/, "a host without https://, with a port where it is not 443, for example s3.eu-central-1.amazonaws.com"),
            region: text(/^[a-z0-9-]{1,40}$/, "a region, for example eu-central-1; some stores take any").default("us-east-1"),
            uriStyle: z.enum(["host", "path"], 'either "host" or "path"').default("host").describe("How the bucket is named in requests."),
            verifyTls: yesOrNo.default(true).describe("Whether the store's certificate must be one that the system trusts."),
          }),
        }),
        // Second: what is wrong with an object is told of the first.
        z.literal("volume"),
      ],
      'either "volume" or {s3: {bucket: …, endpoint: …}}',
    )
    .describe("A volume on the Docker host, or a bucket of an S3-compatible store. Encrypted with berth:backupKey."),
  full: cron.default("30 2 * * 0").describe("When a full backup begins."),
  differential: cron.default("30 2 * * 1-6").describe("When a differential backup begins: what has changed since the full one."),
  drill: cron.default("30 4 * * 6").describe("When a restore drill begins: the newest backup is restored aside, and all of it read."),
  timeZone: timeZone.default("UTC").describe("Time zone of these times."),
  keep: group({
    full: whole(1, 1000).default(2).describe("Full backups that are kept, with the log from the oldest of them on."),
    differential: whole(1, 1000).default(7).describe("Differential backups that are kept."),
  }).prefault({}),
});

export const backupSecretFields = {
  backupKey: "Passphrase that encrypts the backups, at least 16 characters. Keep it elsewhere too: without it no backup can be read.",
  s3Key: "Access key of the bucket for backups.",
  s3Secret: "Secret key of the bucket for backups.",
} as const;
