import lock from "../../config/images.lock.json" with { type: "json" };
import type { Project } from "./project.ts";

const server = `use IO::Socket::INET;
$SIG{TERM} = sub { exit };
sleep($ENV{SLOW} // 0);
my $server = IO::Socket::INET->new(LocalPort => 8000, Listen => 64, ReuseAddr => 1) or die "$@\\n";
while (my $client = $server->accept) {
  while (<$client>) { last unless /\\S/ }
  print $client "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok";
}
`;

const definition = (database: boolean) => `export default {
  context: import.meta.dirname,
  web: { port: 8000, command: ["perl", "/app/server.pl"], health: { path: "/", command: ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8000"] } },
  database: ${database},
};
`;

/** The smallest application with two replicas: nothing is compiled. `slow` is how many seconds it takes to start. */
export async function withTick(project: Project, slow = 0, database = false): Promise<void> {
  project.write("apps/tick/Dockerfile", `FROM ${lock.toolbox}\nCOPY server.pl /app/\n`);
  project.write("apps/tick/server.pl", server);
  project.write("apps/tick/app.ts", definition(database));
  await project.configure((config) => {
    config["berth:apps"] = { tick: { replicas: 2, memory: "64MiB", env: { SLOW: String(slow) } } };
    delete config["members:KEY"];
  });
}
