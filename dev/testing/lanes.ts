import type { Place, Task } from "./places.ts";

/** What each lane takes first. Most of the time a test waits for containers, checks and clocks: a lane more than cores keeps these busy. */
const usual: readonly Place["lane"][] = ["applies", "waits", "waits"];

/**
 * Runs files in lanes side by side, the longest first: what waits beside what applies. A lane that has nothing left
 * helps the others. What measures the whole host runs alone, when all have ended.
 *
 * A file never runs beside itself on the other engine, nor beside one that it must be apart from.
 */
export async function runInLanes(tasks: readonly Task[], run: (task: Task) => Promise<void>, signal: AbortSignal, lanes = usual): Promise<void> {
  const longestFirst = tasks.toSorted((a, b) => b.seconds - a.seconds);
  const left = new Set(longestFirst.filter(({ lane }) => lane !== "alone"));
  const running = new Set<Task>();
  let ended = Promise.withResolvers<void>();
  const next = (lane: Place["lane"]): Task | undefined => {
    const free = [...left].filter((task) => ![...running].some((other) => collide(task, other)));
    return free.find((task) => task.lane === lane) ?? free[0];
  };
  const work = async (lane: Place["lane"]) => {
    while (left.size > 0 && !signal.aborted) {
      const task = next(lane);
      if (task === undefined) {
        await ended.promise;
        continue;
      }
      left.delete(task);
      running.add(task);
      await run(task);
      running.delete(task);
      ended.resolve();
      ended = Promise.withResolvers();
    }
  };
  await Promise.all(lanes.map(work));
  for (const task of longestFirst) if (task.lane === "alone" && !signal.aborted) await run(task);
}

function collide(one: Task, other: Task): boolean {
  return one.file === other.file || (one.apart !== undefined && one.apart === other.apart);
}
