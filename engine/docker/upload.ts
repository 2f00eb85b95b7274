import { readFile } from "node:fs/promises";
import { pack } from "tar-stream";
import { textOf, type Value } from "../../pulumi/values.ts";
import { objects, text } from "../../pulumi/inputs.ts";

const PLAIN = 0o644;
const EXECUTABLE = 0o744;

/** A tar of all `uploads`, owned by root; undefined when there are none. Throws unless each has one kind of content. */
export async function uploadArchive(uploads: Value | undefined): Promise<Buffer | undefined> {
  const items = objects(uploads);
  if (items.length === 0) {
    return undefined;
  }
  const archive = pack();
  for (const item of items) {
    const permissions = text(item["permissions"]);
    const mode = permissions === undefined ? (item["executable"] === true ? EXECUTABLE : PLAIN) : Number.parseInt(permissions, 8);
    archive.entry({ name: textOf(item, "file"), mode, uid: 0, gid: 0, mtime: new Date() }, await content(item));
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

async function content(item: Record<string, Value>): Promise<Buffer> {
  const given = ["content", "contentBase64", "source"].filter((key) => text(item[key]) !== undefined);
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    throw new Error(`upload ${textOf(item, "file")}: exactly one of content, contentBase64 and source must be given and not be empty`);
  }
  const value = textOf(item, kind);
  if (kind === "source") {
    return readFile(value);
  }
  return Buffer.from(value, kind === "content" ? "utf8" : "base64");
}
