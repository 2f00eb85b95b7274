import { basename, join } from "node:path/posix";

/** Files that a start may consist of: the words of its command, as the shell would find them. The image says which are there. */
export function startFiles(command: readonly string[], directory: string, path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"): string[][] {
  return command
    .filter((word) => /^[\w./-]+$/.test(word) && !word.startsWith("-"))
    .slice(0, 4)
    .map((word) => (word.includes("/") ? [join(directory, word.startsWith("/") ? `../../../../../../..${word}` : word)] : path.split(":").map((folder) => join(folder, word))));
}

/** Programs that begin as root and go on as another user by themselves. */
const steppingDown = new Set(["nginx", "httpd", "apache2", "apache2-foreground", "apachectl", "php-fpm", "supervisord", "s6-svscan", "runsvdir", "crond", "cron", "haproxy", "unitd"]);
/** They also enter folders of the user whom they become. */
const databases = new Set(["postgres", "mysqld", "mariadbd", "mongod"]);

export interface RootNeeds {
  /** Linux capabilities that root needs, by name. */
  capabilities: string[];
  /** The program that goes on as another user; undefined where none was found. */
  by?: string;
}

/**
 * What a start as root needs, by the programs in it.
 *
 * @param command Entrypoint and command of the image.
 * @param scripts Texts of those of them that are scripts.
 */
export function rootNeeds(command: readonly string[], scripts: readonly string[]): RootNeeds {
  // A program of its own is no text that names others.
  const text = [command.join(" "), ...scripts.filter((script) => script.startsWith("#!"))].join("\n");
  const names = command.map((word) => basename(word));
  const by = /\b(gosu|su-exec|setpriv|runuser|setuidgid|s6-setuidgid|s6-overlay|chpst|su)\b/.exec(text)?.[1] ?? names.find((name) => steppingDown.has(name) || databases.has(name));
  const capabilities = [
    ...(by !== undefined || /\bchown\b/.test(text) ? ["CHOWN"] : []),
    ...(by === undefined ? [] : ["SETUID", "SETGID"]),
    ...(names.some((name) => databases.has(name)) ? ["DAC_OVERRIDE"] : []),
  ];
  return { capabilities, ...(by !== undefined && { by }) };
}
