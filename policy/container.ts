import { types } from "../pulumi/resource-types.ts";
import { allowanceOf } from "./exceptions.ts";
import type { ContainerInputs } from "./container-inputs.ts";
import { replicaOf } from "./service.ts";
import { type Allowance, always, type Objection, type Rule, type Settings, type Subject, unknown } from "./rule.ts";
import { labels } from "../components/docker/labels.ts";

/** A container as the rules see it. */
export interface Container extends ContainerInputs {
  subject: Subject;
  /** The application that it belongs to; undefined for a part of the platform. */
  app: string | undefined;
  /** Runs until it is told to stop; neither a job nor one that is never started. */
  stays: boolean;
  allowance: Allowance;
}

interface ContainerRule extends Omit<Rule, "check" | "level"> {
  /** @default mandatory */
  level?: Rule["level"];
  /** The inputs that it is about: while one of them is unknown, nothing is said. */
  reads: (keyof ContainerInputs)[];
  /** Which containers it is about. @default those that are ever started */
  of?: (container: Container) => boolean;
  objections: (container: Container, settings: Settings) => Objection[];
}

/** A rule over the containers of a stack, and the replicas of its services. One that is never started runs no process: it only carries files to a volume. */
export function containerRule({ reads, of = ({ start }) => start !== false, objections, level = always, ...rule }: ContainerRule): Rule {
  return {
    ...rule,
    level,
    check: (subject, settings) => {
      const inputs = containerInputs(subject);
      if (inputs === undefined || reads.some((input) => hasUnknown(inputs[input]))) return [];
      const container = containerOf(inputs, subject, settings);
      return of(container) ? objections(container, settings) : [];
    },
  };
}

/** Those of a container, or of a service's replicas; undefined for what is neither. */
export function containerInputs({ type, inputs }: Subject): Record<string, unknown> | undefined {
  if (type === types.service) return replicaOf(inputs);
  return type === types.container ? inputs : undefined;
}

function containerOf(inputs: ContainerInputs, subject: Subject, settings: Settings): Container {
  const app = inputs.labels?.find?.(({ label }) => label === labels.app)?.value;
  const job = inputs.attach === true && inputs.mustRun === false;
  return { ...inputs, subject, app, stays: inputs.start !== false && !job, allowance: allowanceOf(subject, app, settings) };
}

/** Names of variables do not become known later, so their values may be unknown; any other value may not. */
function hasUnknown(value: unknown): boolean {
  return value === unknown || (typeof value === "object" && value !== null && Object.values(value).some(hasUnknown));
}
