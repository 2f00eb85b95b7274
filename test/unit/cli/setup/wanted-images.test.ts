import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { type EarlySettings, Project } from "../../../../cli/project.ts";
import { baseImages, namedImages, wantedImages } from "../../../../cli/setup/wanted-images.ts";
import { imageRoles } from "../../../../components/docker/platform.ts";
import { platformImages } from "../../../../standins/images.ts";

const reference = (role: string) => platformImages().find((image) => image.role === role)?.reference ?? "";
const settings: EarlySettings = { environment: "dev", publish: { address: "127.0.0.1", http: 8080, readTimeout: "10m" }, registry: { port: 5555 }, docker: undefined, monitoring: { retention: "15d", size: "4GiB" }, logs: { driver: "json-file", size: "10MiB", files: 3 }, developer: {} };
const parts = imageRoles.filter((role) => !["alertmanager", "grafana", "loki", "logCollector", "adminer", "maildev"].includes(role)).map(reference);

function project(context: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "berth-wanted-"));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

test("a stack without applications wants the images of its parts, and none that only tests use", (context) => {
  const folder = project(context, { "apps/shop/Dockerfile": `FROM ${reference("node")}\n` });
  assert.deepEqual([...wantedImages(folder, settings, [])].toSorted(), parts.toSorted());
  assert.ok(!parts.includes(reference("pebble")));
});

test("what Dockerfiles and build arguments name is wanted", (context) => {
  const folder = project(context, {
    "apps/shop/Dockerfile": `ARG BUILD=${reference("rust")}\nFROM \${BUILD} AS build\nFROM --platform=$BUILDPLATFORM ${reference("go")} AS other\n# FROM ${reference("python")}\nFROM scratch\n`,
    "apps/shop/app.ts": `export default { buildArgs: { BASE: "${reference("node")}" } };\n// ${reference("python")}\n`,
    "apps/other/Dockerfile": `FROM ${reference("maildev")}\n`,
    "images/mail/Dockerfile": `FROM busybox\nCOPY --from=${reference("adminer")} /a /a\n`,
    "images/mail/notes": reference("pebble"),
  });
  assert.deepEqual([...wantedImages(folder, settings, ["shop", "absent"])].toSorted(), [...parts, ...["rust", "go", "node", "adminer"].map(reference)].toSorted());
});

test("what this machine builds for a stack is what its file does not name by digest, and stands on these bases", (context) => {
  const digest = `ghcr.io/acme/x@sha256:${"a".repeat(64)}`;
  const folder = project(context, {
    "Pulumi.prod.yaml": JSON.stringify({ config: { "berth:apps": { shop: { folder: "store" }, notes: { image: digest }, plain: null }, "berth:images": { tools: digest } } }),
    "apps/store/Dockerfile": `FROM ${reference("node")}\n`,
    "apps/notes/Dockerfile": `FROM ${reference("rust")}\n`,
    "images/tools/Dockerfile": `FROM ${reference("go")}\n`,
    "images/postgres/Dockerfile": `FROM ${reference("postgres")}\n`,
    "images/snapshots/Dockerfile": `ARG BASE=${reference("redis")}\nFROM \${BASE}\n`,
  });
  const folders = new Project(folder).builtFolders("prod");
  assert.deepEqual(folders, ["apps/store", "apps/plain", "images/postgres", "images/snapshots"].map((path) => join(folder, path)));
  assert.deepEqual([...baseImages(folders)].toSorted(), [reference("node"), reference("postgres"), reference("redis")].toSorted());
});

test("parts that a stack may have are wanted where it has them", (context) => {
  const folder = project(context, {});
  const wanted = (more: Partial<EarlySettings>) => [...wantedImages(folder, { ...settings, ...more }, [])].filter((image) => !parts.includes(image));
  assert.deepEqual(wanted({ monitoring: { retention: "15d", size: "4GiB", alerts: { webhook: true } } }), [reference("alertmanager")]);
  assert.deepEqual(wanted({ logs: { driver: "loki", port: 24_224, retention: "14d" } }), [reference("loki"), reference("logCollector")]);
  assert.deepEqual(wanted({ developer: { databases: "db.localhost" } }), [reference("adminer")]);
  assert.deepEqual(wanted({ developer: { mail: "mail.localhost" } }), [reference("maildev")]);
  const remote = wantedImages(folder, { ...settings, registry: { host: "ghcr.io", owner: "acme", username: "acme" } }, []);
  assert.ok(!remote.has(reference("registry")));
});

test("names of images in a text, whole ones only", () => {
  assert.deepEqual([...namedImages("FROM node:24-trixie-slim AS a")], ["FROM", "node:24-trixie-slim", "AS", "a"]);
  assert.ok(!namedImages("FROM my/node:24-trixie-slim").has("node:24-trixie-slim"));
  assert.ok(!namedImages("FROM node:24-trixie-slimmer").has("node:24-trixie-slim"));
});
