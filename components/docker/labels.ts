/** Labels of every container, network and volume of a stack. What runs is found by them: they are a contract. */
export const labels = { stack: "berth.stack", role: "berth.role", app: "berth.app" } as const;
