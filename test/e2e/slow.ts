import { leftToTheNight as reason } from "../../dev/testing/skips.ts";

/** Why a test that takes long is left out, as dev/testing/skips.ts lists it; false in a run with `--slow`. */
export const leftToTheNight = process.env["BERTH_TEST_SLOW"] !== "1" && reason;
