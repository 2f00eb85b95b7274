import { types } from "../pulumi/resource-types.ts";
import { containerInputs, containerRule } from "./container.ts";
import { always, type Objection, type Rule, type Settings, type Subject, unknown } from "./rule.ts";
import { labels } from "../components/docker/labels.ts";

/** By digest, or an image's own id where no registry has it: neither can be moved to another image. */
const pinned = /^sha256:[0-9a-f]{64}$|@sha256:[0-9a-f]{64}$/;

/** Which images run. */
export const imageRules: Rule[] = [
  containerRule({
    name: "image-digest",
    description: "A container runs an image by its digest, so that what was tested is what runs.",
    level: ({ environment }) => (environment === "prod" ? "mandatory" : "advisory"),
    reads: ["image"],
    of: () => true,
    objections: ({ image = "" }) =>
      pinned.test(image) ? [] : [{ value: image, allowed: "<repository>@sha256:<digest>", fix: "give the container the `ref` of an Image, or an image of PlatformImages: both are by digest" }],
  }),
  {
    name: "image-latest",
    description: "No image is named by the tag latest, or by no tag, alone.",
    level: always,
    check: (subject) => {
      const image = imageOf(subject);
      if (image === undefined || pinned.test(image)) return [];
      const tag = tagOf(image);
      if (tag !== undefined && tag !== "latest") return [];
      return [{ value: image, allowed: "a tag that says a version, or a digest", fix: `name a version: ${repositoryOf(image)}:<version>, or ${repositoryOf(image)}@sha256:<digest>` }];
    },
  },
  {
    name: "image-source",
    description: "An application's image comes from the stack's own registry; a part's from there or from images.lock.json and berth:images.",
    level: always,
    check: (subject, settings) => {
      const image = imageOf(subject);
      if (image === undefined) return [];
      const own = repositoryOf(image).startsWith(`${settings.registry}/`);
      return own || isPlatforms(subject, image, settings) ? [] : [foreign(image, settings)];
    },
  },
  {
    name: "image-locked",
    description: "Each platform image is pinned in images.lock.json. Advisory until the first one is.",
    level: ({ environment, images }) => {
      if (environment !== "prod") return undefined;
      return Object.values(images).some((image) => pinned.test(image)) ? "mandatory" : "advisory";
    },
    check: (subject, settings) => {
      if (subject.type !== types.pulled) return [];
      const image = imageOf(subject);
      const platform = image !== undefined && Object.values(settings.images).includes(image);
      return platform && !pinned.test(image) ? [{ value: image, allowed: "an image with its digest", fix: "./berth images lock, where Docker Hub answers" }] : [];
    },
  },
];

function imageOf(subject: Subject): string | undefined {
  const image = subject.type === types.pulled ? subject.inputs["name"] : containerInputs(subject)?.["image"];
  return typeof image === "string" && image !== unknown ? image : undefined;
}

/** An image's own id names no repository; only PlatformImages gives one, for an image that no registry has. */
function isPlatforms({ inputs }: Subject, image: string, { images }: Settings): boolean {
  const given = inputs["labels"] as { label: string; value: string }[] | undefined;
  const role = given?.find?.(({ label }) => label === labels.app)?.value;
  if (role !== undefined) return false;
  return image.startsWith("sha256:") || Object.values(images).some((reference) => repositoryOf(reference) === repositoryOf(image));
}

function foreign(image: string, { registry, stack }: Settings): Objection {
  return {
    value: image,
    allowed: `${registry}/…, the stack's own registry; for a part of the platform also what images.lock.json and berth:images name`,
    fix: `take its berth:apps.<name>.image, or berth:images entry, out of Pulumi.${stack}.yaml, so that it is built and pushed there, or copy the image there first`,
  };
}

/** `docker.io/library/postgres:17@sha256:…` is `postgres`. */
export function repositoryOf(image: string): string {
  const name = image.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  return name.replace(/^(index\.)?docker\.io\//, "").replace(/^library\//, "");
}

function tagOf(image: string): string | undefined {
  return /:([^:/]+)$/.exec(image.replace(/@.*$/, ""))?.[1];
}
