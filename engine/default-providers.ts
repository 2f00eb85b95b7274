import type { Goal } from "../pulumi/goal.ts";
import type { Resource } from "../pulumi/state.ts";
import { UNKNOWN } from "../pulumi/values.ts";

/** The providers of resources that name none: one for each package and version, made when it is first needed. */
export class DefaultProviders {
  readonly #register: (goal: Goal) => Promise<Resource>;
  readonly #made = new Map<string, Promise<Resource>>();

  constructor(register: (goal: Goal) => Promise<Resource>) {
    this.#register = register;
  }

  /** The reference to the provider that the goal names, or to its package's default one; none of a provider itself. */
  async of(goal: Goal): Promise<string> {
    if (goal.provider !== "" || goal.type.startsWith("pulumi:providers:")) {
      return goal.provider;
    }
    const pack = goal.type.split(":")[0] ?? "";
    const name = `default${goal.version === "" ? "" : `_${goal.version.replace(/^v/, "").replaceAll(/[.+-]/g, "_")}`}`;
    let made = this.#made.get(`${pack}:${name}`);
    if (made === undefined) {
      made = this.#register({ ...goal, type: `pulumi:providers:${pack}`, name, parent: "", inputs: {}, dependencies: [], propertyDependencies: {}, ...NO_OPTIONS });
      this.#made.set(`${pack}:${name}`, made);
    }
    const resource = await made;
    return `${resource.urn}::${resource.id ?? UNKNOWN}`;
  }
}

const NO_OPTIONS = {
  protect: undefined,
  retainOnDelete: undefined,
  deleteBeforeReplace: undefined,
  ignoreChanges: [],
  replaceOnChanges: [],
  additionalSecretOutputs: [],
  aliases: [],
  customTimeouts: {},
  deletedWith: "",
};
