import { configValue, type Release, sameApplied } from "../../components/release/release-record.ts";

const appsKey = "berth:apps";

/** The releases of one application, oldest first: what each had of it alone, without those that changed nothing of it. Pure. */
export function releasesOf(releases: readonly Release[], app: string): Release[] {
  const own: Release[] = [];
  for (const release of releases.filter(({ images }) => images[app] !== undefined).map((release) => partOf(release, app))) {
    const before = own.at(-1);
    if (before === undefined || !sameApplied(before, release)) own.push(release);
  }
  return own;
}

/** The release of an application that ran when a release of the stack was made; undefined where no release has this number. */
export function releaseAt(releases: readonly Release[], own: readonly Release[], number: string): Release | undefined {
  return releases.some((release) => String(release.number) === number) ? own.findLast((release) => release.number <= Number(number)) : undefined;
}

function partOf(release: Release, app: string): Release {
  const { images, revisions, config, secrets } = release;
  const pick = (values: Record<string, string>) => Object.fromEntries(Object.entries(values).filter(([key]) => key.startsWith(`${app}:`)));
  const only = (values: Record<string, string>) => (values[app] === undefined ? {} : { [app]: values[app] });
  const settings = (configValue(config[appsKey] ?? "{}") as Record<string, unknown>)[app];
  return { ...release, images: only(images), revisions: only(revisions), config: { ...pick(config), [appsKey]: JSON.stringify(settings === undefined ? {} : { [app]: settings }) }, secrets: pick(secrets) };
}
