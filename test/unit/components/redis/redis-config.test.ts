import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { renderRedisAcl, renderRedisConf } from "../../../../components/redis/redis-config.ts";
import { renderRegistryConfig } from "../../../../components/image/registry.ts";

/** `name arguments…` lines, as Redis reads them. */
function directivesOf(conf: string): Record<string, string> {
  const lines = conf.split("\n").filter((line) => line !== "");
  const directives = lines.map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)] as const);
  assert.equal(new Set(directives.map(([name]) => name)).size, directives.length, "each directive once");
  return Object.fromEntries(directives);
}

/** The words of each user of an ACL file. */
function usersOf(acl: string): Record<string, string[]> {
  const lines = acl.split("\n").filter((line) => line !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const [word, user, ...rules] = line.split(" ");
      assert.equal(word, "user");
      return [user, rules] as [string, string[]];
    }),
  );
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("redis.conf", () => {
  test("keeps an append-only file synced each second on the data volume", () => {
    const { appendonly, appendfsync, dir, save } = directivesOf(renderRedisConf(128, "noeviction"));
    assert.deepEqual({ appendonly, appendfsync, dir, save }, { appendonly: "yes", appendfsync: "everysec", dir: "/data", save: '""' });
  });

  test("leaves a quarter of the container's memory, and 16 MiB at least, for the program, buffers and rewrites", () => {
    fc.assert(
      fc.property(fc.integer({ min: 32, max: 65_536 }), fc.constantFrom("noeviction" as const, "allkeys-lfu" as const), (memory, policy) => {
        const directives = directivesOf(renderRedisConf(memory, policy));
        assert.equal(directives["maxmemory"], `${Math.floor(Math.min(memory * 0.75, memory - 16))}mb`);
        assert.equal(directives["maxmemory-policy"], policy);
      }),
    );
  });

  test("takes its users from the secret file", () => {
    assert.equal(directivesOf(renderRedisConf(128, "noeviction"))["aclfile"], "/run/secrets/users.acl");
  });
});

describe("the ACL file", () => {
  test("gives each application its own keys and channels, and nothing that manages the server", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,29}$/).filter((name) => !["default", "exporter", "admin"].includes(name)), fc.stringMatching(/^[a-zA-Z0-9]{32}$/)), (passwords) => {
        const acl = renderRedisAcl(passwords, "exporter-password", "admin-password");
        const users = usersOf(acl);
        assert.deepEqual(Object.keys(users).toSorted(), ["admin", "default", "exporter", ...Object.keys(passwords)].toSorted());
        for (const [app, password] of Object.entries(passwords)) {
          const rules = users[app] ?? [];
          assert.deepEqual(rules.filter((rule) => rule.startsWith("~")), [`~${app}:*`]);
          assert.deepEqual(rules.filter((rule) => rule.startsWith("&")), [`&${app}:*`]);
          const first = rules.indexOf("-@all");
          assert.ok(first >= 0 && !rules.includes("+@all"), "what is not named is refused");
          const last = rules.findLastIndex((rule) => rule.startsWith("+@"));
          for (const rule of ["-@admin", "-@dangerous", "-scan", "-randomkey", "-dbsize", "-function", "-script", "-client|tracking", "-pubsub|channels"]) assert.ok(rules.indexOf(rule) > last, rule);
          assert.deepEqual(rules.slice(last).filter((rule) => rule.startsWith("+")).slice(1), ["+script|load", "+script|exists", "+info", "+time", "+acl|whoami"]);
          assert.ok(rules.includes(`#${sha256(password)}`));
          assert.ok(!acl.includes(password), "no password in plain text");
        }
      }),
    );
  });

  test("gives one that has no prefix the keys and channels of all, but nothing that empties, stops or reads the server", () => {
    const passwords = { shop: "x", legacy: "y" };
    const { shop, legacy = [], ...others } = usersOf(renderRedisAcl(passwords, "a", "b", ["legacy"]));
    const before = usersOf(renderRedisAcl(passwords, "a", "b"));
    assert.deepEqual({ shop, ...others }, { shop: before["shop"], admin: before["admin"], default: before["default"], exporter: before["exporter"] }, "the others stay as they are");
    assert.deepEqual(legacy.filter((rule) => /^[~&]/.test(rule)), ["~*", "&*"]);
    for (const rule of ["-@admin", "-@dangerous", "-function", "-client|tracking"]) assert.ok(legacy.includes(rule) && legacy.lastIndexOf(rule) > legacy.findLastIndex((each) => each.startsWith("+@")), rule);
  });

  test("lets the user without a password do nothing but PING", () => {
    assert.deepEqual(usersOf(renderRedisAcl({}, "x", "y"))["default"], ["on", "nopass", "resetkeys", "resetchannels", "-@all", "+ping"]);
  });

  test("lets the exporter read statistics, and no key", () => {
    const rules = usersOf(renderRedisAcl({}, "x", "y"))["exporter"] ?? [];
    assert.ok(rules.includes("-@all") && rules.includes("+info") && rules.includes("resetkeys"));
    assert.ok(!rules.some((rule) => rule.startsWith("~") || /^\+@(all|write|admin|dangerous)/.test(rule)));
  });
});

test("the applications' own tests try them with the rights that a stack gives", () => {
  const files = ["profiles/tests/services.py", "services/django/tests/services.py", "services/go/tests/servers_test.go", "services/node/tests/servers.ts", "services/python/tests/servers.py"];
  const rules = usersOf(renderRedisAcl({ shop: "x" }, "x", "y"))["shop"] ?? [];
  const rights = rules.slice(rules.indexOf("-@all")).join(" ");
  for (const file of files) {
    const text = readFileSync(join(import.meta.dirname, "../../../../apps", file), "utf8");
    // A text over several lines is one.
    assert.ok(text.replaceAll(/ ?"[,+ ]*\n\s*"/g, " ").includes(rights), file);
  }
});

test("the registry's config.yml keeps images on its volume, wants a login, and shows its health on 127.0.0.1 alone", () => {
  const file = parse(renderRegistryConfig()) as Record<string, Record<string, unknown>>;
  assert.deepEqual(file["storage"], { filesystem: { rootdirectory: "/var/lib/registry" }, delete: { enabled: true } });
  assert.deepEqual(file["http"], { addr: ":5000", debug: { addr: "127.0.0.1:5001" } });
  assert.deepEqual(file["auth"], { htpasswd: { realm: "berth", path: "/etc/berth/htpasswd" } });
});
