import assert from "node:assert/strict";
import { test } from "node:test";
import { atLeast, lackFrom } from "../../../../cli/setup/engine.ts";
import { aptPackages, fromTrixie, readSystem } from "../../../../cli/setup/packages.ts";
import { CommandError } from "../../../../standins/docker.ts";

const bookworm = readSystem('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n');
const trixie = readSystem('PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nVERSION_CODENAME=trixie\nID=debian\n');
const ubuntu = readSystem('PRETTY_NAME="Ubuntu 24.04.3 LTS"\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n');
const fedora = readSystem('PRETTY_NAME="Fedora Linux 43"\nVERSION_ID=43\nID=fedora\n');

test("systems are told apart", () => {
  assert.deepEqual([bookworm.family, bookworm.version, bookworm.codename], ["debian", 12, "bookworm"]);
  assert.deepEqual([ubuntu.family, ubuntu.version], ["ubuntu", 24.04]);
  assert.deepEqual([fedora.family, fedora.name], [undefined, "Fedora Linux 43"]);
  assert.equal(readSystem("").name, "this system");
});

test("only Debian 12 takes its engine from the next release", () => {
  assert.deepEqual([bookworm, trixie, ubuntu, fedora].map(fromTrixie), [true, false, false, false]);
});

test("nothing is installed that is not wanted", () => {
  assert.deepEqual(aptPackages(bookworm, { engine: false, client: false, standIns: false }), []);
  assert.deepEqual(aptPackages(bookworm, { engine: false, client: false, standIns: true }), ["mmdebstrap", "debian-archive-keyring"]);
  assert.deepEqual(aptPackages(trixie, { engine: false, client: true, standIns: false }), ["docker-cli", "docker-buildx", "ca-certificates"]);
  assert.ok(aptPackages(ubuntu, { engine: true, client: true, standIns: true }).includes("docker-compose-v2"));
  assert.ok(aptPackages(trixie, { engine: true, client: true, standIns: true }).includes("docker-compose"));
});

test("API versions compare by number", () => {
  assert.deepEqual(["1.44", "1.45", "1.100", "2.0", "1.43", "1.9", ""].map((version) => atLeast(version, "1.44")), [true, true, true, true, false, false, false]);
});

test("why there is no engine", () => {
  const failed = (output: string, reason = "exit code 1") => lackFrom(new CommandError("docker version", reason, { stdout: "", output }));
  assert.equal(failed("", "spawn docker ENOENT").what, "client");
  assert.equal(failed("permission denied while trying to connect to the Docker daemon socket").what, "access");
  const none = failed("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?");
  assert.deepEqual(none, { what: "engine", message: "no Docker Engine answers: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" });
});
