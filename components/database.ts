import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Files } from "./files.ts";
import type { Platform } from "./platform.ts";
import type { Postgres } from "./postgres.ts";
import { renderDatabaseSql, renderMonitorSql } from "./postgres-config.ts";

export interface DatabaseArgs {
  platform: Platform;
  postgres: Postgres;
  /** Name of the role, and of its database. */
  role: string;
  /** `owner`: the role has a database of its own; `monitor`: it reads statistics only. @default "owner" */
  access?: "owner" | "monitor";
}

/**
 * A role with a generated password and a database of its own on a Postgres server.
 *
 * Made by a job that can run again at any time; a new password is set before anything that uses it
 * starts. Never dropped: taking an application away leaves its data.
 *
 * @example
 * const database = new Database("root-database", { platform, postgres, role: "root" });
 * database.url; // postgresql://root:…@postgres:5432/root, a secret
 */
export class Database extends pulumi.ComponentResource {
  readonly role: string;
  /** Secret; letters and digits only, so it needs no escaping in a URL. */
  readonly password: pulumi.Output<string>;
  /** Secret connection URL, known once role and database are there. */
  readonly url: pulumi.Output<string>;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Database", name, {}, opts);
    const { platform, postgres, role, access = "owner" } = args;
    this.role = role;
    const password = new random.RandomPassword(`${name}-password`, { length: 32, special: false }, { parent: this });
    const files = new Files(`${name}-secret`, { platform, files: { password: password.result } }, { parent: this });
    const render = access === "owner" ? renderDatabaseSql : renderMonitorSql;
    const job = postgres.runSql(name, render(role, "/run/secrets/password"), files, this);
    this.password = pulumi.secret(pulumi.all([password.result, job.done]).apply(([result]) => result));
    this.url = pulumi.interpolate`postgresql://${role}:${this.password}@${postgres.host}:${postgres.port}/${role}`;
    this.registerOutputs({ url: this.url });
  }
}
