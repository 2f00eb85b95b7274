import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { AppDefinition } from "../../../components/index.ts";

// The builder shares the layers of equal steps on equal files: see docs/images.md. That the features of the crates are the
// same too is what the stage `test` of root and pcf looks at.

const apps = join(import.meta.dirname, "../../../apps");
const read = (path: string) => readFileSync(join(apps, path), "utf8");
const sharing = globSync("**/shared/Cargo.toml", { cwd: apps }).map((path) => path.replace("/shared/Cargo.toml", ""));

/** `name version` of each crate of a Cargo.lock that comes from the registry. */
const cratesOf = (lock: string): string[] => [...lock.matchAll(/^name = "(.+)"\nversion = "(.+)"\nsource = /gm)].map(([, name, version]) => `${name} ${version}`);

/** A profile without its comments. */
const profileOf = (toml: string, name: string) => (new RegExp(`^\\[profile\\.${name}\\]\n([^[]*)`, "m").exec(toml)?.[1] ?? "").split("\n").filter((line) => /^\w/.test(line));

/** The lines of a Dockerfile's first stage, without comments, names, and the folder of the copies. */
const firstStage = (dockerfile: string) =>
  (/^FROM (?:.|\n)*?(?=^FROM )/m.exec(dockerfile)?.[0] ?? "")
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .map((line) => line.replace(/^FROM .* AS \w+$/, "FROM").replaceAll("shared/", ""));

test("the Rust applications that share crates are these", () => {
  assert.deepEqual(sharing.toSorted(), ["pcf", "root"]);
});

for (const app of ["pcf", "root"]) {
  for (const file of ["Cargo.toml", "Cargo.lock"]) {
    test(`${app}: shared/${file} is the template's`, () => {
      const fix = `cp apps/services/rust/Cargo.* apps/${app}/shared/`;
      assert.equal(read(`${app}/shared/${file}`), read(`services/rust/${file}`), fix);
    });
  }

  test(`${app}: a crate of the template that it uses too has the template's version, or it is compiled twice`, () => {
    const own = cratesOf(read(`${app}/Cargo.lock`));
    const template = cratesOf(read("services/rust/Cargo.lock"));
    const names = new Set(own.map((crate) => crate.split(" ")[0]));
    const other = template.filter((crate) => names.has(crate.split(" ")[0]) && !own.includes(crate));
    assert.ok(template.length > 100);
    assert.deepEqual(other, [], `cargo update -p <crate> --precise <version> in apps/${app}`);
  });

  test(`${app}: it is compiled with the template's profiles, after the same steps`, () => {
    for (const profile of ["release", "quick"]) {
      assert.ok(profileOf(read("services/rust/Cargo.toml"), profile).length > 0);
      assert.deepEqual(profileOf(read(`${app}/Cargo.toml`), profile), profileOf(read("services/rust/Cargo.toml"), profile), profile);
    }
    assert.ok(firstStage(read("services/rust/Dockerfile")).length > 4);
    assert.deepEqual(firstStage(read(`${app}/Dockerfile`)), firstStage(read("services/rust/Dockerfile")));
  });
}

test("the Rust applications are built quickly in the same way, by an argument that their Dockerfiles have before the first crate is compiled", async () => {
  const argsOf = async (app: string) => ((await import(join(apps, app, "app.ts"))) as { default: AppDefinition }).default.quickArgs;
  const template = await argsOf("services/rust");
  assert.deepEqual(Object.keys(template ?? {}), firstStage(read("services/rust/Dockerfile")).flatMap((line) => /^ARG (\w+)=/.exec(line)?.[1] ?? []));
  for (const app of sharing) assert.deepEqual(await argsOf(app), template, app);
});

test("images/tools begins with the steps of the template in Go", () => {
  assert.ok(firstStage(read("services/go/Dockerfile")).some((line) => line.includes("go build net/http")));
  assert.deepEqual(firstStage(read("../images/tools/Dockerfile")), firstStage(read("services/go/Dockerfile")));
});
