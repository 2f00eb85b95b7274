import { type Box, type Lane, layOut } from "./layout.ts";
import type { Stack } from "./stack.ts";

// Lengths in pixels.
const column = 194;
const padding = 11;
const gap = 10;
const margin = 20;
const strip = { top: 16, height: 34 };
const lanesTop = strip.top + strip.height + 34;
const header = 50;
/** Three lines, and two volumes one below the other. */
const boxHeight = 104;
const rowHeight = boxHeight + 20;

/** Lengths of a sign, in the size of its letters: what most fonts stay below. */
const wide = { plain: 0.58, name: 0.62 };

interface Colours {
  back: string;
  text: string;
  soft: string;
  box: string;
  edge: string;
  open: string;
  openEdge: string;
  closed: string;
  closedEdge: string;
  line: string;
}

const light: Colours = { back: "#ffffff", text: "#1f2328", soft: "#59636e", box: "#ffffff", edge: "#8c959f", open: "#fff4dc", openEdge: "#c98a1b", closed: "#e6f1ff", closedEdge: "#4a86c8", line: "#b35900" };
const dark: Colours = { back: "#0d1117", text: "#e6edf3", soft: "#9aa4af", box: "#1b222c", edge: "#6e7681", open: "#2d2413", openEdge: "#b98a35", closed: "#13243a", closedEdge: "#4a86c8", line: "#f0a04b" };

/** Plain colours: what draws pictures for a preview or a document often knows no variables of CSS, and would paint all of it black. */
function coloured({ back, text, soft, box, edge, open, openEdge, closed, closedEdge, line }: Colours): string {
  const rules = { text: `fill: ${soft}`, ".name": `fill: ${text}`, ".back": `fill: ${back}`, ".box": `fill: ${box}; stroke: ${edge}`, ".open": `fill: ${open}; stroke: ${openEdge}`, ".closed": `fill: ${closed}; stroke: ${closedEdge}`, ".line": `stroke: ${line}`, ".dot": `fill: ${line}`, ".volume": `fill: ${closed}; stroke: ${soft}` };
  return Object.entries(rules).map(([name, rule]) => `  ${name} { ${rule}; }`).join("\n");
}

/** Colours for both schemes; the background is drawn too, so that the page's own colour does not matter. */
const style = `
  text { font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 12px; }
  .name { font-size: 14px; font-weight: 600; }
  .open { stroke-dasharray: 6 4; }
  .line { fill: none; stroke-width: 2; }
${coloured(light)}
  @media (prefers-color-scheme: dark) {
${coloured(dark)}
  }`;

/** The picture of a stack: networks as lanes, its containers in them, what they keep and what is published. */
export function renderStack(stack: Stack): string {
  const { lanes, boxes, rows } = layOut(stack);
  const left = lefts(lanes);
  const end = lanes.at(-1);
  const width = end === undefined ? 400 : (left[end.column + end.columns - 1] ?? 0) + column + padding + margin;
  const lanesHeight = header + rows * rowHeight;
  const notes = wrap(footer(stack), Math.floor((width - 2 * margin) / 6.4));
  const height = lanesTop + lanesHeight + 26 + notes.length * 18;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">The stack ${escape(stack.name)}: networks, containers and volumes</title>`,
    `<desc id="desc">${escape(describe(stack))}</desc>`,
    `<style>${style}\n</style>`,
    `<rect class="back" width="${width}" height="${height}" rx="10"/>`,
    ...lanes.map((lane) => renderLane(lane, left, lanesHeight)),
    ...outside(boxes, left, width),
    ...boxes.map((box) => renderBox(box, left)),
    ...notes.map((line, index) => text(margin, lanesTop + lanesHeight + 26 + index * 18, line)),
    "</svg>",
    "",
  ].join("\n");
}

/** Left edge of each column. */
function lefts(lanes: Lane[]): number[] {
  let x = margin - gap;
  return lanes.flatMap(({ columns }) => {
    x += gap + padding;
    const inner = Array.from({ length: columns }, (_, index) => x + index * (column + gap));
    x += columns * column + (columns - 1) * gap + padding;
    return inner;
  });
}

function renderLane({ name, internal, column: first, columns }: Lane, left: number[], height: number): string {
  const x = (left[first] ?? 0) - padding;
  const width = columns * column + (columns - 1) * gap + 2 * padding;
  return [
    `<rect class="${internal ? "closed" : "open"}" x="${x}" y="${lanesTop}" width="${width}" height="${height}" rx="8"/>`,
    text(x + padding, lanesTop + 22, name, { kind: "name", fits: width - 2 * padding }),
    text(x + padding, lanesTop + 39, internal ? "internal: no way out" : "has a way out"),
  ].join("\n");
}

