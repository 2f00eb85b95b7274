/** HTTPS with certificates from an ACME server. */
export interface Tls {
  /** Port on which requests come from outside: where HTTP is redirected to. */
  port: number;
  /** Address that the ACME server has for its account. */
  email: string;
  /** Directory of the ACME server. */
  server: string;
  /** How the ACME server proves a name: a request by HTTP, or a handshake at the port for HTTPS (TLS-ALPN-01). @default "http" */
  challenge?: "http" | "tls-alpn";
  /** PEM of the authority that the ACME server itself is trusted by. @default those that the image trusts */
  authority?: string;
}

/** Directory of the volume with the account's key and the certificates. */
export const certificatesDirectory = "/var/lib/traefik";
/** Where the PEM of {@link Tls.authority} is in Traefik. */
export const authorityFile = "acme-authority.pem";

const resolver = "acme";

/** What traefik.yml has besides: HTTP is for the ACME server's questions, if it asks there, all else is redirected. */
export function staticTls({ port, email, server, challenge, authority }: Tls) {
  return {
    web: { http: { redirections: { entryPoint: { to: `:${port}`, scheme: "https", permanent: true } } } },
    certificatesResolvers: {
      [resolver]: {
        acme: {
          email,
          caServer: server,
          ...(authority !== undefined && { caCertificates: [`/etc/berth/${authorityFile}`] }),
          storage: `${certificatesDirectory}/acme.json`, // Traefik makes it with mode 0600, and refuses any other.
          keyType: "EC256",
          ...(challenge === "tls-alpn" ? { tlsChallenge: {} } : { httpChallenge: { entryPoint: "web" } }),
        },
      },
    },
  };
}

/** What makes a router of host names answer by HTTPS. Each name has a certificate of its own, so one without DNS keeps none from another. */
export function secureRouter([host, ...more]: readonly string[]) {
  const domains = [host, ...more].map((main) => ({ main }));
  return { entryPoints: ["websecure"], tls: { certResolver: resolver, ...(more.length > 0 && { domains }) } };
}

/** Mozilla's intermediate profile. A name that no certificate has gets none. */
export const tlsOptions = {
  default: {
    minVersion: "VersionTLS12",
    cipherSuites: ["ECDSA", "RSA"].flatMap((key) => ["AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256"].map((cipher) => `TLS_ECDHE_${key}_WITH_${cipher}`)),
    sniStrict: true,
  },
};
