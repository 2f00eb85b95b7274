/** What a program needs to find itself, its home, its cache and the way out; and what no secret is. */
const needed = /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TERM|LANG|LC_\w+|TZ|XDG_\w+|(HTTPS?|NO|ALL|FTP)_PROXY|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|PULUMI_HOME|PIP_\w+|GO(PROXY|SUMDB|NOSUMDB|FLAGS|PATH|CACHE|MODCACHE)|NPM_CONFIG_\w+|TRIVY_\w+|DOCKER_(HOST|CONTEXT|CONFIG|CERT_PATH|TLS_VERIFY|API_VERSION))$/i;

/**
 * The environment for an installer or a scanner, which comes from elsewhere: without the operator's passphrase, tokens and
 * keys, as it needs none of them.
 *
 * @example
 * cleanEnvironment({ PATH: "/bin", PULUMI_CONFIG_PASSPHRASE: "x", AWS_SECRET_ACCESS_KEY: "x" }); // { PATH: "/bin" }
 */
export function cleanEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => needed.test(name)));
}
