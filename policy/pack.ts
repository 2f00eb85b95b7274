import { PolicyPack, type ResourceValidationArgs } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { loadDefinitions } from "../config/definitions.ts";
import { asObject, parsed } from "../config/problems.ts";
import { objectionText } from "./report.ts";
import { type Subject, unknown } from "./rule.ts";
import { rules } from "./rules.ts";
import { settingsOf } from "./settings.ts";

/** The policy for plain Pulumi: `pulumi up --policy-pack policy`. `./berth` applies the same rules itself. */
async function serve(): Promise<void> {
  const values = pulumi.runtime.allConfig();
  const definitions = await loadDefinitions({ ...asObject(parsed(values["berth:apps"])) });
  const settings = settingsOf(pulumi.getStack(), values, definitions);
  new PolicyPack("berth", {
    policies: rules.map((rule) => ({
      name: rule.name,
      description: rule.description,
      enforcementLevel: rule.level(settings) ?? "disabled",
      validateResource: (args, report) => {
        for (const objection of rule.check(subjectOf(args), settings)) report(objectionText(objection));
      },
    })),
  });
}

// Pulumi loads a pack by require(), which can't wait.
void serve();

function subjectOf({ type, name, urn, props, opts }: ResourceValidationArgs): Subject {
  return { type, name, urn, inputs: known(props) as Subject["inputs"], protect: opts.protect };
}

/** A copy in which what can't be known yet is marked: to read such a value throws. */
function known(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const read = (key: string) => {
    try {
      return known((value as Record<string, unknown>)[key]);
    } catch {
      return unknown;
    }
  };
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => read(String(index)));
  return Object.fromEntries(Object.keys(value).map((key) => [key, read(key)]));
}
