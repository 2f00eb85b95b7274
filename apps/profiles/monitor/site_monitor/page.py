"""What people see."""

import time
from datetime import UTC, datetime
from html import escape
from typing import Any

from site_monitor.history import History
from site_monitor.settings import Settings


def status_data(settings: Settings, history: History) -> list[dict[str, Any]]:
    """The last result and the day's uptime of each site, in the order of the settings."""
    found = []
    for site in settings.sites:
        last, uptime = history.last(site.name), history.uptime(site.name)
        found.append(
            {
                "name": site.name,
                "up": last.up if last else None,
                "reason": last.reason if last else "",
                "checkedAt": _iso(last.at) if last else None,
                "durationMs": round(last.seconds * 1000) if last else None,
                "certificateEnd": _iso(last.certificate_end) if last and last.certificate_end else None,
                "uptime24h": round(uptime.share, 5) if uptime.share is not None else None,
                "checks24h": uptime.checks,
            }
        )
    return found


def status_page(settings: Settings, history: History) -> str:
    sites = status_data(settings, history)
    rows = "\n".join(_row(site) for site in sites)
    down = [site["name"] for site in sites if site["up"] is False]
    title = f"{', '.join(down)}: down" if down else "All sites are up" if all(site["up"] for site in sites) else "Not checked yet"
    return PAGE.format(title=escape(title), rows=rows, interval=settings.interval_seconds)


def _row(site: dict[str, Any]) -> str:
    state = {True: "up", False: "down", None: "not checked yet"}[site["up"]]
    kind = {True: "up", False: "down", None: "unknown"}[site["up"]]
    uptime = "" if site["uptime24h"] is None else f"{_percent(site['uptime24h'])} of {site['checks24h']} checks"
    took = "" if site["durationMs"] is None else f"{site['durationMs']} ms"
    when = (site["checkedAt"] or "")[:19].replace("T", " ")
    cells = [site["name"], state, site["reason"], when, took, uptime, (site["certificateEnd"] or "")[:10]]
    return f'<tr class="{kind}">' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _percent(share: float) -> str:
    # Never rounded up to 100.
    return "100 %" if share == 1 else f"{int(share * 10000) / 100:.2f} %"


def _iso(at: float) -> str:
    # A certificate may end after the last year that Python knows.
    return datetime.fromtimestamp(min(at, 253402300799), UTC).isoformat(timespec="seconds")


def now() -> str:
    return _iso(time.time())


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{interval}">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ max-width: 60rem; margin: 0 auto; padding: 1rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #8884; }}
tr.up td:nth-child(2) {{ color: #1a7f37; }}
tr.down td:nth-child(2) {{ color: #d1242f; font-weight: bold; }}
</style>
</head>
<body>
<h1>{title}</h1>
<table>
<thead>
<tr><th>Site</th><th>State</th><th>Reason</th><th>Checked (UTC)</th><th>Took</th><th>Last 24 h</th><th>Certificate until</th></tr>
</thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""
