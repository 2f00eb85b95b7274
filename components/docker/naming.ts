/** Names a component's parts by what they are to it, for example `prometheus`. */
export type Naming = (part: string) => string;

/**
 * The names that a component's parts have: `<component>-<part>`, so that two components of a kind never share one.
 *
 * @example
 * below("monitoring")("prometheus"); // monitoring-prometheus
 */
export function below(component: string): Naming {
  return (part) => `${component}-${part}`;
}

/**
 * The part's name alone, for the one component of a kind that a stack has had from the start: its containers, volumes and
 * networks are named so on every Docker host, and another name would replace them.
 */
export const plainly: Naming = (part) => part;
