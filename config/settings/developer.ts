import { group, hostname } from "./values.ts";

export const developer = group({
  databases: hostname.optional().describe("Publish Adminer, a database browser, under this host name."),
  mail: hostname.optional().describe("Catch all mail that is sent to mail:1025, and show it under this host name."),
})
  .prefault({})
  .describe("Tools for people who write code; where berth:environment is dev only.");
