import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Files } from "../docker/files.ts";
import type { Platform } from "../docker/platform.ts";
import type { Postgres } from "./postgres.ts";
import { renderDatabaseSql, renderMonitorSql } from "./postgres-config.ts";

export interface RoleArgs {
  platform: Platform;
  postgres: Postgres;
  /** Name of the role, and of its database. */
  role: string;
  /** `owner`: the role has a database of its own; `monitor`: it reads statistics only. @default "owner" */
  access?: "owner" | "monitor";
  /** Connections that an owner may have at the same time. @default {@link Postgres.share} */
  connections?: number;
}

/**
 * A role with a generated password and a database of its own on a Postgres server.
 *
 * Made by a job that can run again at any time; a new password is set before anything that uses it
 * starts. Never dropped: taking an application away leaves its data.
 *
 * @example
 * const role = new Role("root-database", { platform, postgres, role: "root" });
 * role.url; // postgresql://root:…@postgres:5432/root, a secret
 */
export class Role extends pulumi.ComponentResource {
  readonly role: string;
  /** Secret; letters and digits only, so it needs no escaping in a URL. */
  readonly password: pulumi.Output<string>;
  /** Secret connection URL. */
  readonly url: pulumi.Output<string>;
  /** What uses password or URL waits for this; they are known before, so that a change of the role's SQL alone replaces nothing. */
  readonly done: pulumi.Output<docker.Container>;

  constructor(name: string, args: RoleArgs, opts?: pulumi.ComponentResourceOptions) {
    // A part of the names that stacks have in their state: `Database` was the name of this class.
    super("berth:index:Database", name, {}, opts);
    const { platform, postgres, role, access = "owner", connections = postgres.share } = args;
    this.role = role;
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, { parent: this });
    const files = new Files(`${name}-secret`, { platform, files: { password: password.result } }, { parent: this });
    const passwordFile = "/run/secrets/password";
    const sql = access === "owner" ? renderDatabaseSql(role, passwordFile, { connections, temporaryFiles: postgres.temporaryFiles }) : renderMonitorSql(role, passwordFile);
    this.done = postgres.runSql(name, sql, files, this, [password.result]).done;
    this.password = pulumi.secret(password.result);
    this.url = pulumi.interpolate`postgresql://${role}:${this.password}@${postgres.host}:${postgres.port}/${role}`;
    this.registerOutputs({ url: this.url });
  }
}
