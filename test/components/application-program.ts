import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { AppDefinition } from "../../components/index.ts";
import { Application, type ApplicationArgs } from "../../components/app/application.ts";
import { Postgres } from "../../components/postgres/postgres.ts";
import { Redis } from "../../components/redis/redis.ts";
import { Tools } from "../../components/docker/tools.ts";
import { onHost, platform } from "./platform.ts";

/** An application that needs nothing. */
export const least: AppDefinition = { context: "/apps/shop", web: { port: 3000, health: { path: "/ready", command: ["shop", "health"] } } };

/** Where its image is pushed. */
export const registry = { prefix: "ghcr.io/acme", address: "ghcr.io", username: "acme", password: pulumi.secret("hidden") };

/** The folder that the tools are built from. */
export const toolsSource = { context: "/berth/images/tools" };

const network = (name: string) => ({ name: pulumi.output(name), id: pulumi.output(`${name}-id`) });

/** A program with one application named `shop` and the parts that it is handed. */
export function application(definition: AppDefinition, more: Partial<ApplicationArgs> = {}) {
  return () => {
    const host = onHost();
    const pullProvider = new docker.Provider("pull", { host: "unix:///test.sock" });
    return new Application(
      "shop",
      {
        platform,
        definition,
        registry,
        pullProvider,
        postgres: new Postgres("postgres", { platform, network: { name: "data", nobody: "10.9.0.1" }, memory: 512, connections: 100 }, host),
        redis: new Redis("redis", { platform, networks: ["own"], users: ["shop"], memory: 128 }, host),
        tools: new Tools("tools", { platform, registry, pullProvider, source: toolsSource }, host),
        networks: { edge: network("edge"), own: network("own"), egress: network("egress") },
        host: "shop.example.com",
        replicas: 2,
        memory: 256,
        cpus: 0.5,
        env: {},
        secrets: {},
        ...more,
      },
      host,
    );
  };
}
