import { z } from "zod";
import { addresses, duration, group, text, whole, yesOrNo } from "./values.ts";

/**
 * Traefik's middlewares as its file provider takes them, kind by kind, with all of their fields that mean something here.
 * What names another part of the configuration (`chain`, `errors`, `plugin`), or a file in Traefik's container, is left out.
 */

const line = z.string("text");
const lines = z.array(line, "a list of texts, each in a line of its own that begins with -").min(1, "a list of one or more");
const pairs = z.record(line, line, "names with a text each, indented below it");
const status = whole(200, 599);
const count = whole(0, Number.MAX_SAFE_INTEGER);
const path = text(/^\/\S*$/, "a path that begins with /");

const ipStrategy = group({ depth: whole(0, 100), excludedIPs: addresses, ipv6Subnet: whole(1, 128) }).partial();
const sourceCriterion = group({ ipStrategy, requestHeaderName: line, requestHost: yesOrNo }).partial();

const usersAllowed = "lines `name:hash` with a hash of bcrypt, as htpasswd -nB <name> prints it";
const users = z.array(text(/^[^\s:]+:\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/, usersAllowed), usersAllowed).min(1, usersAllowed);

const kinds = {
  addPrefix: group({ prefix: path }),
  basicAuth: group({ users, realm: line.optional(), removeHeader: yesOrNo.optional(), headerField: line.optional() }),
  buffering: group({ maxRequestBodyBytes: count, memRequestBodyBytes: count, maxResponseBodyBytes: count, memResponseBodyBytes: count, retryExpression: line }).partial(),
  circuitBreaker: group({ expression: line, checkPeriod: duration.optional(), fallbackDuration: duration.optional(), recoveryDuration: duration.optional(), responseCode: status.optional() }),
  compress: group({ excludedContentTypes: lines, includedContentTypes: lines, minResponseBodyBytes: count, encodings: z.array(z.enum(["gzip", "br", "zstd"], "gzip, br or zstd")), defaultEncoding: z.enum(["gzip", "br", "zstd"], "gzip, br or zstd") }).partial(),
  forwardAuth: group({
    address: text(/^https?:\/\/\S+$/, "the address of a server that says whether a request may pass, for example https://auth.example.com/verify"),
    trustForwardHeader: yesOrNo.optional(),
    authResponseHeaders: lines.optional(),
    authResponseHeadersRegex: line.optional(),
    authRequestHeaders: lines.optional(),
    addAuthCookiesToResponse: lines.optional(),
    headerField: line.optional(),
    forwardBody: yesOrNo.optional(),
    maxBodySize: count.optional(),
    maxResponseBodySize: count.optional(),
    preserveLocationHeader: yesOrNo.optional(),
    preserveRequestMethod: yesOrNo.optional(),
    authSigninURL: line.optional(),
  }),
  grpcWeb: group({ allowOrigins: lines }),
  headers: group({
    customRequestHeaders: pairs,
    customResponseHeaders: pairs,
    accessControlAllowCredentials: yesOrNo,
    accessControlAllowHeaders: lines,
    accessControlAllowMethods: lines,
    accessControlAllowOriginList: lines,
    accessControlAllowOriginListRegex: lines,
    accessControlExposeHeaders: lines,
    accessControlMaxAge: count,
    addVaryHeader: yesOrNo,
  }).partial(),
  inFlightReq: group({ amount: whole(1, 1_000_000), sourceCriterion: sourceCriterion.optional() }),
  ipAllowList: group({ sourceRange: addresses, ipStrategy: ipStrategy.optional(), rejectStatusCode: status.optional() }),
  rateLimit: group({ average: whole(1, 1_000_000), period: duration.optional(), burst: whole(1, 1_000_000).optional(), sourceCriterion: sourceCriterion.optional() }),
  redirectRegex: group({ regex: line, replacement: line, permanent: yesOrNo.optional() }),
  replacePath: group({ path }),
  replacePathRegex: group({ regex: line, replacement: line }),
  stripPrefix: group({ prefixes: z.array(path, "a list of paths").min(1, "a list of paths") }),
  stripPrefixRegex: group({ regex: lines }),
};

const one = `a middleware of Traefik by its kind, with its fields indented below it; kinds are ${Object.keys(kinds).join(", ")}`;
const several = "a list of middlewares of Traefik, each in lines of its own that begin with -";

export const middlewares = z
  .array(
    z.strictObject(kinds, one).partial().refine((given) => Object.keys(given).length === 1, `exactly one kind for each -: ${Object.keys(kinds).join(", ")}`),
    several,
  )
  .min(1, several)
  .optional()
  .describe("Middlewares of Traefik, in the order in which a request goes through them.");
