export default {
  context: import.meta.dirname,
  web: { port: 8000, command: ["/opt/berth/busybox", "httpd", "-f", "-p", "8000", "-h", "/srv"], health: { path: "/" }, stopGrace: 1 },
  volumes: { data: "/data" },
  defaults: { memory: "64MiB" },
};
