import { stringify } from "yaml";
import { datasource } from "./grafana-panel.ts";

const file = (name: string) => `$__file{/run/secrets/${name}}`;

/** Names of Grafana's secrets, each a file of that name. */
export const grafanaSecrets = { admin: "admin-password", key: "secret-key", prometheus: "prometheus-password" };

/** Where Grafana's image looks for what is provisioned. */
export const provisioning = "/etc/grafana/provisioning";

/**
 * grafana.ini.
 *
 * It has no way out of the stack, so it looks for no news, updates or plugins. Alerts are Prometheus's affair.
 *
 * @param url Its address in the browser.
 */
export function renderGrafanaIni(url: string): string {
  return ini({
    server: { http_port: 3000, root_url: url },
    security: { admin_user: "admin", admin_password: file(grafanaSecrets.admin), secret_key: file(grafanaSecrets.key), disable_gravatar: true },
    users: { allow_sign_up: false },
    analytics: { reporting_enabled: false, check_for_updates: false, check_for_plugin_updates: false, feedback_links_enabled: false },
    news: { news_feed_enabled: false },
    plugins: { preinstall_disabled: true },
    snapshots: { external_enabled: false },
    unified_alerting: { enabled: false },
    dashboards: { default_home_dashboard_path: `${provisioning}/dashboards/overview.json` },
    log: { mode: "console" },
    "log.console": { format: "json" },
  });
}

/** The data source: Prometheus by its login. @param url Address on the monitoring network. */
export function renderDatasources(url: string, username: string): string {
  return stringify({
    apiVersion: 1,
    datasources: [
      {
        ...datasource,
        name: "Prometheus",
        access: "proxy",
        url,
        isDefault: true,
        editable: false,
        basicAuth: true,
        basicAuthUser: username,
        // Scraped each 15 s: $__rate_interval follows from it.
        jsonData: { timeInterval: "15s", httpMethod: "POST" },
        secureJsonData: { basicAuthPassword: file(grafanaSecrets.prometheus) },
      },
    ],
  });
}

/** The data source of lines: Loki, which has no login. @param url Address on the monitoring network. */
export function renderLokiDatasource(url: string): string {
  return stringify({ apiVersion: 1, datasources: [{ type: "loki", uid: "loki", name: "Loki", access: "proxy", url, editable: false }] });
}

/** What finds the dashboards beside it. */
export function renderDashboardProvider(): string {
  const provider = { name: "berth", folder: "Berth", type: "file", disableDeletion: true, allowUiUpdates: false, options: { path: `${provisioning}/dashboards` } };
  return stringify({ apiVersion: 1, providers: [provider] });
}

function ini(sections: Record<string, Record<string, string | number | boolean>>): string {
  const text = Object.entries(sections).map(([name, values]) => [`[${name}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${value}`)].join("\n"));
  return `${text.join("\n\n")}\n`;
}
