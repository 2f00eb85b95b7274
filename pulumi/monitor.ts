import type { DeploymentInfo, RegisterResourceOutputsRequest, RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import { readGoal, type Goal } from "./goal.ts";
import { unreadOptions } from "./options.ts";
import { textOf, type Props } from "./values.ts";

type Callback<T> = (error: Error | null, response: T) => void;

/** What the monitor answers to a registration. */
export interface Registered {
  urn: string;
  id: string;
  outputs: Props;
}

/** Who does the work behind the monitor. A registration that does not resolve leaves the program waiting. */
export interface Registrar {
  /** Who can't do what a program asks for, and what helps: `the embedded engine; use the Pulumi CLI for this program`. */
  readonly name: string;
  /** @param unread Options that the program gives and {@link readGoal} does not read. */
  register: (goal: Goal, unread: readonly string[]) => Promise<Registered>;
  registerOutputs: (urn: string, outputs: Props) => void;
  diagnostic: (severity: "debug" | "info" | "warning" | "error", message: string, urn: string) => void;
  /** Outputs that the state has of a resource that was registered. */
  outputsOf?: (urn: string) => Props;
}

const SEVERITIES = ["debug", "info", "warning", "error"] as const;

/** The resource monitor and engine that the SDK talks to, in this process instead of over gRPC. */
export class Monitor {
  readonly #registrar: Registrar;
  readonly #proto: typeof import("@pulumi/pulumi/proto/resource_pb.js");

  /** `require` must find the SDK that the program uses. */
  constructor(registrar: Registrar, require: NodeJS.Require) {
    this.#registrar = registrar;
    this.#proto = require("@pulumi/pulumi/proto/resource_pb") as typeof import("@pulumi/pulumi/proto/resource_pb.js");
  }

  registerResource(request: RegisterResourceRequest, callback: Callback<unknown>): void {
    void this.#answer(request, callback);
  }

  async #answer(request: RegisterResourceRequest, callback: Callback<unknown>): Promise<void> {
    try {
      const { urn, id, outputs } = await this.#registrar.register(readGoal(request), unreadOptions(request));
      callback(null, {
        getUrn: () => urn,
        getId: () => id,
        getObject: () => ({ toJavaScript: () => outputs }),
        getPropertydependenciesMap: () => undefined,
        getResult: () => 0,
        getUnknown: () => false,
      });
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), undefined);
    }
  }

  registerResourceOutputs(request: RegisterResourceOutputsRequest, callback: Callback<unknown>): void {
    this.#registrar.registerOutputs(request.getUrn(), request.getOutputs()?.toJavaScript() ?? {});
    callback(null, {});
  }

  getDeploymentInfo(_request: unknown, callback: Callback<DeploymentInfo>): void {
    const { DeploymentInfo: Info, ResourceMonitorFeature: feature } = this.#proto;
    const info = new Info();
    info.setSupportedfeaturesList([
      feature.RESOURCE_MONITOR_FEATURE_SECRETS,
      feature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
      feature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
      feature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    ]);
    callback(null, info);
  }

  supportsFeature(request: { getId: () => string }, callback: Callback<unknown>): void {
    const supported = ["secrets", "resourceReferences", "aliasSpecs", "deletedWith"].includes(request.getId());
    callback(null, { getHassupport: () => supported });
  }

  /** The only function is the one by which a program looks a resource up, for example the stack itself. */
  invoke(request: { getTok: () => string; getArgs: () => { toJavaScript: () => Props } | undefined }, callback: Callback<unknown>): void {
    if (request.getTok() !== "pulumi:pulumi:getResource") return this.#refuse(`function ${request.getTok()}`, callback);
    const urn = textOf(request.getArgs()?.toJavaScript() ?? {}, "urn");
    const state = this.#registrar.outputsOf?.(urn) ?? {};
    callback(null, { getReturn: () => ({ toJavaScript: () => ({ urn, id: "", state }) }), getFailuresList: () => [], getUnknown: () => false });
  }

  call(request: { getTok: () => string }, callback: Callback<unknown>): void {
    this.#refuse(`method ${request.getTok()}`, callback);
  }

  readResource(request: { getType: () => string; getName: () => string }, callback: Callback<unknown>): void {
    this.#refuse(`reading ${request.getName()} (${request.getType()}) with get()`, callback);
  }

  existsResource(request: { getType: () => string }, callback: Callback<unknown>): void {
    this.#refuse(`looking for a resource of type ${request.getType()}`, callback);
  }

  registerPackage(request: { getName: () => string }, callback: Callback<unknown>): void {
    this.#refuse(`the parameterized package ${request.getName()}`, callback);
  }

  signalAndWaitForShutdown(_request: unknown, callback: Callback<unknown>): void {
    callback(null, {});
  }

  log(request: LogRequest, callback: Callback<unknown>): void {
    this.#registrar.diagnostic(SEVERITIES[request.getSeverity()] ?? "info", request.getMessage(), request.getUrn());
    callback(null, {});
  }

  setRootResource(_request: unknown, callback: Callback<unknown>): void {
    callback(null, {});
  }

  requirePulumiVersion(_request: unknown, callback: Callback<unknown>): void {
    callback(null, {});
  }

  /** The run fails with a message of its own: what the SDK makes of a refusal hides the reason. */
  #refuse(what: string, callback: Callback<unknown>): void {
    const message = `${what} is not supported by ${this.#registrar.name}`;
    this.#registrar.diagnostic("error", message, "");
    callback(new Error(message), undefined);
  }

  close(): void {
    // The SDK closes its clients at the end; there is no connection here.
  }
}
