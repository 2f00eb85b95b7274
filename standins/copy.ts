import { buffer } from "node:stream/consumers";
import { execa } from "execa";
import { extract } from "tar-stream";
import { docker } from "./docker.ts";
import { hubName } from "./images.ts";
import { mirror } from "./mirror.ts";

/** Part of an OCI image layout, as `docker save` writes it (Engine 25 or later). */
interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

/**
 * Copies the engine's image to the mirror, then pulls it from there, so that the engine knows it by digest as it would
 * know upstream's. `docker push` would compress every layer first, which takes most of the time of the whole build;
 * here they travel as they are.
 *
 * @throws Error where the mirror refuses a part
 */
export async function copyToMirror(reference: string): Promise<void> {
  const { repository, tag } = hubName(reference);
  const small = new Map<string, Buffer>();
  const save = execa("docker", ["save", reference], { buffer: false, reject: false, stdin: "ignore", stderr: "inherit" });
  for await (const entry of save.stdout.pipe(extract())) {
    const { name, size, type } = entry.header;
    const digest = /^blobs\/(sha256)\/([0-9a-f]{64})$/.exec(name)?.slice(1).join(":");
    const stream = entry as unknown as AsyncIterable<Uint8Array>; // its types leave the iterator out
    if (type === "file" && (name === "index.json" || (digest !== undefined && size < 1 << 20))) {
      const content = await buffer(stream);
      small.set(digest ?? name, content);
      if (digest !== undefined) await upload(repository, digest, content);
    } else if (type === "file" && digest !== undefined) await upload(repository, digest, stream);
    entry.resume();
  }
  const { failed, shortMessage = "" } = await save;
  if (failed) throw new Error(shortMessage);

  const index = JSON.parse(String(small.get("index.json") ?? "{}")) as { manifests?: Descriptor[] };
  const described = index.manifests?.[0];
  const manifest = described === undefined ? undefined : small.get(described.digest);
  if (described === undefined || manifest === undefined) throw new Error(`docker save ${reference}: no manifest in what it wrote; Docker Engine 25 or later is needed`);
  await ask("PUT", `${repository}/manifests/${tag}`, { "content-type": described.mediaType }, manifest);
  await docker(["pull", "--quiet", reference]);
}

async function upload(repository: string, digest: string, content: Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>): Promise<void> {
  const there = await fetch(`${mirror.url}/v2/${repository}/blobs/${digest}`, { method: "HEAD" });
  if (there.ok) return;
  const session = await ask("POST", `${repository}/blobs/uploads/`, {});
  const location = new URL(session.headers.get("location") ?? "", mirror.url);
  location.searchParams.set("digest", digest);
  await ask("PUT", location, { "content-type": "application/octet-stream" }, content);
}

async function ask(method: string, path: string | URL, headers: Record<string, string>, body?: NonNullable<RequestInit["body"]>): Promise<Response> {
  const url = path instanceof URL ? path : `${mirror.url}/v2/${path}`;
  const response = await fetch(url, { method, headers, body, duplex: "half" });
  if (!response.ok) throw new Error(`${mirror.container}: ${method} ${String(url)} answered ${String(response.status)} ${await response.text()}`);
  return response;
}
