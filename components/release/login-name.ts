import { userInfo } from "node:os";

/** The login of whoever runs this process. A container may run under a number that no account has: `uid 10001`. */
export function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
