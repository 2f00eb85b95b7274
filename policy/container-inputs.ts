/** The inputs of a container that the rules look at. */
export interface ContainerInputs {
  image?: string;
  entrypoints?: string[];
  command?: string[];
  envs?: string[];
  user?: string;
  labels?: { label: string; value: string }[];
  start?: boolean;
  attach?: boolean;
  mustRun?: boolean;
  restart?: string;
  healthcheck?: { tests?: string[] };
  privileged?: boolean;
  readOnly?: boolean;
  capabilities?: { adds?: string[]; drops?: string[] };
  securityOpts?: string[];
  memory?: number;
  memorySwap?: number;
  cpus?: string;
  cpuQuota?: number;
  ulimits?: { name: string; hard: number }[];
  networkMode?: string;
  networksAdvanced?: { name: string }[];
  pidMode?: string;
  ipcMode?: string;
  usernsMode?: string;
  cgroupnsMode?: string;
  ports?: { internal: number; external?: number; ip?: string }[];
  publishAllPorts?: boolean;
  mounts?: { type: string; source?: string; target?: string; bindOptions?: { propagation?: string } }[];
  volumes?: { hostPath?: string; volumeName?: string; containerPath?: string }[];
  devices?: { hostPath: string }[];
  logDriver?: string;
  logOpts?: Record<string, string>;
}
