import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type Dockerode from "dockerode";
import { replicasIn } from "../../../../cli/replicas/restart.ts";

function container(name: string, app: string | undefined, role: string, more: Record<string, string> = {}): Dockerode.ContainerInfo {
  return { Id: name, Names: [`/${name}`], State: "running", Labels: { "berth.stack": "dev", "berth.role": role, ...(app !== undefined && { "berth.app": app }), ...more } } as unknown as Dockerode.ContainerInfo;
}

const all = [
  container("shop-worker-0-aaaaaaa", "shop", "worker"),
  container("shop-worker-mail-1-1111111", "shop", "worker-mail"),
  container("shop-worker-mail-0-2222222", "shop", "worker-mail"),
  container("shop-worker-import-0-3333333", "shop", "worker-import"),
  container("shop-web-1-bbbbbbb", "shop", "web"),
  container("shop-web-0-ccccccc", "shop", "web"),
  container("shop-schedule-nightly-ddddddd", "shop", "schedule-nightly"),
  container("shop-migrate-eeeeeee", "shop", "job"),
  container("tidy-schedule-weekly-fffffff", "tidy", "schedule-weekly"),
  container("postgres-0123456", undefined, "postgres"),
  container("cart-web.1.x", "cart", "web", { "com.docker.swarm.service.name": "cart-web-9f" }),
];
const names = (wanted: string) => replicasIn("dev", all, wanted).map(({ Names }) => Names[0]?.slice(1));

describe("what restart restarts", () => {
  test("of an application its web servers by their numbers, then its workers; no job, and no schedule, which may be at work", () => {
    assert.deepEqual(names("shop"), ["shop-web-0-ccccccc", "shop-web-1-bbbbbbb", "shop-worker-0-aaaaaaa", "shop-worker-import-0-3333333", "shop-worker-mail-0-2222222", "shop-worker-mail-1-1111111"]);
  });

  test("of a part that is named, that part alone", () => {
    assert.deepEqual([names("shop/worker"), names("shop/worker-mail"), names("shop/schedule-nightly"), names("shop-web-1-bbbbbbb")], [["shop-worker-0-aaaaaaa"], ["shop-worker-mail-0-2222222", "shop-worker-mail-1-1111111"], ["shop-schedule-nightly-ddddddd"], ["shop-web-1-bbbbbbb"]]);
  });

  test("is refused for what is no application, has schedules only, or runs in a swarm, with what to do", () => {
    assert.throws(() => names("shpo"), { code: 2, message: /stack "dev" has no part "shpo": did you mean shop\?/ });
    assert.throws(() => names("postgres"), { code: 2, message: /has no part "postgres"/ });
    assert.throws(() => names("tidy"), { code: 2, message: /tidy has schedules only; restart one by its part: tidy\/schedule-weekly/ });
    assert.throws(() => names("cart"), { code: 2, message: /docker service update --force cart-web-9f/ });
  });
});
