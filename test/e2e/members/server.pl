# Names of members over HTTP, a process for each connection.
use strict; use warnings;
use IO::Socket::INET;
use POSIX qw(WNOHANG);

$| = 1;
my ($job) = @ARGV;
# psql reads these.
@ENV{qw(PGHOST PGUSER PGDATABASE PGPASSWORD)} = (@ENV{qw(POSTGRES_HOST POSTGRES_USER POSTGRES_DB)}, contents("POSTGRES_PASSWORD_FILE"));

if (($job // "") eq "migrate") {
  my ($ok, $said) = sql("CREATE TABLE IF NOT EXISTS members (handle text PRIMARY KEY)");
  $ok or die "migrate: $said\n";
  print "migrated\n";
  exit;
}
die "there is no job \"$job\": migrate is one\n" if defined $job;

my $port = $ENV{PORT} // 8000;
$port =~ /^\d+$/ or die "PORT is \"$port\", but must be a number\n";
my $fault = fault();
my $server = IO::Socket::INET->new(LocalAddr => $fault eq "local" ? "127.0.0.1" : "0.0.0.0", LocalPort => $port, Listen => 128, ReuseAddr => 1) or die "port $port: $@\n";
my $leaving = 0;
$SIG{CHLD} = "IGNORE";
# Whoever is being answered gets the rest; wait() ends with the last of them.
$SIG{TERM} = sub { $leaving = 1; close $server; 1 while wait() > 0; exit };
print "listening\n";
until ($leaving) {
  my $client = $server->accept or next;
  my $child = fork;
  # Where the bound on processes is reached, it answers itself.
  unless ($child) {
    answer($client);
    # What ended meanwhile counts against the bound until it is waited for: this is the container's first process.
    1 while waitpid(-1, WNOHANG) > 0;
  }
  exit if defined $child && $child == 0;
  close $client;
}

sub answer {
  my ($client) = @_;
  local @SIG{qw(TERM PIPE CHLD)} = ("IGNORE", "IGNORE", "DEFAULT");
  my ($method, $path) = split / /, <$client> // "";
  return unless defined $path;
  my %header;
  while (<$client>) { last unless /\S/; $header{lc $1} = $2 if /^([^:]+):\s*(.*?)\s*$/ }
  read $client, my $body, $header{"content-length"} // 0;
  if ($fault eq "crash" && $path eq "/health") { print "crashes\n"; kill "TERM", getppid; return }
  my ($status, $text, @more) = refused($path, \%header);
  ($status, $text) = reply($method, $path, $body, $header{"x-key"} // "") unless defined $status;
  print "$method $path $status\n";
  print $client join("\r\n", "HTTP/1.1 $status -", "Content-Type: application/json", "Content-Length: " . length $text, @more, "Connection: close"), "\r\n\r\n$text";
  close $client;
}

# What frameworks refuse: a host that is not among ALLOWED_HOSTS, and where SECURE_SSL_REDIRECT is set what is not HTTPS.
sub refused {
  my ($path, $header) = @_;
  my $hosts = $fault eq "host" ? "other.example" : $ENV{ALLOWED_HOSTS};
  return (400, '"the host is not allowed"') if defined $hosts && !grep { $_ eq $header->{host} } split /,/, $hosts;
  return if !($ENV{SECURE_SSL_REDIRECT} || $fault eq "https") || ($header->{"x-forwarded-proto"} // "") eq "https";
  return (301, '""', "Location: https://$header->{host}$path");
}

# FAULTS are for one replica each, whichever starts first; those that are left, and one that starts again, have none.
sub fault {
  my $at = 0;
  for my $fault (split /,/, $ENV{FAULTS} // "") {
    my ($ok, $said) = sql("INSERT INTO members VALUES ('fault-$ENV{VERSION}-" . $at++ . "') ON CONFLICT DO NOTHING RETURNING 'mine'");
    return $fault if $ok && $said eq "mine";
  }
  return "";
}

sub reply {
  my ($method, $path, $body, $key) = @_;
  if ($path =~ m{^/health}) {
    return (404, '"there is no health here"') if $fault eq "missing";
    my ($ok) = sql("SELECT 1", 2);
    return $ok ? (200, '{"database":"connected"}') : (503, '{"database":"unreachable"}');
  }
  if ($path =~ m{^/slow\?ms=(\d+)}) { select undef, undef, undef, $1 / 1000; return (200, '"slow"') }
  return (200, '"' . ($ENV{VERSION} // "") . '"') unless $path =~ m{^/members};
  if ($method eq "POST") {
    return (401, '"the key is another"') unless $key eq contents("KEY_FILE");
    return (400, '"a handle has letters, digits and -"') unless $body =~ /^[\w-]{1,40}$/;
    my ($ok, $said) = sql("INSERT INTO members VALUES ('$body')");
    return $ok ? (201, qq("$body")) : (503, qq("not written: $said"));
  }
  my ($ok, $said) = sql("SELECT coalesce(json_agg(handle ORDER BY handle), '[]') FROM members");
  return $ok ? (200, $said) : (503, qq("not read: $said"));
}

# Waits long for a busy Postgres, but where it is asked whether it answers.
sub sql {
  my ($text, $seconds) = @_;
  local $ENV{LD_LIBRARY_PATH} = "/opt/psql";
  local $ENV{PGCONNECT_TIMEOUT} = $seconds // 8;
  my $child = open(my $psql, "-|") // return (0, "no process: $!");
  if ($child == 0) { open STDERR, ">&", \*STDOUT; exec "/opt/psql/psql", "-XAtqc", $text or exit 1 }
  my $said = do { local $/; <$psql> } // "";
  my $ok = close $psql;
  $said =~ s/\s+$//;
  return ($ok, $said);
}

sub contents {
  my ($variable) = @_;
  my $path = $ENV{$variable} // die "$variable is missing\n";
  open my $file, "<", $path or die "$variable is $path, which can't be read: $!\n";
  local $/;
  return <$file> =~ s/\s+$//r;
}
