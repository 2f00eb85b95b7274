import { appsOf, type Completed, forms, valued } from "./completed.ts";

/** The script for bash, 3.2 or later. Pure. */
export function bash(commands: readonly Completed[]): string {
  return `# Completion of berth for bash.
_berth() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} stack=\${BERTH_STACK:-dev} command= words= options= names= count=0 index word folder
  folder=$(dirname -- "$(readlink -f -- "$(command -v -- "\${COMP_WORDS[0]}" || echo .)")")
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case $word in
      -s | --stack) stack=\${COMP_WORDS[index+1]} index=$((index + 1)) ;;
      ${valued(commands).join(" | ")}) index=$((index + 1)) ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=$word; else count=$((count + 1)); fi ;;
    esac
  done
  COMPREPLY=()
  case $command$previous in
${values(commands)}
  esac
  case $command in
    "") words="${commands.map(({ name }) => name).join(" ")}" options="--help --version" ;;
${commands.map((command) => `    ${command.name}) ${settings(command)} ;;`).join("\n")}
    *) return ;;
  esac
  case $previous in -s | --stack) words= options= names=stacks ;; esac
  if [[ $count -gt 0 ]]; then words=; fi
  case $names in *stacks*) words+=" $(cd -- "$folder" 2>/dev/null && for word in Pulumi.*.yaml; do word=\${word#Pulumi.}; echo "\${word%.yaml}"; done)" ;; esac
  case $names in *apps*) words+=" $(${appsOf} "$folder/Pulumi.$stack.yaml" 2>/dev/null)" ;; esac
  if [[ $current == -* ]]; then words=$options; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _berth berth ./berth`;
}

/** Of a value's option: words of its own, or none, which leaves it to bash. */
function values(commands: readonly Completed[]): string {
  const cases = commands.flatMap(({ name, options }) =>
    options.flatMap((option) => {
      if (option.value === undefined || option.value === "stack") return [];
      const at = forms(option).map((form) => `"${name}${form}"`).join(" | ");
      return [option.value === "any" ? `    ${at}) return ;;` : `    ${at}) COMPREPLY=($(compgen -W "${option.value.join(" ")}" -- "$current")); return ;;`];
    }),
  );
  return cases.join("\n");
}

function settings({ options, actions, names }: Completed): string {
  return [`options="${options.flatMap(forms).join(" ")}"`, ...(actions.length === 0 ? [] : [`words="${actions.join(" ")}"`]), ...(names.length === 0 ? [] : [`names="${names.join(" ")}"`])].join(" ");
}
