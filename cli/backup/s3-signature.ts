import { createHash, createHmac } from "node:crypto";

export interface BucketKeys {
  key: string;
  secret: string;
}

const empty = createHash("sha256").update("").digest("hex");

/**
 * The headers of a signed GET without a body, by AWS Signature Version 4.
 *
 * @param query One name without a value, for example `versioning`.
 * @param time `20130524T000000Z`.
 */
export function signedHeaders({ key, secret }: BucketKeys, { host, path, query, region }: { host: string; path: string; query: string; region: string }, time: string): Record<string, string> {
  const headers = { host, "x-amz-content-sha256": empty, "x-amz-date": time };
  const names = Object.keys(headers).join(";");
  const canonical = ["GET", path, `${query}=`, ...Object.entries(headers).map((pair) => pair.join(":")), "", names, empty].join("\n");
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, createHash("sha256").update(canonical).digest("hex")].join("\n");
  const signing = scope.split("/").reduce<string | Buffer>((by, part) => createHmac("sha256", by).update(part).digest(), `AWS4${secret}`);
  const signature = createHmac("sha256", signing).update(text).digest("hex");
  return { ...headers, authorization: `AWS4-HMAC-SHA256 Credential=${key}/${scope},SignedHeaders=${names},Signature=${signature}` };
}
