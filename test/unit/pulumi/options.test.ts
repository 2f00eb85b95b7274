import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { unreadOptions } from "../../../pulumi/options.ts";

const require = createRequire(import.meta.url);
const proto = require("@pulumi/pulumi/proto/resource_pb.js") as typeof import("@pulumi/pulumi/proto/resource_pb.js");
const { Callback } = require("@pulumi/pulumi/proto/callback_pb.js") as typeof import("@pulumi/pulumi/proto/callback_pb.js");
const { Value } = require("google-protobuf/google/protobuf/struct_pb.js") as typeof import("google-protobuf/google/protobuf/struct_pb.js");

/** A registration as the SDK sends one that gives no option. */
function plain<T extends RegisterResourceRequest>(request: T): T {
  request.setType("t:m:T");
  request.setName("a");
  request.setAcceptsecrets(true);
  request.setAcceptresources(true);
  request.setSupportspartialvalues(true);
  request.setSupportsresultreporting(true);
  request.setAliasspecs(true);
  request.setHidediffsList([]);
  request.setHooks(new proto.RegisterResourceRequest.ResourceHooksBinding());
  request.setCustomtimeouts(new proto.RegisterResourceRequest.CustomTimeouts());
  return request;
}

function made(change: (request: RegisterResourceRequest) => void): string[] {
  const request = plain(new proto.RegisterResourceRequest());
  change(request);
  return unreadOptions(request);
}

test("what is read, and what the SDK says of itself, is no option that is missed", () => {
  assert.deepEqual(made(() => undefined), []);
  const read = made((request) => {
    request.setProtect(false);
    request.setRetainondelete(true);
    request.setDeletedwith("urn:x");
    request.setIgnorechangesList(["a"]);
    request.setReplaceonchangesList(["b"]);
    request.setPlugindownloadurl("https://example.org");
    request.getProvidersMap().set("docker", "urn::id");
  });
  assert.deepEqual(read, []);
});

test("each option that is not read has the name that a program gives it by", () => {
  const hooks = new proto.RegisterResourceRequest.ResourceHooksBinding();
  hooks.addBeforeCreate("h");
  const given: [string, (request: RegisterResourceRequest) => void][] = [
    ["import", (request) => request.setImportid("abc")],
    ["hideDiffs", (request) => request.setHidediffsList(["envs"])],
    ["hooks", (request) => request.setHooks(hooks)],
    ["replaceWith", (request) => request.setReplaceWithList(["urn:x"])],
    ["replacementTrigger", (request) => request.setReplacementTrigger(Value.fromJavaScript(false))],
    ["stateMigrations", (request) => request.setStateMigrationsList([new Callback()])],
    ["transforms", (request) => request.setTransformsList([new Callback()])],
    ["envVarMappings", (request) => request.getEnvvarmappingsMap().set("A", "B")],
    ["remote", (request) => request.setRemote(true)],
  ];
  for (const [name, change] of given) assert.deepEqual(made(change), [name]);
});

test("an option that a later SDK adds is named, and only where it is given", () => {
  class Later extends proto.RegisterResourceRequest {
    list: string[] = [];
    flag: boolean | undefined;
    getPrunesList(): string[] {
      return this.list;
    }
    getEager(): boolean {
      return this.flag ?? false;
    }
    hasEager(): boolean {
      return this.flag !== undefined;
    }
  }
  const request = plain(new Later());
  assert.deepEqual(unreadOptions(request), []);
  request.list.push("x");
  request.flag = false;
  assert.deepEqual(unreadOptions(request), ["prunes", "eager"]);
});
