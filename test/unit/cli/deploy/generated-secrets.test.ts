import assert from "node:assert/strict";
import { test } from "node:test";
import { generatedIn } from "../../../../cli/deploy/generated-secrets.ts";

test("generated passwords and their hashes are found in a state with plain secrets, and nothing else of it", () => {
  const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: JSON.stringify(value) });
  const of = (type: string, outputs: Record<string, unknown>) => ({ urn: `urn:${type}`, type, outputs });
  const resources = [
    of("random:index/randomPassword:RandomPassword", { length: 32, result: secret("password-1"), bcryptHash: secret("$2a$1") }),
    of("random:index/randomPassword:RandomPassword", { result: "plain-2" }),
    of("docker:index/container:Container", { containerLogs: secret("a log"), name: "postgres" }),
  ];
  assert.deepEqual(generatedIn({ resources }), ["password-1", "$2a$1", "plain-2"]);
  assert.deepEqual(generatedIn({}), []);
});
