import * as pulumi from "@pulumi/pulumi";

/**
 * What the stack exported at the end of the last update; nothing before the first. Until this program's outputs are known,
 * that is what the engine has of it. A StackReference to itself reads the state's file, which a local backend is writing
 * at that time, and keeps a copy of all outputs in it.
 */
export function lastOutputs(): pulumi.Output<Record<string, unknown>> {
  const stack = pulumi.runtime.getStackResource();
  return pulumi.output(stack?.urn).apply(read);
}

async function read(urn: string | undefined): Promise<Record<string, unknown>> {
  if (urn === undefined) return {};
  const found = (await pulumi.runtime.invoke("pulumi:pulumi:getResource", { urn })) as { state?: Record<string, unknown> } | undefined;
  return found?.state ?? {};
}

/**
 * An output that has a value for each application: `now`, but those of the others as the last update exported them.
 *
 * @param others Applications that this update leaves alone; undefined where it applies all.
 * @example
 * export const urls = withOthers("urls", config.others, { root: "https://root.example.com" });
 */
export function withOthers<Value extends pulumi.Input<string>>(output: string, others: readonly string[] | undefined, now: Record<string, Value>): Record<string, Value> | pulumi.Output<Record<string, string>> {
  if (others === undefined) return now;
  const last = lastOutputs().apply((outputs) => (outputs[output] ?? {}) as Record<string, string>);
  const own = pulumi.all(Object.fromEntries(Object.entries<pulumi.Input<string>>(now).filter(([name]) => !others.includes(name))));
  return pulumi.all([last, own]).apply(([before, made]) => ({ ...Object.fromEntries(others.flatMap((app) => (before[app] === undefined ? [] : [[app, before[app]]]))), ...made }));
}
