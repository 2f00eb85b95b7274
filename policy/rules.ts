import { imageRules } from "./image-rules.ts";
import { isolationRules } from "./isolation-rules.ts";
import { lifeRules } from "./life-rules.ts";
import type { Rule } from "./rule.ts";
import { secretRules } from "./secret-rules.ts";

/** Every rule, in the order of docs/policy.md. A rule of your own is one more in this list. */
export const rules: readonly Rule[] = [...imageRules, ...isolationRules, ...secretRules, ...lifeRules];
