import { randomBytes, randomInt } from "node:crypto";
import { hash } from "bcryptjs";
import type { Made, ResourceType } from "./provider.ts";
import { checkInputs, diffInputs, type Schema } from "./schema.ts";
import { textOf, type Props } from "../pulumi/values.ts";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";
const BCRYPT_COST = 10;

const TEXT: Schema = {
  length: { required: true },
  keepers: {},
  lower: {},
  upper: {},
  number: {},
  numeric: {},
  special: {},
  overrideSpecial: {},
  minLower: {},
  minUpper: {},
  minNumeric: {},
  minSpecial: {},
};

const ID: Schema = { byteLength: { required: true }, keepers: {}, prefix: {} };

export const randomPassword = randomType("random.RandomPassword", TEXT, 3, ["result", "bcryptHash"], async (inputs) => {
  const outputs = textOutputs(inputs);
  return { id: "none", outputs: { ...outputs, bcryptHash: await hash(textOf(outputs, "result"), BCRYPT_COST) } };
});

export const randomString = randomType("random.RandomString", TEXT, 2, [], (inputs) => {
  const outputs = textOutputs(inputs);
  return Promise.resolve({ id: textOf(outputs, "result"), outputs });
});

export const randomId = randomType("random.RandomId", ID, 0, [], (inputs) => {
  const bytes = randomBytes(Number(inputs["byteLength"]));
  const prefix = typeof inputs["prefix"] === "string" ? inputs["prefix"] : "";
  const hex = bytes.toString("hex");
  const id = bytes.toString("base64url");
  const outputs = { ...inputs, b64Std: prefix + bytes.toString("base64"), b64Url: prefix + id, hex: prefix + hex, dec: prefix + BigInt(`0x${hex}`).toString() };
  return Promise.resolve({ id, outputs });
});

/** @param version Of the provider's schema, as pulumi-random 4.21 has it; it writes down any but the first. */
function randomType(name: string, schema: Schema, version: number, secretOutputs: string[], create: (inputs: Props) => Promise<Made>): ResourceType {
  return {
    deleteBeforeReplace: false,
    ...(version > 0 && { meta: JSON.stringify({ schema_version: String(version) }) }),
    secretOutputs,
    check(_name, given) {
      const { __defaults, ...inputs } = checkInputs(name, schema, given);
      return inputs;
    },
    diff: (old, inputs) => diffInputs(schema, switches(old.inputs), switches(inputs)),
    async create(_context, inputs) {
      const { id, outputs } = await create(inputs);
      return { id, outputs: { ...outputs, id } };
    },
    update: (_context, old, inputs) => Promise.resolve({ id: old.id, outputs: { ...old.outputs, ...inputs } }),
    delete: () => Promise.resolve(),
    read: (_context, old) => Promise.resolve(old),
  };
}

/** A character class that is asked for by `true` is on by default: both ways of saying so are the same. */
function switches(inputs: Props): Props {
  const off = Object.fromEntries(["lower", "upper", "number", "numeric", "special"].map((key) => [key, inputs[key] === false ? "off" : null]));
  return { ...inputs, ...off };
}

function textOutputs(inputs: Props): Props {
  const on = (key: string): boolean => inputs[key] !== false;
  const least = (key: string): number => (typeof inputs[key] === "number" ? inputs[key] : 0);
  const override = inputs["overrideSpecial"];
  const numeric = on("numeric") && on("number");
  const classes = [
    { letters: LOWER, on: on("lower"), least: least("minLower") },
    { letters: UPPER, on: on("upper"), least: least("minUpper") },
    { letters: DIGITS, on: numeric, least: least("minNumeric") },
    { letters: typeof override === "string" && override !== "" ? override : SPECIAL, on: on("special"), least: least("minSpecial") },
  ];
  const length = Number(inputs["length"]);
  const result = randomText(length, classes);
  return {
    lower: true,
    upper: true,
    special: true,
    minLower: 0,
    minUpper: 0,
    minNumeric: 0,
    minSpecial: 0,
    ...inputs,
    number: numeric,
    numeric,
    result,
  };
}

/** `least` letters of each class, the rest from all classes that are on, in random order. */
export function randomText(length: number, classes: readonly { letters: string; on: boolean; least: number }[]): string {
  const all = classes.map((item) => (item.on ? item.letters : "")).join("");
  const required = classes.reduce((sum, item) => sum + item.least, 0);
  if (!Number.isInteger(length) || length < 1 || required > length || all === "") {
    throw new Error(`length ${length} is not valid: it must be a whole number of at least 1 and of at least the sum of the min* inputs (${required}), with a character class on`);
  }
  const picked = classes.flatMap((item) => Array.from({ length: item.least }, () => pick(item.letters)));
  while (picked.length < length) {
    picked.push(pick(all));
  }
  for (let index = picked.length - 1; index > 0; index -= 1) {
    const other = randomInt(index + 1);
    [picked[index], picked[other]] = [picked[other] ?? "", picked[index] ?? ""];
  }
  return picked.join("");
}

function pick(letters: string): string {
  return letters[randomInt(letters.length)] ?? "";
}
