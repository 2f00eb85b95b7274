/** A stack as its picture shows it. */
export interface Stack {
  name: string;
  networks: Network[];
  /** Containers that stay, replicas of one counted together. */
  parts: Part[];
  /** Containers that run to their end, by name. */
  jobs: string[];
  /** Containers that only fill a volume with files. */
  files: number;
}

export interface Network {
  name: string;
  /** No way out of it. */
  internal: boolean;
}

export interface Part {
  name: string;
  replicas: number;
  image: string;
  /** MiB of each replica. */
  memory: number;
  /** Processor cores of each replica. */
  cpus: number;
  /** By the name of the network. */
  networks: string[];
  /** Volumes with data, by name. */
  volumes: string[];
  /** Published: `address:port` of the host, and the port in the container. */
  ports: { outside: string; inside: number }[];
}
