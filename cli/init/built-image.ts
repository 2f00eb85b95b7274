import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Dockerode from "dockerode";
import { build } from "../../docker/buildx.ts";
import { unlessStatus } from "../../docker/errors.ts";
import { buildArguments } from "../../pulumi/docker-build/arguments.ts";
import { scriptOf } from "../../docker/container-file.ts";
import { messageOf, OpsError } from "../exit.ts";
import type { DockerfileText } from "./dockerfile.ts";
import type { ImageConfig } from "./image-config.ts";

/** How an image is built: what app.ts will say of it. */
export interface Build {
  /** Absolute path of a folder, or `https://….git#<commit>[:<folder>]`. */
  context: string;
  /** Path in the context. @default "Dockerfile" */
  dockerfile?: string | undefined;
  target?: string | undefined;
  buildArgs?: Record<string, string>;
  /** Variables of this process that hold the secrets of the build, by their ids. */
  secrets?: Record<string, string>;
}

/** An image that was built to be looked at; disposing of it removes it again, and keeps the layers for the next build. */
export interface BuiltImage extends AsyncDisposable {
  config: ImageConfig;
  /** Text of a file in it, where links lead; undefined for none, for a folder, and for what is too large for a text. */
  read(path: string): Promise<string | undefined>;
}

/** Options that would give a build what its Dockerfile names and has no value for. */
export function notGiven({ args, secrets }: Pick<DockerfileText, "args" | "secrets">, build: Build): string[] {
  return [
    ...secrets.filter((id) => build.secrets?.[id] === undefined).map((id) => `--build-secret ${id}=<VARIABLE>`),
    ...args.filter((name) => build.buildArgs?.[name] === undefined && !setByBuilder.test(name)).map((name) => `--build-arg ${name}=<value>`),
  ];
}

/** Arguments that a builder sets where it knows them. */
const setByBuilder = /^(TARGET|BUILD)(PLATFORM|OS|ARCH|VARIANT)$|_proxy$/i;

export interface BuildContext {
  docker: Dockerode;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  onStep: (step: string) => void;
}

/**
 * Builds an image as an update would, names and pushes nothing, and makes a container of it that is never started.
 *
 * @throws OpsError (1) with the last lines of a build that failed.
 */
export async function buildImage({ context, dockerfile = "Dockerfile", target, buildArgs, secrets = {} }: Build, { docker, environment, signal, onStep }: BuildContext): Promise<BuiltImage> {
  const inputs = {
    builder: { name: "default" },
    context: { location: context },
    ...(context.startsWith("/") && { dockerfile: { location: join(context, dockerfile) } }),
    ...(target !== undefined && { target }),
    ...(buildArgs !== undefined && { buildArgs }),
  };
  const given = Object.entries(secrets).flatMap(([secret, variable]) => ["--secret", `id=${secret},env=${variable}`]);
  const id = await built([...given, ...buildArguments(inputs)], { environment, signal, onStep });
  const image = docker.getImage(id);
  const { Config, RepoTags, RepoDigests } = await image.inspect();
  // Without a command of its own the engine wants one, though it never runs.
  const container = await docker.createContainer({ Image: id, Entrypoint: ["/none"], Cmd: [], NetworkDisabled: true });
  return {
    config: Config,
    read: (path) => scriptOf(docker, container.id, path),
    [Symbol.asyncDispose]: async () => {
      await container.remove({ v: true }).catch(unlessStatus(404));
      // One that has a name was there before.
      if ([...(RepoTags ?? []), ...(RepoDigests ?? [])].length === 0) await image.remove().catch(unlessStatus(404, 409));
    },
  };
}

async function built(args: string[], { environment, signal, onStep }: Omit<BuildContext, "docker">): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "berth-init-image-"));
  const file = join(folder, "id");
  try {
    await build(["--load", "--iidfile", file, ...args], { environment, signal, onStep });
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new OpsError(`the image can't be built (docker buildx build ${args.join(" ")}):\n${messageOf(error)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
