import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { docker, run } from "./docker.ts";
import { debianAddresses, type Machine } from "./machine.ts";

/** The Debian that every stand-in stands on: how mmdebstrap makes it, and the files laid over it. */
export interface BaseRecipe {
  hash: string;
  /** Of mmdebstrap, without the file to write and Debian's address: where the packages come from changes nothing in them. */
  arguments: string[];
  /** Content by absolute path in the image. */
  files: Record<string, string>;
}

// As in Debian's own slim image: no manuals or translations, package lists in one language, no waiting for the disk.
const dpkgOptions = ["path-exclude=/usr/share/man/*", "path-exclude=/usr/share/locale/*", "path-exclude=/usr/share/info/*", "path-exclude=/usr/share/doc/*", "path-include=/usr/share/doc/*/copyright", "force-unsafe-io"];
const aptOptions = ['Acquire::Languages "none"', 'Apt::AutoRemove::SuggestsImportant "false"'];

export async function baseRecipe(machine: Machine): Promise<BaseRecipe> {
  const files: Record<string, string> = { "/usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n" }; // no package starts a service in an image
  // Where the machine trusts an authority of its own, nothing in a container reaches a registry without it.
  // The bundle serves at once; the single files outlive a later `apt-get install ca-certificates`, which makes a new bundle.
  if (machine.caBundle !== undefined) files["/etc/ssl/certs/ca-certificates.crt"] = await readFile(machine.caBundle, "utf8");
  machine.ownAuthorities.forEach((pem, index) => (files[`/usr/local/share/ca-certificates/machine-${String(index + 1)}.crt`] = pem));
  const args = ["--variant=minbase", "--format=tar", ...dpkgOptions.map((option) => `--dpkgopt=${option}`), ...aptOptions.map((option) => `--aptopt=${option}`), "trixie"];
  const hash = createHash("sha256").update(JSON.stringify([args, files])).digest("hex").slice(0, 16);
  return { hash, arguments: args, files };
}

/** Folders with the base's files as base.tar, by the recipe's hash: made once in a process. */
const made = new Map<string, Promise<string>>();

/** Makes the base's files with mmdebstrap, while an engine is still being installed: it needs none. Needs mmdebstrap and Debian's archive keys. */
export function makeBase(recipe: BaseRecipe, machine: Machine): Promise<string> {
  const folder = made.get(recipe.hash) ?? debianFiles(recipe, machine);
  made.set(recipe.hash, folder);
  folder.catch(() => made.delete(recipe.hash)); // whoever needs it is told, and another call tries again
  return folder;
}

/** Gives the base to the engine as `reference`. */
export async function buildBase(recipe: BaseRecipe, reference: string, machine: Machine): Promise<void> {
  const folder = await makeBase(recipe, machine);
  try {
    await docker(["import", "--change", `LABEL berth.standin=${recipe.hash}`, "--change", 'CMD ["bash"]', join(folder, "base.tar"), reference]);
  } finally {
    made.delete(recipe.hash);
    await rm(folder, { recursive: true, force: true });
  }
}

async function debianFiles(recipe: BaseRecipe, machine: Machine): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "berth-base-"));
  // Where no engine came to be that it is given to.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const tar = join(folder, "base.tar");
  const { main, security } = await debianAddresses();
  // Without any, mmdebstrap takes the addresses that it knows itself.
  const sources = main === undefined ? [] : [`deb ${main} trixie main`, `deb ${main} trixie-updates main`];
  if (security !== undefined && main !== undefined) sources.push(`deb ${security} trixie-security main`);
  await run("mmdebstrap", [...recipe.arguments, tar, ...sources], { env: { ...machine.proxies, LC_ALL: "C.UTF-8" } });
  const root = join(folder, "root");
  for (const [path, content] of Object.entries(recipe.files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content, { mode: path.includes("/sbin/") ? 0o755 : 0o644 });
  }
  const names = Object.keys(recipe.files).map((path) => `.${path}`);
  await run("tar", ["--append", "--file", tar, "--owner=0", "--group=0", "--directory", root, ...names]);
  return folder;
}
