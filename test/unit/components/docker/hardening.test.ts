import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { cpusText, hardened, userIdOf } from "../../../../components/docker/hardening.ts";

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,29}$/);

test("an application's user id is never root's or a system user's, and the same each time", () => {
  fc.assert(
    fc.property(name, (app) => {
      const id = userIdOf(app);
      assert.ok(Number.isInteger(id) && id >= 10_000 && id < 60_000);
      assert.equal(userIdOf(app), id);
    }),
  );
  // A changed id would lock an application out of its own files.
  assert.deepEqual(["root", "pcf", "services", "profiles", "deliver"].map(userIdOf), [15_173, 23_478, 53_189, 56_551, 45_022]);
});

test("user ids of different applications differ, but for few by chance", () => {
  const apps = Array.from({ length: 1000 }, (_, index) => `app-${index}`);
  assert.ok(new Set(apps.map(userIdOf)).size > 970);
});

test("cores are written as the provider reads them back", () => {
  assert.deepEqual([1, 2, 0.5, 0.25, 1.5, 0.01].map(cpusText), ["1.0", "2.0", "0.5", "0.25", "1.5", "0.01"]);
});

test("a container is hardened by default, and each field of a loosening loosens that one thing", () => {
  const plain = hardened({ memory: 64 });
  assert.equal(plain.readOnly, true);
  assert.deepEqual(plain.capabilities, { drops: ["ALL"], adds: [] });
  assert.equal(plain.memorySwap, 64);
  assert.deepEqual(hardened({ memory: 64 }, { writableRoot: true }), { ...plain, readOnly: false });
  assert.deepEqual(hardened({ memory: 64 }, { capabilities: ["CHOWN"] }), { ...plain, capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] } });
  assert.deepEqual(hardened({ memory: 64 }, { tmpfs: {} }), { ...plain, tmpfs: {} });
  const owned = { "/var/run": "rw,noexec,nosuid,nodev,size=16m,mode=1777,uid=1001,gid=1001" };
  assert.deepEqual(hardened({ memory: 64 }, { tmpfs: { "/var/run": 16 }, tmpfsOwner: 1001 }), { ...plain, tmpfs: owned });
});
