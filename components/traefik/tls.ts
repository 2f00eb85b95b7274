/** HTTPS with certificates from an ACME server. */
export interface Tls {
  /** Port on which requests come from outside: where HTTP is redirected to. */
  port: number;
  /** Address that the ACME server has for its account. */
  email: string;
  /** Directory of the ACME server. */
  server: string;
  /** PEM of the authority that the ACME server itself is trusted by. @default those that the image trusts */
  authority?: string;
}

/** Directory of the volume with the account's key and the certificates. */
export const certificatesDirectory = "/var/lib/traefik";
/** Where the PEM of {@link Tls.authority} is in Traefik. */
export const authorityFile = "acme-authority.pem";

const resolver = "acme";

/** What traefik.yml has besides: HTTP is for the ACME server's questions, all else is redirected. */
export function staticTls({ port, email, server, authority }: Tls) {
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
          httpChallenge: { entryPoint: "web" },
        },
      },
    },
  };
}

/** Router of an application where the stack has HTTPS. */
export const secureRouter = { entryPoints: ["websecure"], middlewares: ["security"], tls: { certResolver: resolver } };

/** Headers that tell browsers to stay with HTTPS, and to trust no guess about content, frames and referrers. */
export const securityHeaders = {
  stsSeconds: 63_072_000,
  stsIncludeSubdomains: true,
  contentTypeNosniff: true,
  frameDeny: true,
  referrerPolicy: "strict-origin-when-cross-origin",
  permissionsPolicy: "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
};

/** Mozilla's intermediate profile. A name that no certificate has gets none. */
export const tlsOptions = {
  default: {
    minVersion: "VersionTLS12",
    cipherSuites: ["ECDSA", "RSA"].flatMap((key) => ["AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256"].map((cipher) => `TLS_ECDHE_${key}_WITH_${cipher}`)),
    sniStrict: true,
  },
};
