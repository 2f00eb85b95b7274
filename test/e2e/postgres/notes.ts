import { execFileSync } from "node:child_process";
import { eventually } from "../eventually.ts";
import { ask, type Project } from "../project.ts";

/** A stack whose application `notes` keeps its notes in Postgres. */
export interface Given {
  project: Project;
  /** Writes the stack file, with these settings beside the application. */
  configure: (more?: Record<string, unknown>) => Promise<void>;
  /** The data volume is small enough to be filled. */
  small: boolean;
}

export async function server({ project }: Given): Promise<string> {
  const [postgres] = await project.containers("postgres");
  return postgres?.Id ?? "";
}

/** What the superuser's psql prints, within the server's container. */
export async function sql(given: Given, text: string, database = "notes"): Promise<string> {
  const command = ["psql", "-h", "/var/run/postgresql", "-U", "postgres", "-At", database, "-c", text];
  return execFileSync("docker", ["exec", "-u", "999", await server(given), ...command], { encoding: "utf8" });
}

/** All titles in the database; the API gives a page of them. */
export async function titles(given: Given): Promise<string[]> {
  return (await sql(given, "select title from public.notes order by title")).split("\n").filter(Boolean);
}

/** Whether a note was written, and said to be. */
export async function added({ project }: Given, title: string): Promise<boolean> {
  const answer = await ask(project.http, "POST", "/notes", "notes", JSON.stringify({ title })).catch(() => ({ status: 0 }));
  return answer.status === 201;
}

export async function health({ project }: Given): Promise<number> {
  return (await project.get("/health", "notes").catch(() => ({ status: 0 }))).status;
}

export function healthy(given: Given, within: number): Promise<void> {
  return eventually("the application is healthy", within, async () => {
    const status = await health(given);
    return status === 200 ? undefined : String(status);
  });
}
