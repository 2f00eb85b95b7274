import * as pulumi from "@pulumi/pulumi";

/** The SDK declares isConfigSecret internal; Config.getSecret alone can't tell a secret from plain text. */
export function isSecretKey(key: string): boolean {
  return (pulumi.runtime as typeof pulumi.runtime & { isConfigSecret: (key: string) => boolean }).isConfigSecret(key);
}
