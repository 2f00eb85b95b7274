/** Types of the resources that the stack has, as Pulumi's state and previews name them. */
export const types = {
  container: "docker:index/container:Container",
  service: "docker:index/service:Service",
  volume: "docker:index/volume:Volume",
  network: "docker:index/network:Network",
  pulled: "docker:index/remoteImage:RemoteImage",
  built: "docker-build:index:Image",
  suffix: "random:index/randomId:RandomId",
  password: "random:index/randomPassword:RandomPassword",
  text: "random:index/randomString:RandomString",
  dockerProvider: "pulumi:providers:docker",
  stack: "pulumi:pulumi:Stack",
} as const;
