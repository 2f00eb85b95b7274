import type Dockerode from "dockerode";
import { outputOf } from "../../docker/exec.ts";

/** A manifest in a registry of the stack's own. */
export interface Manifest {
  repository: string;
  digest: string;
  tags: string[];
  /** Digests in it: of layers, and in an index of its images. */
  refers: string[];
}

/**
 * What a registry has, read in its own container: its API tells no manifest that has no tag, and answers on the Docker host
 * alone.
 *
 * @param id Of the registry's container.
 */
export async function manifestsIn(docker: Dockerode, id: string): Promise<Manifest[]> {
  return parseManifests(await outputOf(docker, id, { command: ["sh", "-c", listing] }));
}

/** Takes manifests out of a registry, then whatever no manifest needs any more. @returns bytes that were freed. */
export async function removeManifests(docker: Dockerode, id: string, manifests: readonly Manifest[]): Promise<number> {
  const words = manifests.map(({ repository, digest }) => `${repository}/_manifests/revisions/sha256/${digest.slice("sha256:".length)}`);
  const text = await outputOf(docker, id, { command: ["sh", "-c", removal, "remove", ...words] });
  const [before = 0, after = 0] = [...text.matchAll(/^size (\d+)/gm)].map(([, kibibytes]) => Number(kibibytes) * 1024);
  return before - after;
}

const root = "/var/lib/registry/docker/registry/v2";

const listing = `cd ${root}/repositories 2>/dev/null || exit 0
find . -path '*/_manifests/revisions/sha256/*/link' | while read -r link; do
  digest=$(cat "$link"); hash=\${digest#sha256:}; repository=\${link#./}
  echo "manifest \${repository%%/_manifests/*} $digest"
  grep -o 'sha256:[0-9a-f]\\{64\\}' "${root}/blobs/sha256/$(echo "$hash" | cut -c1-2)/$hash/data" 2>/dev/null | sed 's/^/refers /' || true
done
find . -path '*/_manifests/tags/*/current/link' | while read -r link; do
  repository=\${link#./} tag=\${link%/current/link}
  echo "tag \${repository%%/_manifests/*} $(cat "$link") \${tag##*/}"
done`;

/** As the registry's own clean-up removes a manifest; that one would take every manifest without a tag. */
const removal = `set -e
size() { echo "size $(du -sk ${root} | cut -f1)"; }
size
cd ${root}/repositories
for manifest; do rm -rf "$manifest"; done
registry garbage-collect /etc/berth/config.yml >/dev/null
size`;

/** Pure. */
export function parseManifests(text: string): Manifest[] {
  const found: Manifest[] = [];
  for (const line of text.split("\n")) {
    const [kind, one = "", digest = "", tag = ""] = line.trim().split(" ");
    if (kind === "manifest") found.push({ repository: one, digest, tags: [], refers: [] });
    else if (kind === "refers") found.at(-1)?.refers.push(one);
    else if (kind === "tag") found.find((manifest) => manifest.repository === one && manifest.digest === digest)?.tags.push(tag);
  }
  return found;
}

/** Those that have no tag, that nothing names, and that are in no index that stays. Pure. @param named Digests. */
export function unnamedManifests(manifests: readonly Manifest[], named: ReadonlySet<string>): Manifest[] {
  const stays = new Set(manifests.filter(({ tags, digest }) => tags.length > 0 || named.has(digest)));
  // A set gives what is added while it is gone through.
  for (const { repository, refers } of stays) {
    for (const manifest of manifests) if (manifest.repository === repository && refers.includes(manifest.digest)) stays.add(manifest);
  }
  return manifests.filter((manifest) => !stays.has(manifest));
}
