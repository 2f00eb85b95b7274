import { appsOf, type Completed, forms, valued } from "./completed.ts";

/** The script for zsh, with what each command and option is for. Pure. */
export function zsh(commands: readonly Completed[]): string {
  return `#compdef berth
# Completion of berth for zsh.
_berth() {
  local stack=\${BERTH_STACK:-dev} command= index word folder previous=\${words[CURRENT-1]}
  local -i count=0
  local -a described options actions names files
  folder=\${\${\${(Q)words[1]}:c}:A:h}
  for ((index = 2; index < CURRENT; index++)); do
    word=\${words[index]}
    case $word in
      -s|--stack) stack=\${words[index+1]}; ((index++)) ;;
      ${valued(commands).join("|")}) ((index++)) ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=$word; else ((count++)); fi ;;
    esac
  done
  case $command$previous in
${values(commands)}
  esac
  case $previous in (-s|--stack) files=($folder/Pulumi.*.yaml(N:t)); compadd -- \${\${files#Pulumi.}%.yaml}; return ;; esac
  case $command in
    "") described=(${commands.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(" ")}); _describe command described; compadd -- --help --version; return ;;
${commands.map((command) => `    ${command.name}) ${settings(command)} ;;`).join("\n")}
    *) return 1 ;;
  esac
  if [[ $PREFIX == -* ]]; then _describe option options; return; fi
  if ((count == 0 && $#actions > 0)); then compadd -- $actions; fi
  if ((! $#names && ! ($#actions && count == 0))); then _files; fi
  if ((names[(Ie)stacks])); then files=($folder/Pulumi.*.yaml(N:t)); compadd -- \${\${files#Pulumi.}%.yaml}; fi
  if ((names[(Ie)apps])); then compadd -- \${(f)"$(${appsOf} $folder/Pulumi.$stack.yaml 2>/dev/null)"}; fi
}
compdef _berth berth`;
}

function values(commands: readonly Completed[]): string {
  const cases = commands.flatMap(({ name, options }) =>
    options.flatMap((option) => {
      if (option.value === undefined || option.value === "stack") return [];
      const at = forms(option).map((form) => `${name}${form}`).join("|");
      return [option.value === "any" ? `    ${at}) _files; return ;;` : `    ${at}) compadd -- ${option.value.join(" ")}; return ;;`];
    }),
  );
  return cases.join("\n");
}

function settings({ options, actions, names }: Completed): string {
  const described = options.flatMap((option) => forms(option).map((form) => quoted(`${form}:${option.help}`)));
  return [`options=(${described.join(" ")})`, ...(actions.length === 0 ? [] : [`actions=(${actions.join(" ")})`]), ...(names.length === 0 ? [] : [`names=(${names.join(" ")})`])].join("; ");
}

/** In single quotes, for _describe: it takes the first colon for the end of the word. */
function quoted(text: string): string {
  const [word = "", ...rest] = text.split(":");
  return `'${[word, rest.join("\\:")].join(":").replaceAll("'", String.raw`'\''`)}'`;
}
