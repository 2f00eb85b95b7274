import { z } from "zod";
import { parseCron } from "../../components/app/cron.ts";

/** Kinds of values that several parts take. Each says what is allowed; `problems.ts` adds field, stack, value and fix. */

/** `abort`: one message a value, whatever else is wrong with it. */
export const text = (pattern: RegExp, allowed: string) => z.string(allowed).regex(pattern, { error: allowed, abort: true });

/** Fields below a key. */
export const group = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.strictObject(shape, "fields of its own, indented below it, or {} for their defaults");

export const yesOrNo = z.boolean("true or false");

export const whole = (min: number, max: number, unit = "") => {
  const allowed = `a whole number from ${min} to ${max}${unit}`;
  return z.int({ error: allowed, abort: true }).min(min, allowed).max(max, allowed);
};

export const port = whole(1, 65_535);

/** Size in MiB of a text such as `512MiB` or `2GiB`. */
export function mebibytes(size: string): number {
  return Number.parseInt(size, 10) * (size.endsWith("GiB") ? 1024 : 1);
}

/** @param min In MiB. */
export const memory = (min: number) => {
  const allowed = `a size with its unit, MiB or GiB, at least ${min}MiB, for example 256MiB`;
  return text(/^[1-9]\d*(MiB|GiB)$/, allowed).refine((size) => mebibytes(size) >= min, allowed);
};

const cpusAllowed = "processor cores, a number from 0.01 to 64, for example 0.5";
export const cpus = z.number(cpusAllowed).min(0.01, cpusAllowed).max(64, cpusAllowed);

/** A time for which data is kept. */
export const retention = (example: string) => text(/^[1-9]\d*[dwy]$/, `a time in days, weeks or years, for example ${example}`).default(example);

export const hostname = text(
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  "a host name in small letters, for example app.example.com",
);

const addressesAllowed = "IPv4 or IPv6 addresses, or networks in CIDR form, for example 203.0.113.0/24, each in a line of its own that begins with -";
export const addresses = z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], addressesAllowed), addressesAllowed).min(1, addressesAllowed);

export const duration = text(/^([1-9]\d*(ms|s|m|h))+$/, "a time with its unit, for example 10s, 5m or 1h");

export const pemFile = text(/^\S+$/, "the path of a PEM file, from the project's folder or absolute");

/** An image that was built before: no tag can be moved to another one. */
export const builtImage = (example: string) =>
  text(
    /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+(:[A-Za-z0-9_][\w.-]{0,127})?@sha256:[0-9a-f]{64}$/,
    `an image by its digest, for example ${example}@sha256:…`,
  );

const cronAllowed = "five fields of cron: minute, hour, day of month, month, day of week, for example 30 2 * * 0";
export const cron = z.string(cronAllowed).refine((time) => /^\S+( \S+){4}$/.test(time) && !throws(() => parseCron(time)), { error: cronAllowed, abort: true });

const timeZoneAllowed = "the name of a time zone, for example UTC or Europe/Vienna";
export const timeZone = z.string(timeZoneAllowed).refine((name) => !throws(() => new Intl.DateTimeFormat("en", { timeZone: name })), timeZoneAllowed);

function throws(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch {
    return true;
  }
}
