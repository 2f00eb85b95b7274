import type { Network, Part, Stack } from "./stack.ts";

/** A network as a lane from top to bottom; columns are counted from the left over all lanes. */
export interface Lane extends Network {
  column: number;
  columns: number;
}

/** A part in the grid. */
export interface Box extends Part {
  row: number;
  /** First and last column that it covers. */
  from: number;
  to: number;
  /** Lanes that it is on without covering them, reached by a line. */
  reached: Lane[];
}

export interface Layout {
  lanes: Lane[];
  boxes: Box[];
  rows: number;
}

/** Parts that one column can take before a lane gets a second one. */
const tall = 3;

/** Lanes from the outside to the inside, and each part in the first row where its place is free. */
export function layOut({ networks, parts }: Pick<Stack, "networks" | "parts">): Layout {
  const lanes: Lane[] = [];
  for (const network of networks.toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))) {
    const own = parts.filter((part) => part.networks.length === 1 && part.networks[0] === network.name);
    const last = lanes.at(-1);
    lanes.push({ ...network, column: last === undefined ? 0 : last.column + last.columns, columns: own.length > tall ? 2 : 1 });
  }
  const taken = new Set<string>();
  const boxes = parts.toSorted(order(lanes)).map((part) => {
    for (let row = 0; ; row += 1) {
      const box = places(part, lanes).find(({ covers }) => covers.every((column) => !taken.has(`${row} ${column}`)));
      if (box === undefined) continue;
      for (const column of box.covers) taken.add(`${row} ${column}`);
      return { ...part, row, from: box.from, to: box.to, reached: box.reached };
    }
  });
  return { lanes, boxes, rows: 1 + Math.max(-1, ...boxes.map(({ row }) => row)) };
}

/** Of the networks that every stack has, the edge is left and monitoring right of the applications'. */
function rank({ name }: Network): number {
  return name === "edge" ? 0 : name.startsWith("app-") ? 1 : name === "monitoring" ? 2 : 3;
}

/** What is published is in the first row; then, from the outside to the inside, what is on several networks before the others. */
function order(lanes: Lane[]): (a: Part, b: Part) => number {
  const outermost = ({ networks }: Part) => lanes.findIndex(({ name }) => networks.includes(name));
  return (a, b) =>
    b.ports.length - a.ports.length ||
    b.networks.length - a.networks.length ||
    outermost(a) - outermost(b) ||
    b.volumes.length - a.volumes.length ||
    a.name.localeCompare(b.name);
}

/** Where a part may be in its row: over its neighbouring lanes, or in any column of its only one. */
function places(part: Part, lanes: Lane[]): { from: number; to: number; reached: Lane[]; covers: number[] }[] {
  const on = lanes.filter(({ name }) => part.networks.includes(name));
  const runs = on.map((first) => {
    const start = lanes.indexOf(first);
    const length = lanes.slice(start).findIndex((lane) => !on.includes(lane));
    return lanes.slice(start, length === -1 ? undefined : start + length);
  });
  const [run = []] = runs.toSorted((a, b) => b.length - a.length);
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined) throw new Error(`${part.name} is on no network of the stack`);
  const reached = on.filter((lane) => !run.includes(lane));
  const spans =
    first === last
      ? Array.from({ length: first.columns }, (_, index) => [first.column + index, first.column + index] as const)
      : [[first.column + first.columns - 1, last.column] as const];
  return spans.map(([from, to]) => {
    // A line passes over what lies between.
    const ends = reached.map((lane) => (lane.column > to ? lane.column - 1 : lane.column + lane.columns));
    const [left, right] = [Math.min(from, ...ends), Math.max(to, ...ends)];
    return { from, to, reached, covers: Array.from({ length: right - left + 1 }, (_, index) => left + index) };
  });
}
