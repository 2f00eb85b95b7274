import { z } from "zod";
import { group, memory, port, retention, text, whole } from "./values.ts";

const syslogFacilities = [
  "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
  "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
] as const;

const address = (allowed: string, pattern: RegExp) => text(pattern, allowed).refine((to) => Number(to.split(":").at(-1)) <= 65_535, allowed);

export const logs = z
  .discriminatedUnion(
    "driver",
    [
      group({
        driver: z.literal("json-file").describe("Files on the Docker host."),
        size: memory(1).default("10MiB").describe("Size at which a container's file is closed and the next one begun."),
        files: whole(1, 20).default(3).describe("Files that are kept for each container."),
      }),
      group({
        driver: z.literal("syslog").describe("A syslog server, in the format of RFC 5424."),
        address: address(
          "a syslog server that the Docker host reaches, with its port: udp://<host>:514, tcp://<host>:514 or tcp+tls://<host>:6514",
          /^(udp|tcp|tcp\+tls):\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?:[1-9]\d{0,4}$/,
        ),
        facility: z
          .enum(syslogFacilities, `one of ${syslogFacilities.join(", ")}`)
          .default("daemon")
          .describe("Facility of the lines."),
      }),
      group({
        driver: z.literal("loki").describe("A Loki of the stack's own, by a collector that the stack runs too."),
        port: port.default(24_224).describe("Port on 127.0.0.1 of the Docker host, where the collector takes the lines."),
        retention: retention("14d").describe("How long lines are kept."),
      }),
      group({
        driver: z.literal("fluentd").describe("A receiver of the fluentd forward protocol."),
        address: address(
          "a receiver that the Docker host reaches, with its port, for example logs.example.com:24224",
          /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?:[1-9]\d{0,4}$/,
        ),
      }),
    ],
    "one of {driver: json-file, size: 10MiB, files: 3}, {driver: loki, retention: 14d}, {driver: syslog, address: …} and {driver: fluentd, address: …}",
  )
  .prefault({ driver: "json-file" })
  .describe("Where what the containers print goes. Default: files on the Docker host.");
