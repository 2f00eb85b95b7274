/** Types of the resources that commands look at. */
export const types = {
  container: "docker:index/container:Container",
  service: "docker:index/service:Service",
  volume: "docker:index/volume:Volume",
  network: "docker:index/network:Network",
  pulled: "docker:index/remoteImage:RemoteImage",
  built: "docker-build:index:Image",
  suffix: "random:index/randomId:RandomId",
  dockerProvider: "pulumi:providers:docker",
  stack: "pulumi:pulumi:Stack",
} as const;
