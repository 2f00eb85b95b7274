import type { Project, UpResult } from "../project.ts";

/** One stack, with tools for developers; each test goes on from where the last one left it. */
export interface DevStack {
  project: Project;
  /** Ids of its containers when it had been made. */
  made: string[];
  /** Of a second `up`. */
  second: UpResult;
  /** By previews and by the `up` that made it. */
  printed: string;
}

/** The stack, which is made before the first test. */
export type Given = () => DevStack;

/** Memory for as many processes as its bound lets be; another version is another environment of the application. */
export function settings(version = "1"): (config: Record<string, unknown>) => void {
  return (config) => {
    config["berth:environment"] = "dev";
    config["berth:developer"] = { databases: "adminer.localhost" };
    config["berth:apps"] = { members: { replicas: 2, memory: "128MiB", env: { VERSION: version } } };
  };
}
