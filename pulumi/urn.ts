const STACK_TYPE = "pulumi:pulumi:Stack";

/** The URN of a resource, as Pulumi makes it: a parent's whole type is part of it, except for the root stack. */
export function makeUrn(stack: string, project: string, parent: string, type: string, name: string): string {
  const parentType = parent === "" ? "" : qualifiedType(parent);
  const prefix = parentType === "" || parentType === STACK_TYPE ? "" : `${parentType}$`;
  return `urn:pulumi:${stack}::${project}::${prefix}${type}::${name}`;
}

/** `a$b$c` of `urn:pulumi:stack::project::a$b$c::name`. */
export function qualifiedType(urn: string): string {
  return urn.split("::")[2] ?? "";
}

export function typeOf(urn: string): string {
  return qualifiedType(urn).split("$").at(-1) ?? "";
}

/** A name may itself hold `::`. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** Splits a provider reference `<urn>::<id>`. */
export function splitReference(reference: string): { urn: string; id: string } {
  const at = reference.lastIndexOf("::");
  return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
}
