import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { closest, parseArguments, type Syntax } from "../../../cli/arguments.ts";
import { command as up } from "../../../cli/deploy/up.ts";
import { command as logs } from "../../../cli/status/logs.ts";
import { OpsError } from "../../../cli/exit.ts";
import { commandHelp } from "../../../cli/help.ts";

const syntax: Syntax = {
  name: "up",
  options: {
    stack: { type: "string", short: "s", value: "<name>", help: "" },
    engine: { type: "string", choices: ["pulumi", "embedded"], help: "" },
    json: { type: "boolean", help: "" },
    follow: { type: "boolean", short: "f", help: "" },
  },
  positionals: ["app"],
};

function refused(args: string[], message: RegExp): void {
  assert.throws(
    () => parseArguments(syntax, args),
    (error) => error instanceof OpsError && error.code === 2 && message.test(error.message),
  );
}

describe("arguments of a command", () => {
  test("long, short and joined forms are the same", () => {
    for (const args of [["--stack", "prod"], ["--stack=prod"], ["-s", "prod"], ["-sprod"]]) {
      assert.deepEqual(parseArguments(syntax, args), { flags: {}, values: { stack: "prod" }, positionals: [] });
    }
    assert.deepEqual(parseArguments(syntax, ["-f", "root", "--json"]), { flags: { follow: true, json: true }, values: {}, positionals: ["root"] });
  });

  test("an unknown option is an error that names the closest", () => {
    refused(["--stck", "dev"], /no option --stck: did you mean --stack\?/);
    refused(["--colour"], /no option --colour: see berth up --help/);
    refused(["-x"], /no option -x/);
  });

  test("a value that is missing or not allowed is an error that names what is", () => {
    refused(["--stack"], /--stack needs a value: --stack <name>/);
    refused(["--stack="], /--stack needs a value/);
    refused(["--engine", "terraform"], /--engine is "terraform", but must be one of pulumi, embedded/);
    refused(["--json=yes"], /--json takes no value/);
  });

  test("more positional arguments than the command takes are an error", () => {
    refused(["a", "b"], /"b" is one argument too many: berth up takes app/);
  });

  test("any text after -- or without a dash is a positional argument, never an option", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        assert.deepEqual(parseArguments(syntax, ["--", text]).positionals, [text]);
      }),
    );
  });
});

describe("the closest word", () => {
  test("is found over a typing error, and not over another word", () => {
    const commands = ["up", "down", "status", "logs", "doctor", "preview"];
    assert.equal(closest("stauts", commands), "status");
    assert.equal(closest("DOWN", commands), "down");
    assert.equal(closest("kubernetes", commands), undefined);
  });
});

describe("help", () => {
  test("has every option, an example and the exit codes", () => {
    const text = commandHelp("up", up);
    for (const option of Object.keys(up.options)) assert.match(text, new RegExp(`--${option}\\b`));
    assert.match(text, /-h, --help/);
    assert.match(text, /Examples:\n {2}\.\/berth up/);
    assert.match(text, /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 /);
    assert.match(commandHelp("logs", logs), /^Usage: \.\/berth logs \[app\|part\] \[options\]/);
  });
});
