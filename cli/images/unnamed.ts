import type Dockerode from "dockerode";

/** An image of the stack's on the Docker host that nothing names any more. */
export interface Unnamed {
  /** All by which the engine knows it: `127.0.0.1:5555/root@sha256:…`, and tags. */
  references: string[];
  /** Bytes of its layers, those that it shares with other images among them. */
  size: number;
  /** Bytes that no other image has; undefined where the engine does not say. */
  own?: number;
  /** Seconds since 1970. */
  created: number;
}

/** Each digest that a text has, for example of a state or a stack file. */
export function digestsIn(text: string): Set<string> {
  return new Set(text.match(/sha256:[0-9a-f]{64}/g));
}

/**
 * The images of the stack's repositories that no container has, and whose digest nothing names. One that also has a name elsewhere
 * stays under that. Pure.
 *
 * @param isOwn Of a repository, for example `127.0.0.1:5555/root`.
 * @param named Digests of what releases, the state and stack files name.
 * @param used Ids of the images of all containers on the Docker host.
 */
export function unnamedOf(images: readonly Dockerode.ImageInfo[], isOwn: (repository: string) => boolean, named: ReadonlySet<string>, used: ReadonlySet<string>): Unnamed[] {
  return images.flatMap(({ Id, RepoTags, RepoDigests, Size, SharedSize, Created }): Unnamed[] => {
    const digests = (RepoDigests ?? []).filter((reference) => isOwn(reference.split("@")[0] ?? ""));
    const tags = (RepoTags ?? []).filter((reference) => isOwn(reference.slice(0, reference.lastIndexOf(":"))));
    const isNamed = used.has(Id) || named.has(Id) || (RepoDigests ?? []).some((reference) => named.has(reference.slice(reference.indexOf("@") + 1)));
    if (isNamed || digests.length + tags.length === 0) return [];
    return [{ references: [...tags, ...digests], size: Size, ...(SharedSize >= 0 && { own: Size - SharedSize }), created: Created }];
  });
}
