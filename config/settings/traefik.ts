import { z } from "zod";
import { addresses, duration, group, pemFile, port, text } from "./values.ts";

export const publish = group({
  address: z.ipv4("an IPv4 address of the Docker host, for example 127.0.0.1 or 0.0.0.0").default("127.0.0.1").describe("Address of the host that Traefik listens on."),
  http: port.default(8080).describe("Port for HTTP."),
  https: port.optional().describe("Port for HTTPS; HTTP is redirected to it. Default: no HTTPS."),
  trustedProxies: addresses.optional().describe("Load balancers and CDNs in front of Traefik, whose X-Forwarded-… headers count. Default: nobody's do."),
  readTimeout: duration.default("10m").describe("Time in which a request with its body must be there: 10m takes 600 MB at 1 MB/s."),
  writeTimeout: duration.optional().describe("Time in which an answer must be sent. Default: without end, as for streams."),
  idleTimeout: duration.optional().describe("Time that a connection without a request stays open; longer than that of a load balancer in front. Default: 3m."),
})
  .prefault({})
  .describe("Where Traefik is reached from outside; nothing else is published.");

export const tls = group({
  email: text(/^[^\s@]+@[^\s@]+$/, "an e-mail address, for example ops@example.com").describe("Address of the account at the ACME server."),
  server: text(/^https:\/\/[^\s/]+\/\S*$/, "the directory of an ACME server, for example https://acme.example.com/directory")
    .default("https://acme-v02.api.letsencrypt.org/directory")
    .describe("Directory of the ACME server that signs the certificates."),
  challenge: z
    .enum(["http", "tls-alpn"], 'either "http" or "tls-alpn"')
    .default("http")
    .describe("How the ACME server proves a name: by a request to port 80, or by a handshake at port 443 (TLS-ALPN-01)."),
  caCertificate: pemFile.optional().describe("PEM file of the authority behind a private ACME server."),
})
  .optional()
  .describe("Certificates for berth:publish.https.");
