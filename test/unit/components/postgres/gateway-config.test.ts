import assert from "node:assert/strict";
import { test } from "node:test";
import { patience, renderGatewayConfig } from "../../../../components/postgres/gateway-config.ts";

const of = (nobody: string) => renderGatewayConfig({ server: "postgres-server", port: 5432, nobody });

test("a gateway never checks its server, tries it again each second and looks it up each time, so that a connection waits for it", () => {
  const config = of("10.9.0.1");
  const [server = ""] = /^ {2}server .*$/m.exec(config) ?? [];
  assert.equal(server, "  server postgres postgres-server:5432 resolvers docker resolve-prefer ipv4 init-addr libc,10.9.0.1");
  assert.doesNotMatch(config, /\bcheck\b/);
  for (const line of ["timeout connect 1s", `retries ${patience}`, "option redispatch 1"]) assert.match(config, new RegExp(`^  ${line}$`, "m"));
});

test("it forgets the server's address for no answer but another address", () => {
  const config = of("10.9.0.1");
  for (const answer of ["nx", "other", "refused", "timeout"]) assert.match(config, new RegExp(`^  hold ${answer} 24d$`, "m"), answer);
  assert.match(config, /^ {2}hold obsolete 0s$/m);
});

test("it ends no connection that is idle, and allows as many as the largest server does", () => {
  const config = of("10.9.0.1");
  for (const side of ["client", "server"]) assert.match(config, new RegExp(`^defaults\n[^]*  timeout ${side} 24d$`, "m"));
  assert.ok(Number(/maxconn (\d+)/.exec(config)?.[1]) > 1000);
});

test("where the engine names no address that nobody has, it begins without one", () => {
  assert.match(of(""), /init-addr libc,none$/m);
});
