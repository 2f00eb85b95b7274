import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { consentTo, leaving } from "../../../../cli/deploy/leaving.ts";
import type { Registration } from "../../../../cli/deploy/recorded-program.ts";
import type { StateResource } from "../../../../cli/deploy/stack-state.ts";
import { codeOf, messageOf } from "../../../../cli/exit.ts";
import { Terminal } from "../../../../cli/terminal.ts";
import { types } from "../../../../pulumi/resource-types.ts";

const list = (given: Record<string, string>) => Object.entries(given).map(([label, value]) => ({ label, value }));
const network = (app?: string): StateResource => ({ urn: `urn::networks-${app ?? "edge"}`, type: types.network, custom: true, id: "n", inputs: { name: `berth-prod-${app ?? "edge"}`, labels: list({ "berth.role": "network", ...(app !== undefined && { "berth.app": app }) }) } });
const volume = (name: string, retainOnDelete = true): StateResource => ({ urn: `urn::${name}`, type: types.volume, custom: true, id: name, inputs: { name }, retainOnDelete });
const asked = ({ urn, type, inputs = {}, retainOnDelete = false }: StateResource): Registration => ({ urn, type, name: urn, inputs: inputs as Registration["inputs"], protect: false, retainOnDelete });

const [shop, blog, edge, data, kept, files] = [network("shop"), network("blog"), network(), volume("shop-data"), volume("postgres-data"), volume("shop-files", false)];
const state = { resources: [shop, blog, edge, data, kept, files] };

describe("what leaves a stack", () => {
  test("is applications and volumes with data, by what the program asks for no more; nothing where it asks for all", () => {
    assert.deepEqual(leaving(state, { networks: [asked(edge), asked(blog)], volumes: [asked(kept)] }), { applications: ["shop"], volumes: ["shop-data"] });
    assert.deepEqual(leaving(state, { networks: [edge, shop, blog, network("new")].map(asked), volumes: [kept, data, volume("new")].map(asked) }), { applications: [], volumes: [] });
    assert.deepEqual(leaving({}, { networks: [asked(shop)], volumes: [asked(data)] }), { applications: [], volumes: [] });
  });

  test("is asked about; where there is nobody to ask, the error names it, the option and the plan", async () => {
    const sink = { write: () => true };
    const context = { terminal: new Terminal(sink, sink, {}), signal: new AbortController().signal };
    await consentTo(context, "prod", { applications: [], volumes: [] });
    await assert.rejects(consentTo(context, "prod", { applications: ["shop"], volumes: ["shop-data"] }), (error) => {
      assert.equal(codeOf(error), 2);
      assert.equal(messageOf(error), "berth up asks before it takes shop, shop-data out of a stack of production, and there is nobody to ask: add --yes, or apply a plan that says so: ./berth preview -s prod --save-plan <file>, then ./berth up -s prod --plan <file>");
      return true;
    });
  });
});
