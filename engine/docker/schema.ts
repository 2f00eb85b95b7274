import type { Schema } from "../schema.ts";

const LABELS: Schema = { label: { required: true }, value: { required: true } };

const HEALTHCHECK: Schema = {
  tests: {},
  interval: { default: "0s" },
  timeout: { default: "0s" },
  startPeriod: { default: "0s" },
  startInterval: { default: "0s" },
  retries: { default: 0 },
};

/** docker.Container, as pulumi-docker 5.2 has it, less what no program here uses. `memory` and `shmSize` are in MiB. */
export const containerSchema: Schema = {
  name: {},
  image: { required: true },
  attach: { default: false, inPlace: true },
  capabilities: { fields: { adds: { set: true }, drops: { set: true } } },
  cgroupParent: {},
  command: { computed: true },
  containerReadRefreshTimeoutMilliseconds: { default: 15000, inPlace: true },
  cpuSet: { inPlace: true },
  cpuShares: { inPlace: true },
  cpus: {},
  destroyGraceSeconds: { inPlace: true },
  dns: { set: true },
  domainname: {},
  entrypoints: { computed: true },
  envs: { computed: true, set: true },
  groupAdds: { set: true },
  healthcheck: { computed: true, inPlace: true, fields: HEALTHCHECK },
  hostname: { computed: true },
  hosts: { set: true, fields: { host: { required: true }, ip: { required: true } } },
  init: { computed: true, inPlace: true },
  ipcMode: { computed: true },
  labels: { computed: true, set: true, fields: LABELS },
  logDriver: { computed: true },
  logOpts: {},
  logs: { default: false, inPlace: true },
  maxRetryCount: { inPlace: true },
  memory: { inPlace: true },
  memoryReservation: { default: 0, inPlace: true },
  memorySwap: { inPlace: true },
  mounts: { set: true, fields: { target: { required: true }, type: { required: true }, source: {}, readOnly: {}, volumeOptions: { fields: { noCopy: {} } } } },
  mustRun: { default: true, inPlace: true },
  networkMode: { default: "bridge" },
  networksAdvanced: { set: true, fields: { name: { required: true }, aliases: { set: true }, ipv4Address: {} } },
  pidMode: {},
  ports: { fields: { internal: { required: true }, external: {}, ip: { default: "0.0.0.0" }, protocol: { default: "tcp" } } },
  privileged: {},
  readOnly: { default: false },
  removeVolumes: { default: true, inPlace: true },
  restart: { default: "no", inPlace: true },
  rm: { default: false, inPlace: true },
  securityOpts: { computed: true, set: true },
  shmSize: { computed: true },
  start: { default: true, inPlace: true },
  stdinOpen: { default: false },
  stopSignal: { computed: true },
  stopTimeout: { computed: true },
  sysctls: {},
  tmpfs: { inPlace: true },
  tty: { default: false },
  ulimits: { set: true, fields: { name: { required: true }, soft: { required: true }, hard: { required: true } } },
  uploads: {
    set: true,
    fields: { file: { required: true }, content: {}, contentBase64: {}, source: {}, sourceHash: {}, executable: { default: false }, permissions: {} },
  },
  user: { computed: true },
  usernsMode: {},
  wait: { default: false, inPlace: true },
  waitTimeout: { default: 60, inPlace: true },
  workingDir: { computed: true },
};

/** docker.Network. */
export const networkSchema: Schema = {
  name: {},
  attachable: {},
  driver: { computed: true },
  internal: { computed: true },
  ipamConfigs: { computed: true, set: true, fields: { subnet: {}, gateway: {}, ipRange: {} } },
  ipamDriver: { default: "default" },
  ipv6: {},
  labels: { set: true, fields: LABELS },
  options: { computed: true },
};

/** docker.Volume. */
export const volumeSchema: Schema = {
  name: {},
  driver: { computed: true },
  driverOpts: {},
  labels: { set: true, fields: LABELS },
};

/** docker.RemoteImage. */
export const imageSchema: Schema = {
  name: { required: true },
  keepLocally: { inPlace: true },
  forceRemove: { inPlace: true },
  platform: { default: "" },
  pullTriggers: { set: true },
  triggers: {},
};
