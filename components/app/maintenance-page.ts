import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Files } from "../docker/files.ts";
import { containerOptions, hardened } from "../docker/hardening.ts";
import { healthGated } from "../docker/health.ts";
import { logged } from "../docker/logging.ts";
import { labelsOf, type Platform } from "../docker/platform.ts";

export interface MaintenancePageArgs {
  platform: Platform;
  /** The application. */
  app: string;
  /** Network of Traefik, by name. */
  edgeNetwork: pulumi.Input<string>;
  /** What the page says. */
  message: string;
  /** Seconds after which to come again. */
  retryAfter: number;
}

const port = 8080;
const directory = "/etc/berth";
const user = 65_531;

/**
 * What answers in the place of an application that is in maintenance: one page, with the toolbox's Perl, as Traefik has no
 * page of its own. It is there for as long as the maintenance.
 *
 * @example
 * const { address } = new MaintenancePage("shop-maintenance", { platform, app: "shop", edgeNetwork: networks.edge, message: "Back at 14:00.", retryAfter: 300 });
 */
export class MaintenancePage extends pulumi.ComponentResource {
  /** Where Traefik asks for the page, known once it is served. */
  readonly address: pulumi.Output<string>;

  constructor(name: string, args: MaintenancePageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:index:MaintenancePage", name, {}, opts);
    const { platform, app, retryAfter } = args;
    const files = new Files(`${name}-files`, { platform, files: { "page.html": renderPage(args.message) } }, { parent: this });
    const container = new docker.Container(
      name,
      {
        image: platform.image("toolbox"),
        entrypoints: ["perl", "-e", server],
        command: [`${directory}/page.html`, `${port}`, `${retryAfter}`],
        user: `${user}:${user}`,
        mounts: [files.mount(directory)],
        networksAdvanced: [{ name: args.edgeNetwork }],
        // A part of the platform, as its image is.
        labels: labelsOf(platform, `maintenance-${app}`),
        ...healthGated(["CMD", "perl", "-MIO::Socket::INET", "-e", `exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1:${port}", Timeout => 4)`], { stopGrace: 5 }),
        ...hardened({ memory: 32, cpus: 0.25 }),
        ...logged(platform, `maintenance-${app}`),
      },
      containerOptions(this, true),
    );
    this.address = pulumi.interpolate`http://${container.name}:${port}`;
    this.registerOutputs({ address: this.address });
  }
}

/**
 * Serves one file: `<file> <port> <seconds>`. A process for each request, so that one who dawdles keeps nobody
 * waiting. The status is Traefik's matter: 503 of this service would be an alert on it.
 */
const server = `use IO::Socket::INET;
my ($path, $port, $seconds) = @ARGV;
@SIG{qw(TERM INT)} = (sub { exit }) x 2;
$SIG{CHLD} = "IGNORE";
open(my $file, "<:raw", $path) or die "$path: $!\\n";
my $page = do { local $/; <$file> };
my $server = IO::Socket::INET->new(LocalPort => $port, Listen => 128, ReuseAddr => 1) or die "$@\\n";
while (1) {
  my $client = $server->accept or next;
  my $child = fork;
  next if $child;
  alarm 5;
  while (<$client>) { last unless /\\S/ }
  print $client "HTTP/1.1 200 OK\\r\\nContent-Type: text/html; charset=utf-8\\r\\nRetry-After: $seconds\\r\\nContent-Length: ", length $page, "\\r\\nConnection: close\\r\\n\\r\\n$page";
  close $client;
  defined $child ? exit : alarm 0;
}`;

/** The page: no script, no picture, nothing from elsewhere. */
export function renderPage(message: string): string {
  const text = message.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>Maintenance</title>
<style>body { font: 1.2em/1.5 system-ui, sans-serif; max-width: 32em; margin: 20vh auto; padding: 0 1em; color-scheme: light dark }</style>
<h1>Maintenance</h1>
<p>${text}</p>
</html>
`;
}
