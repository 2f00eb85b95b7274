import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { bash } from "../../../../cli/completion/bash.ts";
import { completed, type Completed } from "../../../../cli/completion/completed.ts";
import { fish } from "../../../../cli/completion/fish.ts";
import { zsh } from "../../../../cli/completion/zsh.ts";
import { commands } from "../../../../dev/commands.ts";

const folder = mkdtempSync(join(tmpdir(), "berth-completion-"));
after(() => rmSync(folder, { recursive: true }));
let all: Completed[] = [];
before(async () => {
  all = await completed(commands);
  writeFileSync(join(folder, "berth"), "#!/bin/sh\necho called >&2; exit 1\n", { mode: 0o755 });
  writeFileSync(join(folder, "Pulumi.yaml"), "name: berth\n");
  writeFileSync(join(folder, "Pulumi.dev.yaml"), "config:\n  berth:redis: { memory: 64MiB }\n  berth:apps:\n    # the shop\n    shop:\n      replicas: 2\n      env:\n        other: '1'\n    my-cart: {}\n  berth:domain: localhost\n    \n");
  writeFileSync(join(folder, "Pulumi.prod.yaml"), "config:\n  berth:apps:\n    bank:\n");
  for (const [shell, render] of Object.entries({ bash, zsh, fish })) writeFileSync(join(folder, shell), `${render(all)}\n`);
});

/** What bash offers for the last word, by its own `complete`. */
function offered(line: string, environment: NodeJS.ProcessEnv = {}): string[] {
  const script = `. ./bash
spec=$(complete -p ./berth); function=\${spec##*-F }; function=\${function%% *}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
"$function" ./berth "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["--norc", "-uc", script, "bash", ...line.split(" ")], { cwd: folder, encoding: "utf8", env: { PATH: process.env["PATH"], ...environment } });
  assert.deepEqual([status, stderr], [0, ""]);
  return stdout.split("\n").filter((word) => word !== "");
}

describe("completion in bash", () => {
  test("is of every command, and of every option that each has", () => {
    assert.deepEqual(offered("./berth "), Object.keys(commands));
    assert.deepEqual(offered("./berth re"), ["restart", "redis", "restore", "releases"].toSorted((a, b) => Object.keys(commands).indexOf(a) - Object.keys(commands).indexOf(b)));
    for (const { name, options } of all) assert.deepEqual(offered(`./berth ${name} --`), options.map((option) => `--${option.name}`), name);
    assert.deepEqual(offered("./berth --v"), ["--version"]);
  });

  test("is of actions, of the values of an option, and of stacks and applications by their files; no command is run", () => {
    const cases: [line: string, words: string[]][] = [
      ["./berth secret ", ["list", "set", "unset", "import"]],
      ["./berth secret import s", []],
      ["./berth images p", ["prune"]],
      ["./berth up --engine ", ["pulumi", "embedded"]],
      ["./berth up -s ", ["dev", "prod"]],
      ["./berth up --stack p", ["prod"]],
      ["./berth up ", ["shop", "my-cart"]],
      ["./berth up shop m", ["my-cart"]],
      ["./berth up -s prod ", ["bank"]],
      ["./berth up --engine embedded sh", ["shop"]],
      ["./berth promote d", ["dev"]],
      ["./berth forward ", ["dev", "prod"]],
      ["./berth completion ", ["bash", "zsh", "fish"]],
      ["./berth up --plan ", []],
      ["./berth nothing ", []],
    ];
    for (const [line, words] of cases) assert.deepEqual(offered(line), words, line);
    assert.deepEqual(offered("./berth up ", { BERTH_STACK: "prod" }), ["bank"]);
    assert.deepEqual(offered("./berth rollback "), ["dev", "prod", "shop", "my-cart"]);
  });
});

describe("completion in zsh and fish", () => {
  test("names every command with what it does, and every option", () => {
    const [forZsh, forFish] = [zsh(all), fish(all)];
    for (const { name, options, summary } of all) {
      const short = summary.split(/['\\:]/)[0] ?? "";
      assert.ok(forZsh.includes(`'${name}:${short}`), `${name} in zsh`);
      assert.ok(forFish.includes(`-n __fish_use_subcommand -a ${name} -d '${short}`), `${name} in fish`);
      for (const option of options) {
        assert.ok(forZsh.includes(`'--${option.name}:`), `${name} --${option.name} in zsh`);
        assert.ok(new RegExp(`^complete -c berth -n '__fish_seen_subcommand_from ${name}'.* -l ${option.name} `, "m").test(forFish), `${name} --${option.name} in fish`);
      }
    }
  });

  test("is a script that zsh reads", { skip: missing("zsh") }, () => void execFileSync("zsh", ["-n", join(folder, "zsh")]));

  test("is a script by which fish completes", { skip: missing("fish") }, () => {
    const words = (line: string) => execFileSync("fish", ["--no-config", "-c", `source ./fish; complete -C '${line}'`], { cwd: folder, encoding: "utf8" }).split("\n").filter(Boolean).map((found) => found.split("\t")[0]);
    assert.deepEqual([words("./berth rest"), words("./berth up --engine "), words("./berth up -s "), words("./berth up ")], [["restart", "restore"], ["embedded", "pulumi"], ["dev", "prod"], ["my-cart", "shop"]]);
  });
});

test("./berth completion takes a shell that it knows", () => {
  const run = (...words: string[]) => spawnSync(process.execPath, [join(import.meta.dirname, "../../../../dev/main.ts"), "completion", ...words], { encoding: "utf8" });
  assert.equal(run("bash").stdout, `${bash(all)}\n`);
  const other = run("bsh");
  assert.equal(other.status, 2);
  assert.match(other.stderr, /for which shell\? berth completion takes bash, zsh, fish; "bsh" is none of them: did you mean bash\?/);
});

function missing(shell: string): string | false {
  return spawnSync(shell, ["--version"]).status === 0 ? false : `${shell} is not on PATH`;
}
