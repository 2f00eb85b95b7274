import { service, version } from "./identity.ts";
import { migrate } from "./migrate.ts";
import { serve } from "./serve.ts";
import { readDatabaseUrl, readSettings, SettingsError } from "./settings.ts";

const usage = `usage: ${service} serve | migrate | --version

  serve      answer HTTP on PORT until SIGTERM (the default)
  migrate    bring the database's schema up to this image's, and end
  --version  print name and version

exit codes: 0 done, 1 failed, 64 wrong command line, 78 wrong settings`;

async function run(words: string[]): Promise<void> {
  const [command = "serve"] = words;
  if (words.length <= 1 && command === "serve") await serve(readSettings(process.env));
  else if (words.length === 1 && command === "migrate") {
    const applied = await migrate(readDatabaseUrl(process.env));
    console.log(JSON.stringify({ timestamp: new Date().toISOString(), level: "INFO", message: "migrated", applied }));
  } else if (words.length === 1 && command === "--version") console.log(`${service} ${version}`);
  else {
    console.error(usage);
    process.exitCode = 64;
  }
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const wrong = error instanceof SettingsError;
  console.error(wrong ? error.message : `${service}: ${(error as Error).message}`);
  process.exit(wrong ? 78 : 1);
}
