import { request } from "node:https";
import type { Settings } from "../../config/settings.ts";
import { type BucketKeys, signedHeaders } from "./s3-signature.ts";

type Backup = NonNullable<Settings["postgres"]["backup"]>;
export type Bucket = Exclude<Backup["target"], "volume">["s3"];

export interface Answer {
  status: number;
  body: string;
}

/** How a bucket keeps what somebody deletes; undefined where it does not. */
export type Kept = "versions" | "locked objects";

/**
 * Asks a store whether its bucket keeps what is deleted: whoever takes the server has keys that may delete the backups.
 *
 * @param ask The answer to a question, for example `versioning`.
 * @throws Error where the store does not say.
 */
export async function keptBy(ask: (query: string) => Promise<Answer>): Promise<Kept | undefined> {
  const lock = await ask("object-lock");
  if (lock.status === 200 && /<ObjectLockEnabled>Enabled</.test(lock.body)) return "locked objects";
  const versions = await ask("versioning");
  if (versions.status === 200) return /<Status>Enabled</.test(versions.body) ? "versions" : undefined;
  throw new Error(`the store answers ${versions.status}${/<Code>(\w+)</.exec(versions.body)?.[1]?.replace(/^/, " ") ?? ""} to the question about versions: the key needs s3:GetBucketVersioning`);
}

/** Asks by HTTPS with the stack's own keys, for 10 s at most. */
export function asking({ bucket, endpoint, region, uriStyle, verifyTls }: Bucket, keys: BucketKeys): (query: string) => Promise<Answer> {
  const [host, path] = uriStyle === "host" ? [`${bucket}.${endpoint}`, "/"] : [endpoint, `/${bucket}`];
  return (query) =>
    new Promise((resolve, reject) => {
      const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
      const headers = signedHeaders(keys, { host, path, query, region }, time);
      const sent = request(`https://${host}${path}?${query}`, { headers, rejectUnauthorized: verifyTls, timeout: 10_000 }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      });
      sent.on("timeout", () => sent.destroy(new Error(`${host} does not answer within 10 s`)));
      sent.on("error", reject).end();
    });
}
