/**
 * Operations at once over ssh. The Docker provider makes an ssh connection for each request that is under way, and sshd drops
 * those that are not logged in yet from the eleventh on (MaxStartups); Pulumi's default is four times the processor cores.
 */
const mostOverSsh = 8;

/** What bounds a command of the Pulumi CLI on a Docker host. */
export function parallelOn(dockerHost: string): string[] {
  return dockerHost.startsWith("ssh://") ? ["--parallel", String(mostOverSsh)] : [];
}
