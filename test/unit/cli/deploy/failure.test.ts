import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type Dockerode from "dockerode";
import { withCauses } from "../../../../cli/deploy/failure.ts";
import { EventReader } from "../../../../cli/deploy/pulumi-events.ts";
import type { ResourceEvent } from "../../../../cli/deploy/deployer.ts";
import { messageOf } from "../../../../cli/exit.ts";
import { types } from "../../../../pulumi/resource-types.ts";
import { FakeBuildx } from "./fake-buildx.ts";

const inputs = {
  __defaults: [],
  context: { location: "/berth/apps/shop" },
  dockerfile: { location: "/berth/apps/shop/Dockerfile" },
  target: "serving",
  buildArgs: { EDITION: "small" },
  builder: { name: "default" },
  tags: ["ghcr.io/acme/shop:build"],
  push: true,
};

/** What the CLI tells of an update in which the image failed. */
function failedBuild(): ResourceEvent[] {
  const failed: ResourceEvent[] = [];
  const reader = new EventReader((event) => event.phase === "failed" && failed.push(event));
  const metadata = { op: "create", urn: `urn:pulumi:dev::berth::${types.built}::shop-image`, type: types.built, new: { inputs } };
  reader.read(JSON.stringify({ resourcePreEvent: { metadata } }));
  reader.read(JSON.stringify({ resOpFailedEvent: { metadata } }));
  return failed;
}

const cause = async () => messageOf(await withCauses(new Error("exit status 1"), failedBuild(), {} as Dockerode, "dev"));
const command = "docker buildx build --builder default --build-arg EDITION=small --target serving --file /berth/apps/shop/Dockerfile /berth/apps/shop";

describe("the cause of a build that failed in an update", () => {
  test("is told by the same build once more, without its tags and without a push", async () => {
    using buildx = new FakeBuildx("#5 0.7 no such edition\nERROR: failed to solve: exit code: 1\n", 1);
    assert.equal(await cause(), `exit status 1\nthe image of shop can't be built (${command}). The last lines:\n  | docker buildx build ended with code 1:\n  | #5 0.7 no such edition\n  | ERROR: failed to solve: exit code: 1`);
    assert.deepEqual(buildx.asked, [command.replace("docker buildx build", "buildx build --progress plain")]);
  });

  test("is the push where that build succeeds", async () => {
    using _ = new FakeBuildx("#5 DONE 0.1s\n", 0);
    assert.equal(await cause(), `exit status 1\nthe image of shop can be built (${command}): it could not be pushed, see the registry: ./berth logs registry`);
  });
});

describe("the cause of a job that did not end in its time", () => {
  const name = "shop-migrate-0a1b2c3";
  const failed: ResourceEvent[] = [{ phase: "failed", op: "create", type: types.container, name: "shop-migrate", urn: "urn:x" }];
  /** An engine with one container; what was done to it. */
  const engine = (role: string, Running: boolean) => {
    const done: string[] = [];
    const container = {
      inspect: () => Promise.resolve({ State: { Status: Running ? "running" : "exited", Running, ExitCode: 1 }, Config: { Tty: true } }),
      logs: () => Promise.resolve(Buffer.from("waits for a lock\n")),
      stop: ({ t }: { t: number }) => Promise.resolve(void done.push(`stopped with ${t} s`)),
    };
    const listed = [{ Id: "1", Names: [`/${name}`], Labels: { "berth.role": role }, Created: 1 }];
    return { done, docker: { listContainers: () => Promise.resolve(listed), getContainer: () => container } as unknown as Dockerode };
  };

  test("is its last lines, and it is stopped: the provider leaves it running", async () => {
    const { docker, done } = engine("job", true);
    assert.equal(
      messageOf(await withCauses(new Error("context deadline exceeded"), failed, docker, "dev")),
      `context deadline exceeded\n${name} did not end in the time that it has, and was stopped. Its last lines:\n  | waits for a lock`,
    );
    assert.deepEqual(done, ["stopped with 10 s"]);
  });

  test("is told likewise of one that ended, and of what serves, which nobody stops", async () => {
    for (const [role, running] of [["job", false], ["web", true]] as const) {
      const { docker, done } = engine(role, running);
      assert.match(messageOf(await withCauses(new Error("failed"), failed, docker, "dev")), /Its last lines:\n {2}\| waits for a lock$/);
      assert.deepEqual(done, []);
    }
  });
});
