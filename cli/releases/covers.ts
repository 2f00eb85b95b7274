/** Whether an update of some applications leaves nothing of another one; undefined is all of them. */
export function covers(later: readonly string[] | undefined, earlier: readonly string[] | undefined): boolean {
  return later === undefined || earlier?.every((app) => later.includes(app)) === true;
}
