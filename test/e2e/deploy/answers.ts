import assert from "node:assert/strict";
import { test } from "node:test";
import { execute } from "../docker-host.ts";
import { eventually } from "../eventually.ts";
import { docker, engine } from "../project.ts";
import type { Given } from "./dev-stack.ts";

/** Addresses, data through Traefik, the image's way, and what Prometheus sees. */
export function answers(given: Given): void {
  test(`berth up on the ${engine} engine ends with the addresses of a stack that answers`, async () => {
    const { project, second } = given();
    assert.equal(second.engine, engine);
    assert.deepEqual(second.addresses, { databases: `http://adminer.localhost:${project.http}`, members: `http://members.localhost:${project.http}` });
    const health = await project.get("/health");
    assert.equal(health.status, 200, health.body);
    assert.equal((JSON.parse(health.body) as { database: string }).database, "connected");
  });

  test("a second up changes nothing", async () => {
    const { project, made, second } = given();
    assert.deepEqual(second.changes, {});
    assert.deepEqual((await project.containers()).map(({ Id }) => Id).toSorted(), made.toSorted());
  });

  test("a row written through Traefik is in Postgres, and a wrong key writes nothing", async () => {
    const { project } = given();
    assert.equal(await project.addMember("ada"), 201);
    assert.equal(await project.addMember("eve", "another-key-of-good-length"), 401);
    assert.deepEqual(await project.members(), ["ada"]);
    const [postgres] = await project.containers("postgres");
    const rows = await execute(postgres?.Id ?? "", "999", ["psql", "-h", "/var/run/postgresql", "-U", "postgres", "-At", "members", "-c", "select handle from public.members"]);
    assert.equal(rows.trim(), "ada");
  });

  test("the application runs the digest that was pushed to the stack's registry, which asks for a login", async () => {
    const { project, second } = given();
    const reference = second.outputs.imageDigests["members"] ?? "";
    const digest = reference.split("@")[1] ?? "";
    assert.match(reference, new RegExp(`^127\\.0\\.0\\.1:${project.registryPort}/members:build@sha256:[0-9a-f]{64}$`));
    const web = await project.containers("web");
    assert.equal(web.length, 2);
    for (const { ImageID } of web) {
      const { RepoDigests } = await docker.getImage(ImageID).inspect();
      assert.ok(RepoDigests.some((repo) => repo === `127.0.0.1:${project.registryPort}/members@${digest}`), `${RepoDigests.join(", ")} lacks ${digest}`);
    }
    const anonymous = await fetch(`http://127.0.0.1:${project.registryPort}/v2/members/manifests/${digest}`);
    assert.equal(anonymous.status, 401);
  });

  test("Prometheus scrapes itself, the host, Postgres, Redis and Traefik", async () => {
    const { project } = given();
    const [prometheus] = await project.containers("prometheus");
    const query = (expression: string) => execute(prometheus?.Id ?? "", "65534", ["promtool", "query", "instant", "--http.config.file=/run/secrets/client.yml", "http://prometheus:9090", expression]);
    const jobs = ["node", "postgres", "prometheus", "redis", "traefik"];
    await eventually("all five targets are up", 60_000, async () => {
      const up = await query("up == 1");
      return jobs.every((job) => up.includes(`job="${job}"`)) ? undefined : up;
    });
    // Traefik may have been scraped before it had its first routes.
    for (const metric of ["pg_up", "redis_up", "traefik_service_server_up"]) {
      await eventually(`${metric} is 1`, 60_000, async () => {
        const value = await query(metric);
        return new RegExp(`^${metric}\\{.*=> 1 @`, "m").test(value) ? undefined : value;
      });
    }
  });
}
