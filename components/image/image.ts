import { isAbsolute } from "node:path";
import * as docker from "@pulumi/docker";
import * as build from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";
import { unknown } from "@pulumi/pulumi/output.js";

/** The tag that each build moves, before anything has looked at its image; `./berth push` moves `latest`. */
export const buildTag = "build";

/** Where application images are pushed and pulled. */
export interface ImageRegistry {
  /** Registry and account, for example `ghcr.io/acme` or `127.0.0.1:5555`. */
  prefix: pulumi.Input<string>;
  /** Login; the address is the registry's host. */
  address: pulumi.Input<string>;
  username: pulumi.Input<string>;
  /** Secret. */
  password: pulumi.Input<string>;
  /** A build begins with the layers of the tag `build`, and its image says what its own were made from. @default false */
  cache?: boolean;
}

/** What an image is made of. */
export interface ImageSource {
  /** Absolute path of the directory with the Dockerfile, or `https://…/repository.git#<commit>[:<directory>]`. */
  context: string;
  /** Labels of the image that is built, for example the commit of its source. @default none */
  labels?: Record<string, string>;
  /** `repository@digest` that was built before, and is pulled instead. @default built from `context` */
  built?: string;
}

export interface ImageArgs extends ImageSource {
  registry: ImageRegistry;
  /** Name of the repository below the registry's prefix, for example the application's. */
  repository: string;
  /** Path of the Dockerfile in a directory that is the context. @default "Dockerfile" */
  dockerfile?: string | undefined;
  /** Stage of the Dockerfile. @default the last one */
  target?: string;
  /** Never a secret. @default none */
  buildArgs?: Record<string, string>;
  /** What RUN lines mount, by id; in no layer. @default none */
  buildSecrets?: Record<string, pulumi.Input<string>>;
  /** Pulls with the registry's login. */
  pullProvider: docker.Provider;
}

/**
 * An application's image: built from its folder, pushed with a login, pulled back by digest; or one that was built
 * before, pulled by digest.
 *
 * The digest that the registry gave is what runs, so what was tested is what is deployed. Neither a
 * replacement nor `destroy` deletes a pushed digest: an older release may need it.
 *
 * @example
 * const image = new Image("root-image", { registry, repository: "root", context: "/berth/apps/root", pullProvider });
 * image.ref; // ghcr.io/acme/root:build@sha256:…
 */
export class Image extends pulumi.ComponentResource {
  /** `repository:tag@digest`, known once the image is on the Docker host. */
  readonly ref: pulumi.Output<string>;
  /** `sha256:…` of the pushed manifest. */
  readonly digest: pulumi.Output<string>;

  constructor(name: string, args: ImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Image", name, {}, opts);
    // A registry of the stack's own must answer before it is asked for what it has.
    const reference = args.built === undefined ? this.build(name, args) : pulumi.all([args.built, args.registry.prefix]).apply(([built]) => built);
    this.digest = reference.apply((text) => text.slice(text.indexOf("@") + 1));
    const pulled = new docker.RemoteImage(`${name}-pulled`, { name: reference, keepLocally: true }, { parent: this, provider: args.pullProvider });
    this.ref = pulled.name;
    this.registerOutputs({ ref: this.ref, digest: this.digest });
  }

  /** Builds and pushes; `repository:tag@digest`. */
  private build(name: string, args: ImageArgs): pulumi.Output<string> {
    const { registry } = args;
    const tag = pulumi.interpolate`${registry.prefix}/${args.repository}:${buildTag}`;
    const built = new build.Image(
      name,
      {
        tags: [tag],
        context: { location: args.context },
        // Of a git address buildx finds the Dockerfile itself.
        ...(isAbsolute(args.context) && { dockerfile: { location: `${args.context}/${args.dockerfile ?? "Dockerfile"}` } }),
        target: args.target,
        buildArgs: args.buildArgs,
        ...(args.buildSecrets !== undefined && { secrets: pulumi.secret(args.buildSecrets) }),
        labels: args.labels ?? {},
        push: true,
        // Inline: the engine's own builder knows no other cache that leaves the machine.
        ...(registry.cache === true && { cacheFrom: [{ registry: { ref: tag } }], cacheTo: [{ inline: {} }] }),
        // `docker buildx` itself: works with the engine's own builder, and uses its registry mirrors.
        exec: true,
        builder: { name: "default" },
        registries: [{ address: registry.address, username: registry.username, password: registry.password }],
      },
      { parent: this, retainOnDelete: true },
    );
    // In a preview the provider says "" of a digest that it can't know. Taken for one, it would be a part of a saved plan.
    const digest = built.digest.apply((known) => (known === "" ? (unknown as unknown as string) : known));
    return pulumi.interpolate`${tag}@${digest}`;
  }
}
