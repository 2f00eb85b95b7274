import { main } from "../cli/main.ts";
import { commands } from "./commands.ts";

await main(commands);
