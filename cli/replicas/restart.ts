import type Dockerode from "dockerode";
import { engineFor } from "../deploy/choose-engine.ts";
import { isUp, requireState } from "../deploy/ownership.ts";
import { type Command, type Context, engineOption, jsonOption, stackOf, stackOption } from "../command.ts";
import { dockerOf } from "../docker.ts";
import { waitHealthy } from "../../docker/health.ts";
import { isLasting, labels, roleRank, stackContainers } from "../../docker/labels.ts";
import { OpsError, usageError } from "../exit.ts";
import { heed } from "../interruption.ts";
import { Progress } from "../progress.ts";
import { matches, noMatch, replicaOf } from "../sessions/parts.ts";
import { aside } from "./aside.ts";

type Info = Dockerode.ContainerInfo;

/** By which Docker Swarm says whose a container is. */
const swarmService = "com.docker.swarm.service.name";

export const command: Command = {
  summary: "restart an application's replicas, one after the other",
  description: [
    "Restarts each container of an application's web server and workers, or of one part such as root/worker, and waits until",
    "it is healthy before the next. Of a web server Traefik sends no request to the one that restarts, and those that it has",
    "begun end within its stopGrace: with two replicas or more none fails. With a single replica the address answers 502 or",
    "503 from its stop until it is healthy again; to be spared that, ./berth scale <app>=2 first. The containers stay the",
    "same ones: nothing is built, no job runs, no release is made, and changed settings and secrets are for ./berth up.",
    "No update of the stack can begin meanwhile. One that does not get healthy ends it: those after it are left as they are.",
  ].join("\n"),
  options: { stack: stackOption, engine: engineOption, json: jsonOption },
  positionals: ["app|part"],
  examples: ["./berth restart root", "./berth restart root/worker -s prod"],
  exits: [0, 1, 2, 3, 130],
  async run(context, parsed) {
    const { terminal } = context;
    const stack = stackOf(context, parsed);
    const wanted = parsed.positionals[0];
    if (wanted === undefined) throw usageError(`which application? ./berth restart <app>; stack "${stack}" has ${Object.keys(context.project.applications(stack)).join(", ") || "none"}`);
    const docker = await dockerOf(context, stack);
    const { deployer } = await engineFor(context, stack, parsed.values["engine"]);
    const state = await deployer.state();
    if (!isUp(state)) await requireState(docker, stack, state, deployer.description);
    const report = new Progress(terminal);
    const restarted = await deployer.locked(async () => {
      const all = await stackContainers(docker, stack);
      return restartEach(context, docker, stack, replicasIn(stack, all, wanted), all, report);
    });
    if (parsed.flags["json"]) terminal.json({ stack, restarted });
    else terminal.result(`${restarted.length} ${restarted.length === 1 ? "container" : "containers"} of ${wanted} restarted`);
    return 0;
  },
};

/** The containers that a name means, web servers first, by their numbers. Pure. @throws OpsError (2) */
export function replicasIn(stack: string, all: readonly Info[], wanted: string): Info[] {
  const ofApps = all.filter(({ Labels }) => Labels[labels.app] !== undefined && !["job", "run", "files"].includes(Labels[labels.role] ?? ""));
  const named = ofApps.filter((container) => matches(container, wanted));
  if (named.length === 0) throw usageError(noMatch(stack, wanted, ofApps));
  // A schedule may be at work: only where it is named itself.
  const whole = named.filter(({ Labels }) => Labels[labels.app] !== wanted || isLasting({ Labels }));
  if (whole.length === 0) throw usageError(`${wanted} has schedules only; restart one by its part: ${named.map(({ Labels }) => `${wanted}/${Labels[labels.role]}`).join(", ")}`);
  const service = whole.find(({ Labels }) => Labels[swarmService] !== undefined)?.Labels[swarmService];
  if (service !== undefined) throw usageError(`${wanted} of stack "${stack}" runs in a swarm, which restarts its replicas itself: docker service update --force ${service}`);
  const role = ({ Labels }: Info) => Labels[labels.role] ?? "";
  const rank = (container: Info) => roleRank(role(container)) ?? -1;
  return whole.toSorted((a, b) => rank(a) - rank(b) || role(a).localeCompare(role(b)) || replicaOf(a) - replicaOf(b));
}

async function restartEach({ signal }: Context, docker: Dockerode, stack: string, replicas: readonly Info[], all: readonly Info[], report: Progress): Promise<string[]> {
  const traefik = all.find(({ Labels, State }) => Labels[labels.role] === "traefik" && State === "running");
  const done: string[] = [];
  for (const replica of replicas) {
    heed(signal, done.length === 0 ? "nothing was restarted" : `restarted were ${done.join(", ")}, and no other`);
    const container = replica.Names[0]?.slice(1) ?? replica.Id.slice(0, 12);
    const step = report.step(container);
    try {
      const restarted = () => restart(docker, replica, (text) => step.progress?.(text));
      const isServer = replica.Labels[labels.role] === "web";
      if (isServer) step.progress?.("taking it out of its route");
      const isAside = isServer && traefik !== undefined && (await aside({ docker, stack, traefik, route: replica.Labels[labels.app] ?? "", container }, restarted)) === true;
      if (!isAside) await restarted();
      step.done(isServer && !isAside ? "restarted, and healthy; no other served meanwhile" : "restarted, and healthy");
      done.push(container);
    } catch (error) {
      step.fail("not healthy");
      throw error;
    }
  }
  return done;
}

/** @throws OpsError where it does not get healthy in the time that it has for a start. */
async function restart(docker: Dockerode, { Id, Names, Labels }: Info, progress: (text: string) => void): Promise<void> {
  const container = docker.getContainer(Id);
  const { Config } = await container.inspect();
  progress("stopping, and starting again");
  await container.restart();
  // In nanoseconds; the time that a deploy gives it.
  const { StartPeriod = 60e9 } = Config.Healthcheck ?? {};
  progress("waiting until it is healthy");
  const problem = Config.Healthcheck === undefined ? undefined : await waitHealthy(docker, Id, StartPeriod / 1e9);
  if (problem === undefined) return;
  const app = Labels[labels.app] ?? "";
  throw new OpsError(`${Names[0]?.slice(1) ?? Id} is not well after its restart; no other was restarted: ${problem}\nWhat it says: ./berth logs ${app}. A version that ran before: ./berth rollback`);
}
