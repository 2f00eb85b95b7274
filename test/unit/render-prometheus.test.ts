import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { parse } from "yaml";
import { renderPrometheusConfig, renderRules } from "../../components/prometheus-config.ts";

interface Rule {
  alert: string;
  expr: string;
  for: string;
  annotations: { summary: string };
}
const { groups } = parse(renderRules()) as { groups: { name: string; rules: Rule[] }[] };

test("prometheus.yml scrapes each target under its name and reads the rules", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,9}$/), fc.stringMatching(/^[a-z0-9.-]{1,9}:[1-9][0-9]{0,3}$/)), (targets) => {
      const file = parse(renderPrometheusConfig(targets)) as { rule_files: string[]; scrape_configs: unknown[] };
      assert.deepEqual(file.rule_files, ["/etc/berth/rules.yml"]);
      assert.deepEqual(
        file.scrape_configs,
        Object.entries(targets).map(([job_name, target]) => ({ job_name, static_configs: [{ targets: [target] }] })),
      );
    }),
  );
});

describe("the alert rules", () => {
  test("watch each part of a stack", () => {
    assert.deepEqual(groups.map(({ name }) => name), ["berth"]);
    assert.deepEqual(
      groups[0]?.rules.map(({ alert }) => alert),
      ["TargetMissing", "PostgresDown", "PostgresConnectionsHigh", "RedisDown", "RedisMemoryHigh", "ServerDown", "DiskAlmostFull"],
    );
  });

  test("each wait some minutes before they fire, and say what is wrong", () => {
    for (const { alert, for: wait, annotations } of groups[0]?.rules ?? []) {
      assert.match(wait, /^[1-5]m$/, alert);
      assert.ok(annotations.summary.length > 10, alert);
    }
  });
});