function renderBox(box: Box, left: number[]): string {
  const [x, y] = [left[box.from] ?? 0, lanesTop + header + box.row * rowHeight];
  const right = (left[box.to] ?? 0) + column;
  const lines = box.reached.map((lane) => {
    const after = lane.column > box.to;
    const target = after ? (left[lane.column] ?? 0) - padding : (left[lane.column + lane.columns - 1] ?? 0) + column + padding;
    const middle = y + boxHeight / 2;
    return `<path class="line" d="M${after ? right : x} ${middle}H${target}"/><circle class="dot" cx="${target}" cy="${middle}" r="5"/>`;
  });
  const frame = (shift: number) => `<rect class="box" x="${x + shift}" y="${y + shift}" width="${right - x}" height="${boxHeight}" rx="6"/>`;
  const image = box.image.slice(box.image.lastIndexOf("/") + 1);
  const inside = right - x - 20;
  const share = inside / Math.max(1, Math.ceil(box.volumes.length / 2));
  return [
    ...lines,
    ...(box.replicas > 1 ? [frame(5)] : []),
    frame(0),
    text(x + 10, y + 20, box.replicas > 1 ? `${box.name} × ${box.replicas}` : box.name, { kind: "name", fits: inside }),
    text(x + 10, y + 38, image, { fits: inside }),
    text(x + 10, y + 54, `${box.memory} MiB, ${box.cpus} ${box.cpus === 1 ? "core" : "cores"}${box.replicas > 1 ? " each" : ""}`, { fits: inside }),
    ...box.volumes.map((volume, index) => cylinder(x + 10 + Math.floor(index / 2) * share, y + 63 + (index % 2) * 18, volume, share)),
  ].join("\n");
}

function cylinder(x: number, y: number, name: string, width: number): string {
  const shape = `<path class="volume" d="M${x} ${y + 3}v9a6 3 0 0 0 12 0v-9"/><ellipse class="volume" cx="${x + 6}" cy="${y + 3}" rx="6" ry="3"/>`;
  return `${shape}${text(x + 18, y + 12, name, { fits: width - 22 })}`;
}

/** The host's addresses above the lanes, each with an arrow into what it leads to. */
function outside(boxes: Box[], left: number[], width: number): string[] {
  const published = boxes.filter(({ ports }) => ports.length > 0);
  return [
    `<rect class="box" x="${margin}" y="${strip.top}" width="${width - 2 * margin}" height="${strip.height}" rx="6"/>`,
    text(width / 2, strip.top + 22, "Docker host", { kind: "name", anchor: "middle" }),
    ...published.flatMap(({ ports, to, row }) => {
      const x = (left[to] ?? 0) + column - 18;
      const tip = lanesTop + header + row * rowHeight - 2;
      const addresses = ports.map((port) => port.outside).join(", ");
      return [
        text(x + 8, strip.top + 22, addresses, { anchor: "end" }),
        `<path class="line" d="M${x} ${strip.top + strip.height}V${tip - 8}"/><path class="dot" d="M${x - 6} ${tip - 10}h12l-6 10z"/>`,
      ];
    }),
  ];
}

function footer({ jobs, files }: Stack): string {
  const ended = counted(jobs.length, "job that runs to its end", "jobs that run to their end");
  const filling = counted(files, "container that is never started and fills a read-only volume", "containers that are never started and fill read-only volumes");
  return `Not shown: ${ended}, each before what needs it (${jobs.toSorted().join(", ")}), and ${filling} with configuration or secrets.`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The picture in words. */
function describe({ networks, parts }: Stack): string {
  const lanes = networks.toSorted((a, b) => a.name.localeCompare(b.name)).map(({ name, internal }) => `${name} ${internal ? "(internal)" : "(has a way out)"}`);
  const boxes = parts.toSorted((a, b) => a.name.localeCompare(b.name)).map(({ name, replicas, networks: on, volumes, ports }) => {
    const published = ports.map(({ outside, inside }) => `, published on ${outside} from its port ${inside}`).join("");
    const kept = volumes.length === 0 ? "" : `, with the volume ${volumes.join(", ")}`;
    return `${name}${replicas > 1 ? ` (${replicas} replicas)` : ""} on ${on.toSorted().join(", ")}${published}${kept}`;
  });
  return `Networks: ${lanes.join(", ")}. Containers: ${boxes.join("; ")}.`;
}

interface Lettering {
  kind?: "name";
  anchor?: "end" | "middle";
  /** In so many pixels: smaller letters where they are needed. @default as long as it is */
  fits?: number;
}

function text(x: number, y: number, content: string, { kind, anchor, fits = Infinity }: Lettering = {}): string {
  const [size, letter] = kind === "name" ? [14, wide.name] : [12, wide.plain];
  const fitting = Math.min(size, Math.floor((10 * fits) / (content.length * letter)) / 10);
  return `<text${kind === undefined ? "" : ` class="${kind}"`}${anchor === undefined ? "" : ` text-anchor="${anchor}"`}${fitting < size ? ` style="font-size: ${fitting}px"` : ""} x="${x}" y="${y}">${escape(content)}</text>`;
}

function wrap(content: string, width: number): string[] {
  const lines = [""];
  for (const word of content.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
