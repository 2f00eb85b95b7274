import { group, hostname, memory, pemFile, retention, text, yesOrNo } from "./values.ts";

const mailAddress = text(/^[^\s@<>]+@[^\s@<>]+$/, "a mail address, for example ops@example.com");

const alerts = group({
  webhook: yesOrNo.optional().describe("Send them as JSON to the address in the secret berth:alertWebhook."),
  mail: group({
    to: mailAddress,
    from: mailAddress,
    host: text(/^[a-z0-9.-]+:\d{1,5}$/, "a mail server that speaks TLS, with its port, for example smtp.example.com:587"),
    username: text(/^\S+$/, "a login without spaces").optional().describe("The password is the secret berth:mailPassword."),
    caCertificate: pemFile.optional().describe("PEM file of the authority behind a mail server's private certificate."),
  }).optional(),
}).refine(({ webhook, mail }) => webhook === true || mail !== undefined, "a way to send them: webhook: true, or mail: {to, from, host}");

export const monitoring = group({
  retention: retention("15d"),
  size: memory(512).default("4GiB").describe("What samples may take of the disk; beyond it the oldest go."),
  host: hostname.optional().describe("Publish Prometheus, which asks for a login, under this host name."),
  alerts: alerts.optional().describe("Where alerts are sent. Default: they are only shown."),
  grafana: group({ host: hostname }).optional().describe("Grafana with dashboards, published under this host name. Default: none."),
}).prefault({});

export const monitoringSecretFields = {
  alertWebhook: "Address that alerts are sent to, with whatever token it has.",
  mailPassword: "Password of berth:monitoring.alerts.mail's login.",
} as const;
