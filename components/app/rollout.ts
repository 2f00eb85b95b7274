import * as pulumi from "@pulumi/pulumi";
import { Job } from "../docker/job.ts";
import type { Platform } from "../docker/platform.ts";

export interface RolloutArgs {
  platform: Platform;
  /** A network of the service, by name. */
  network: pulumi.Input<string>;
  /** Name of the service. */
  service: pulumi.Input<string>;
  /** The name in DNS that the replicas of the new version alone have. */
  revision: pulumi.Input<string>;
  replicas: number;
  /** Seconds for which all replicas must be there without a break. */
  steady: number;
  /** Seconds in which that must be so. */
  patience: number;
}

/**
 * Waits until every replica of a Swarm service is of the new version, and stays.
 *
 * The provider takes the moment between two replicas for the end of an update, and would not see a rollback after it.
 * Swarm's DNS names healthy replicas only, so this job sees what is served, and needs no Docker socket.
 *
 * @example
 * const rollout = new Rollout("pcf-web-rollout", { platform, network, service: service.name, revision, replicas: 3, steady: 15, patience: 300 });
 * rollout.done; // once all serve
 */
export class Rollout extends pulumi.ComponentResource {
  readonly done: Job["done"];

  constructor(name: string, args: RolloutArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:Rollout", name, {}, opts);
    const job = new Job(
      name,
      {
        platform: args.platform,
        image: args.platform.image("toolbox"),
        entrypoint: ["/bin/bash", "-ec", script, "rollout"],
        command: [args.service, args.revision, `${args.replicas}`, `${args.steady}`, `${args.patience}`],
        user: "65534:65534",
        networks: [{ name: args.network }],
        limit: args.patience + 120,
      },
      // What waits does not matter: a newer toolbox must not wait again.
      { parent: this, ignoreChanges: ["image"] },
    );
    this.done = job.done;
    this.registerOutputs({});
  }
}

const script = `
service=$1 revision=$2 replicas=$3 steady=$4 end=$((SECONDS + $5)) since= most=0
failed() {
  echo "$service: $1; the version before serves on. Why: docker service ps --no-trunc $service"
  echo "Another version is tried by the next up; the same one again only after a refresh."
  exit 1
}
until [ -n "$since" ] && [ $((SECONDS - since)) -ge "$steady" ]; do
  found=$(getent ahostsv4 "$revision" | cut -d' ' -f1 | sort -u | wc -l)
  if [ "$found" -ge "$replicas" ]; then since=\${since:-$SECONDS}; else since=; fi
  if [ "$found" -gt "$most" ]; then most=$found; fi
  if [ "$found" -eq 0 ] && [ "$most" -gt 0 ]; then failed "Swarm rolled the new version back after $most of $replicas replicas"; fi
  if [ "$SECONDS" -ge "$end" ]; then failed "$found of $replicas replicas have the new version"; fi
  sleep 0.5
done
echo "$replicas of $replicas replicas have the new version"
`;
