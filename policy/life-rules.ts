import { types } from "../pulumi/resource-types.ts";
import { isBounded } from "../components/docker/logging.ts";
import { containerRule } from "./container.ts";
import { always, one, type Rule } from "./rule.ts";
import { labels as names } from "../components/docker/labels.ts";

const harden = "spread hardened() of components/docker/hardening.ts into the container";
/** How a container lives on its host, and what stays of it. */
export const lifeRules: Rule[] = [
  containerRule({
    name: "limits",
    description: "Memory and processor cores have upper bounds.",
    reads: ["memory", "cpus", "cpuQuota"],
    objections: ({ memory = 0, cpus = "", cpuQuota = 0 }) => [
      ...one(memory <= 0, "no memory limit", "memory in MiB", harden),
      ...one(!(Number(cpus) > 0) && cpuQuota <= 0, "no limit of processor cores", 'cpus, for example "0.5"', harden),
    ],
  }),
  containerRule({
    name: "swap",
    description: "Swap adds no memory to the limit.",
    reads: ["memory", "memorySwap"],
    objections: ({ memory = 0, memorySwap }) => one(memory > 0 && memorySwap !== memory, `memorySwap ${memorySwap ?? "unset"} with memory ${memory}`, "memorySwap as memory: no swap", harden),
  }),
  containerRule({
    name: "processes",
    description: "The number of processes has an upper bound.",
    reads: ["ulimits"],
    objections: ({ ulimits = [] }) => one(!ulimits.some(({ name, hard }) => name === "nproc" && hard > 0), "no limit of processes", "ulimits with nproc", harden),
  }),
  containerRule({
    name: "health",
    description: "What stays running has a health check.",
    reads: ["healthcheck"],
    of: ({ stays }) => stays,
    objections: ({ healthcheck }) => {
      const tests = healthcheck?.tests ?? [];
      return one(tests.length === 0 || tests[0] === "NONE", tests.join(" ") || "none", '["CMD", program, …]', "spread healthGated() of components/docker/health.ts into the container; in an app.ts: web.health, worker.health or that of one of workers");
    },
  }),
  containerRule({
    name: "restart",
    description: "What stays running is started again after a failure.",
    reads: ["restart"],
    of: ({ stays }) => stays,
    objections: ({ restart = "no" }) =>
      one(!["unless-stopped", "always", "on-failure"].includes(restart), restart, "unless-stopped, always or on-failure", "spread healthGated() of components/docker/health.ts into the container"),
  }),
  containerRule({
    name: "log-rotation",
    description: "What a container prints can't fill the host's disk, and a log store that is away can't hold it up.",
    reads: ["logDriver", "logOpts"],
    objections: ({ logDriver, logOpts = {} }) =>
      one(!isBounded({ logDriver, logOpts }), `${logDriver ?? "the engine's own driver"}: ${Object.entries(logOpts).map((pair) => pair.join("=")).join(", ") || "no options"}`, "json-file or local with max-size and max-file, or a remote driver with mode: non-blocking", "spread logged() of components/docker/logging.ts into the container"),
  }),
  {
    name: "data-volumes",
    description: "A volume with data has a fixed name, and is kept when nothing names it any more.",
    level: always,
    check: ({ type, inputs, retainOnDelete }) => {
      const labels = inputs["labels"] as { label: string; value: string }[] | undefined;
      const data = type === types.volume && labels?.some?.(({ label, value }) => label === names.role && value === "data") === true;
      if (!data) return [];
      const lacking = [...(inputs["name"] === undefined ? ["a name"] : []), ...(retainOnDelete === false ? ["retainOnDelete"] : [])];
      return one(lacking.length > 0, `without ${lacking.join(", ")}`, "a name and retainOnDelete: true", "make it by new Volume(…, { data: true }) of components/docker/volume.ts");
    },
  },
];
