// Lists, image by image, what the program relies on, and tries each by running the image: upstream's and stand-ins alike.
//   node standins/check.ts          run every check; exit code 1 when one fails
//   node standins/check.ts --list   only say what an image must provide
import { label } from "./build.ts";
import { CommandError, localImages, run } from "./docker.ts";
import { platformImages, type PlatformImage } from "./images.ts";

/** One thing that an image must provide. */
export interface Requirement {
  text: string;
  /** Arguments of `docker run` after the image's name, and the user that it runs as. */
  run: [string, ...string[]];
  as: string | undefined;
  prints: RegExp;
}

export interface Finding {
  image: PlatformImage;
  standIn: boolean;
  /** Undefined: provided. */
  failures: { requirement: Requirement; printed: string }[];
}

/** Everything that an image must provide, as commands to run in it. */
export function requirements(image: PlatformImage): Requirement[] {
  if (image.contract === undefined) return [];
  const users = (image.contract.users ?? []).map(({ name, uid, gid }) => ({
    text: `has the user ${name} with ids ${String(uid)}:${String(gid)}`,
    run: ["/bin/cat", "/etc/passwd"] as [string, ...string[]],
    as: undefined,
    prints: new RegExp(`^${name}:[^:]*:${String(uid)}:${String(gid)}:`, "m"),
  }));
  const commands = image.contract.commands.map(({ text, run, as, prints }) => ({ text: `${text ?? run.join(" ")}${as === undefined ? "" : ` as ${as}`}`, run, as, prints }));
  return [...commands, ...users];
}

/** Runs an image once for each requirement. Throws `CommandError` where the engine does not answer or lacks the image. */
export async function checkImage(image: PlatformImage): Promise<Finding> {
  const present = (await localImages([image.reference])).get(image.reference);
  if (present === undefined) throw new Error(`${image.reference}: not in the engine; docker pull ${image.reference}, or node standins/build.ts`);
  const failures: Finding["failures"] = [];
  for (const requirement of requirements(image)) {
    const [entrypoint, ...args] = requirement.run;
    const user = requirement.as === undefined ? [] : ["--user", requirement.as];
    const result = await run("docker", ["run", "--rm", "--pull", "never", "--network", "none", ...user, "--entrypoint", entrypoint, image.reference, ...args], { timeoutMs: 60_000 }).catch((error: unknown) => {
      if (error instanceof CommandError) return error;
      throw error;
    });
    if (result instanceof CommandError || !requirement.prints.test(result.output)) failures.push({ requirement, printed: result.output.trim() });
  }
  return { image, standIn: present.labels[label] !== undefined, failures };
}

if (import.meta.main) {
  for (const image of platformImages()) {
    if (process.argv.includes("--list")) {
      console.log(`${image.reference} (${image.role})${image.contract === undefined ? ": no stand-in" : ""}`);
      for (const requirement of requirements(image)) console.log(`  ${requirement.text}`);
      continue;
    }
    if (image.contract === undefined) {
      console.log(`---  ${image.reference}: nothing to check, and no stand-in; only a stack that asks for it needs it`);
      continue;
    }
    const { standIn, failures } = await checkImage(image);
    console.log(`${failures.length === 0 ? "ok  " : "FAIL"} ${image.reference}${standIn ? " (stand-in)" : ""}: ${String(requirements(image).length - failures.length)} of ${String(requirements(image).length)} requirements`);
    for (const { requirement, printed } of failures) console.log(`     ${requirement.text}\n       expected ${String(requirement.prints)}, printed: ${printed}`);
    if (failures.length > 0) process.exitCode = 1;
  }
}
