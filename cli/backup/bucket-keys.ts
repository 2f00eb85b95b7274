import { Crypter } from "../../pulumi/secrets.ts";
import type { Project } from "../project.ts";
import { givenPassphrase } from "../setup/passphrase.ts";
import { stackFileFor } from "../stack-file/stack-file.ts";
import type { BucketKeys } from "./s3-signature.ts";

/** The bucket's keys in a stack file; undefined where one is not set, or is not opened by this machine's passphrase. None is generated. */
export async function bucketKeys(project: Project, stack: string, environment: NodeJS.ProcessEnv): Promise<BucketKeys | undefined> {
  try {
    const { encryptionsalt: salt, config } = project.readStack(stack, stackFileFor(project, stack));
    const passphrase = givenPassphrase(project, environment);
    const [key, secret] = ["berth:s3Key", "berth:s3Secret"].map((name) => (config?.[name] as { secure?: string } | undefined)?.secure);
    if (salt === undefined || passphrase === undefined || key === undefined || secret === undefined) return undefined;
    const crypter = await Crypter.open(passphrase, salt);
    return { key: crypter.decrypt(key), secret: crypter.decrypt(secret) };
  } catch {
    return undefined;
  }
}
