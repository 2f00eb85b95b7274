/** What to type to mend a stack file. */

/** @param path For example `berth:apps.root.replicas`. */
export function set(stack: string, path: string, value: string): string {
  return `pulumi config set -s ${stack} --path '${path}' ${value}`;
}

export function remove(stack: string, path: string): string {
  return `pulumi config rm -s ${stack} --path '${path}'`;
}

/** The second where there is no Pulumi CLI. */
export function setSecret(stack: string, key: string): string {
  return `pulumi config set -s ${stack} --secret ${key} (or ./berth secret ${key} -s ${stack})`;
}
